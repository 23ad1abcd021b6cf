package dev.vivarium.gui.frame;

import java.io.File;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyCombination;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.TransferMode;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/**
 * The window's content: navigation at the left, one screen, a line of figures below, and what lies
 * over them for a while (the palette, a sheet, messages). On the JavaFX thread alone.
 */
public final class Frame {
  private static final KeyCombination PALETTE = KeyCombination.valueOf("Shortcut+K");
  private static final KeyCombination FIND = KeyCombination.valueOf("Shortcut+F");

  private final StackPane root = new StackPane();
  private final StackPane content = new StackPane();
  private final VBox places = new VBox(2);
  private final ToggleGroup chosen = new ToggleGroup();
  private final HBox status = new HBox(18);
  private final VBox below = new VBox();
  private final Toasts toasts = new Toasts();
  private final List<Action> actions = new ArrayList<>();
  private final List<Supplier<List<Action>>> sources = new ArrayList<>();
  private final List<Runnable> tour = new ArrayList<>();
  private final Deque<Screen> way = new ArrayDeque<>();
  private @Nullable Screen current;
  private @Nullable Node over;
  private Runnable overGone = () -> {};
  private @Nullable Node focusBefore;

  Frame() {
    Label name = Ui.label(Messages.text("app.name"), "brand");
    VBox navigation = new VBox(14, name, places, Ui.spacer(), keysHint());
    navigation.getStyleClass().add("navigation");
    navigation.setAccessibleText(Messages.text("nav.name"));
    status.getStyleClass().add("status");
    status.setAlignment(Pos.CENTER_LEFT);
    content.getStyleClass().add("content");
    BorderPane layout = new BorderPane(content);
    layout.setLeft(navigation);
    layout.setBottom(new VBox(below, status));
    root.getChildren().addAll(layout, toasts.node());
    // Above what shows below: a message must not lie over the answers to a question.
    toasts.node().translateYProperty().bind(below.heightProperty().negate());
    root.getStyleClass().add("frame");
    // The scene has its colour: painting that once more would cost as much as all that is on it.
    root.setBackground(javafx.scene.layout.Background.EMPTY);
    root.addEventFilter(KeyEvent.KEY_PRESSED, this::pressed);
    actions.add(Action.of("palette", "Shortcut+K", this::openPalette));
    actions.add(Action.of("find", "Shortcut+F", this::find));
    actions.add(Action.of("back", "Alt+Left", this::back));
  }

  private static Node keysHint() {
    Label key = Ui.label(PALETTE.getDisplayText(), "key");
    HBox hint = Ui.row(8, key, Ui.label(Messages.text("nav.palette"), "muted", "small"));
    hint.getStyleClass().add("hint");
    return hint;
  }

  /** All of it. */
  public StackPane root() {
    return root;
  }

  /** The line below; whoever has figures to show puts them there. */
  public HBox status() {
    return status;
  }

  /** Adds what shows below the screen, whichever that is, while there is something to show. */
  public void addBelow(Node node) {
    below.getChildren().add(node);
  }

  /**
   * Adds a place to the navigation, with the action that goes there.
   *
   * @param making makes its screen when somebody goes there first: the window is not to wait for
   *     what it does not show yet
   * @return its screen, made now if it was not yet
   */
  public <S extends Screen> Supplier<S> addPlace(Icons icon, Action action, Supplier<S> making) {
    ToggleButton button = new ToggleButton(action.title(), icon.node());
    button.getStyleClass().addAll("place");
    button.setMaxWidth(Double.MAX_VALUE);
    button.setAlignment(Pos.CENTER_LEFT);
    button.setToggleGroup(chosen);
    button.setId("place-" + action.id());
    Ui.tip(button, action.title() + "  " + action.keysText());
    List<S> made = new ArrayList<>(1);
    Supplier<S> screen =
        () -> {
          if (made.isEmpty()) {
            made.add(making.get());
            button.setUserData(made.getFirst());
          }
          return made.getFirst();
        };
    Runnable go = () -> show(screen.get());
    button.setOnAction(e -> go.run());
    places.getChildren().add(button);
    actions.add(new Action(action.id(), action.title(), action.keys(), go));
    tour.add(go);
    return screen;
  }

  /** Ways to all places, for who wants to see each once. */
  public List<Runnable> tour() {
    return List.copyOf(tour);
  }

  /** Adds what can be done from anywhere. */
  public void addAction(Action action) {
    actions.add(action);
  }

  /** Adds what can be done at the moment, for the palette. */
  public void addSource(Supplier<List<Action>> source) {
    sources.add(source);
  }

  /** The screen that is shown. */
  public @Nullable Screen current() {
    return current;
  }

  /** Puts a first screen in its place, before there is a window that shows it. */
  public void begin(Screen first) {
    put(first);
  }

  /** Goes to a screen. */
  public void show(Screen screen) {
    if (current != null && current != screen) {
      way.push(current);
      while (way.size() > 30) {
        way.removeLast();
      }
    }
    change(screen);
  }

  /** Goes where the user was before. */
  public void back() {
    if (!way.isEmpty()) {
      change(way.pop());
    }
  }

  private void change(Screen screen) {
    closeOver();
    if (current == screen) {
      return;
    }
    if (current != null) {
      current.hidden();
    }
    put(screen);
    screen.shown();
  }

  private void put(Screen screen) {
    current = screen;
    content.getChildren().setAll(screen.node());
    places
        .getChildren()
        .forEach(n -> {
          if (n.getUserData() == screen) {
            ((ToggleButton) n).setSelected(true);
          }
        });
  }

  /** Shows something over the screen, which waits; it goes with Escape. */
  public void openSheet(String title, Region body) {
    openSheet(title, body, () -> {});
  }

  /**
   * The same for what must know when it has gone.
   *
   * @param gone told once, however it goes
   */
  public void openSheet(String title, Region body, Runnable gone) {
    HBox head =
        Ui.row(
            8,
            Ui.label(title, "sheet-title"),
            Ui.spacer(),
            Ui.iconButton(Icons.KILL, Messages.text("sheet.close"), this::closeOver));
    VBox panel = new VBox(14, head, body);
    VBox.setVgrow(body, javafx.scene.layout.Priority.ALWAYS);
    // Not "sheet": that is what tables and lists call the rows in them, which would have its
    // shadow.
    panel.getStyleClass().add("dialog-sheet");
    panel.setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
    open(panel, Pos.CENTER);
    overGone = gone;
  }

  /**
   * Takes files that are dropped anywhere where nothing else takes them.
   *
   * @param taker told of them
   */
  public void takeFiles(Consumer<List<File>> taker) {
    root.setOnDragOver(e -> {
      if (e.getDragboard().hasFiles()) {
        e.acceptTransferModes(TransferMode.COPY, TransferMode.LINK);
      }
      e.consume();
    });
    root.setOnDragDropped(e -> {
      List<File> files = List.copyOf(e.getDragboard().getFiles());
      e.setDropCompleted(true);
      e.consume();
      taker.accept(files);
    });
  }

  private void open(Node panel, Pos where) {
    closeOver();
    focusBefore = root.getScene() == null ? null : root.getScene().getFocusOwner();
    StackPane veil = new StackPane(panel);
    StackPane.setAlignment(panel, where);
    veil.getStyleClass().add("veil");
    veil.setOnMousePressed(e -> {
      if (e.getTarget() == veil) {
        closeOver();
      }
    });
    over = veil;
    root.getChildren().add(1, veil);
  }

  /** Takes away what lies over the screen. */
  public void closeOver() {
    if (over != null) {
      root.getChildren().remove(over);
      over = null;
      Runnable gone = overGone;
      overGone = () -> {};
      gone.run();
      if (focusBefore != null && focusBefore.getScene() != null) {
        focusBefore.requestFocus();
      }
    }
  }

  /** Whether something lies over the screen. */
  public boolean isCovered() {
    return over != null;
  }

  /** Says that something went wrong, and what to do. */
  public void tell(Problem problem) {
    toasts.add(problem.what(), problem.remedy(), true);
  }

  /** Says that something was done. */
  public void tell(String text) {
    toasts.add(text, "", false);
  }

  /** Opens the palette. */
  public void openPalette() {
    List<Action> all = new ArrayList<>();
    if (current != null) {
      all.addAll(current.actions());
    }
    all.addAll(actions);
    sources.forEach(s -> all.addAll(s.get()));
    Palette palette = new Palette(all, this::closeOver);
    open(palette.node(), Pos.TOP_CENTER);
    palette.focus();
  }

  private void find() {
    if (current != null) {
      current.find();
    }
  }

  private void pressed(KeyEvent e) {
    if (e.getCode() == KeyCode.ESCAPE && over != null) {
      closeOver();
      e.consume();
      return;
    }
    // A program in a terminal has the keys to itself, but for those that lead out of it.
    boolean typing = e.getTarget() instanceof Node node && takesKeys(node);
    List<Action> now = new ArrayList<>();
    if (current != null && over == null) {
      now.addAll(current.actions());
    }
    now.addAll(actions);
    sources.forEach(s -> s.get().stream().filter(a -> a.keys().isPresent()).forEach(now::add));
    for (Action action : now) {
      boolean matches = action.keys().filter(k -> k.match(e)).isPresent();
      if (matches && (!typing || leadsOut(e))) {
        if (over != null && !PALETTE.match(e) && FIND.match(e)) {
          return;
        }
        e.consume();
        action.run().run();
        return;
      }
    }
  }

  /** The palette, and the places, for whose keys terminals have no codes. */
  private static boolean leadsOut(KeyEvent e) {
    return PALETTE.match(e) || e.isShortcutDown() && e.getCode().isDigitKey();
  }

  private static boolean takesKeys(Node node) {
    return node.getStyleClass().contains("terminal");
  }
}
