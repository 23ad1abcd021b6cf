package dev.vivarium.gui.profiles;

import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Problem;
import dev.vivarium.gui.frame.Screen;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.ProfileException;
import dev.vivarium.profiles.ProfileText;
import dev.vivarium.profiles.Profiles;
import dev.vivarium.profiles.Setting;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javafx.animation.PauseTransition;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.SplitPane;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.TextArea;
import javafx.scene.control.TextField;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.util.Duration;
import org.jspecify.annotations.Nullable;

/**
 * All profiles; one as a form and as its text, side by side, and what it comes to while it is
 * typed.
 */
public final class ProfilesScreen implements Screen {
  private final Workbench bench;
  private final Profiles profiles;
  private final ListView<String> list = new ListView<>();
  private final TextArea text = new TextArea();
  private final ProfileForm form = new ProfileForm(new FormListener());
  private final TableView<Map.Entry<Field, Setting>> settings = new TableView<>();
  private final Map<String, String> drafts = new HashMap<>();
  private final Label verdict = Ui.paragraph("");
  private final Label where = Ui.paragraph("", "muted", "small");
  private final Button save;
  private final Button revert;
  private final VBox node;
  private final PauseTransition rest = new PauseTransition(Duration.millis(200));
  private String saved = "";
  private @Nullable String name;

  /** For the profiles of this user. */
  public ProfilesScreen(Workbench bench) {
    this.bench = bench;
    this.profiles = Profiles.of(bench.environment());
    list.setId("profiles");
    list.setAccessibleText(Messages.text("action.go.profiles"));
    settings.setAccessibleText(Messages.text("profiles.comesTo"));
    list.setCellFactory(v -> new Cell());
    list.getSelectionModel().selectedItemProperty().addListener((o, a, b) -> open(b));
    text.getStyleClass().add("code");
    text.setId("profile-text");
    text.setAccessibleText(Messages.text("profiles.text"));
    text.textProperty().addListener((o, a, b) -> typed(b));
    rest.setOnFinished(e -> check());
    verdict.getStyleClass().add("badge");
    verdict.setId("profile-verdict");
    save = Ui.button(Messages.text("profiles.save"), this::save, "accent");
    save.setId("profile-save");
    save.setDisable(true);
    revert = Ui.button(Messages.text("profiles.revert"), this::revert);
    revert.setDisable(true);
    column("profiles.field", 110, e -> e.getKey().key());
    column("profiles.value", 200, e -> value(e.getValue()));
    column("profiles.origin", 160, e -> e.getValue().origin());
    settings.getStyleClass().add("dense");
    settings.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
    settings.setPlaceholder(Ui.placeholder(Messages.text("profiles.nothing")));
    Label heading = Ui.label(Messages.text("profiles.text"), "section");
    heading.setMinWidth(javafx.scene.layout.Region.USE_PREF_SIZE);
    where.setMinWidth(0);
    VBox editor =
        Ui.column(8, Ui.row(8, heading, Ui.spacer(), revert, save), where, Ui.grow(text), verdict);
    ToggleButton asForm = new ToggleButton(Messages.text("profiles.form"));
    ToggleButton asTable = new ToggleButton(Messages.text("profiles.comesTo"));
    StackPane shown = new StackPane(form.node());
    ToggleGroup both = new ToggleGroup();
    both.getToggles().setAll(asForm, asTable);
    asForm.setSelected(true);
    asForm.getStyleClass().add("left-pill");
    asTable.getStyleClass().add("right-pill");
    both.selectedToggleProperty()
        .addListener((o, before, now) -> {
          if (now == null) {
            before.setSelected(true);
          } else {
            shown.getChildren().setAll(now == asForm ? form.node() : settings);
          }
        });
    VBox left = Ui.column(8, Ui.row(0, asForm, asTable), Ui.grow(shown));
    for (VBox box : List.of(left, editor)) {
      box.setPadding(new javafx.geometry.Insets(0, 0, 0, 12));
    }
    SplitPane split = new SplitPane(list, left, editor);
    split.setDividerPositions(0.18, 0.6);
    node =
        Ui.column(
            12,
            Ui.header(
                Messages.text("action.go.profiles"),
                Ui.button(Messages.text("profiles.new"), this::create, "accent")),
            Ui.grow(split));
    node.getStyleClass().add("screen");
  }

  private void column(String key, double width, Function<Map.Entry<Field, Setting>, String> of) {
    TableColumn<Map.Entry<Field, Setting>, String> column = new TableColumn<>(Messages.text(key));
    column.setPrefWidth(width);
    column.setSortable(false);
    column.setCellValueFactory(
        d -> new ReadOnlyStringWrapper(Format.line(of.apply(d.getValue()), 300)));
    settings.getColumns().add(column);
  }

  private static String value(Setting setting) {
    List<String> texts = new ArrayList<>(setting.values());
    setting.entries().forEach((k, v) -> texts.add(k + "=" + v));
    return String.join(", ", texts);
  }

  private final class Cell extends ListCell<String> {
    @Override
    protected void updateItem(@Nullable String item, boolean empty) {
      super.updateItem(item, empty);
      setText(null);
      setGraphic(
          empty || item == null
              ? null
              : Ui.row(
                  8,
                  Ui.label(item),
                  Ui.spacer(),
                  Ui.label(
                      Messages.text(
                          drafts.containsKey(item)
                              ? "profiles.changed"
                              : Profiles.BUILT_IN.contains(item)
                                  ? "profiles.builtIn"
                                  : "profiles.own"),
                      "muted",
                      "small")));
    }
  }

  private void read(@Nullable String select) {
    bench
        .background()
        .run(
            profiles::names,
            names -> {
              list.getItems().setAll(names);
              String wanted = select == null ? name : select;
              if (wanted != null && names.contains(wanted)) {
                list.getSelectionModel().select(wanted);
              } else {
                list.getSelectionModel().selectFirst();
              }
            },
            bench.frame()::tell);
  }

  private record Opened(String text, boolean own) {}

  /** What a text comes to. */
  private record Checked(Profile profile, ProfileText.Written written, List<String> names) {}

  private void open(@Nullable String wanted) {
    if (wanted == null) {
      return;
    }
    name = wanted;
    bench
        .background()
        .run(
            () -> new Opened(profiles.text(wanted), profiles.isOwn(wanted)),
            found -> {
              saved = found.text;
              form.forget();
              // What was begun here and not saved is still there.
              text.setText(drafts.getOrDefault(wanted, found.text));
              text.positionCaret(0);
              where.setText(
                  found.own
                      ? profiles.file(wanted).toString()
                      : Messages.text("profiles.builtIn.hint"));
              check();
            },
            bench.frame()::tell);
  }

  /** What the text comes to, while it is typed. */
  private void check() {
    String now = text.getText();
    String of = name;
    if (of == null) {
      return;
    }
    bench
        .background()
        .run(
            () -> {
              // The text of a built-in one stands for itself; one's own may add to it.
              return new Checked(
                  now.equals(saved) ? profiles.load(of) : profiles.check(of, now),
                  ProfileText.read(of, now),
                  profiles.names());
            },
            found -> {
              if (now.equals(text.getText()) && of.equals(name)) {
                valid(found, now);
              }
            },
            problem -> {
              if (now.equals(text.getText())) {
                verdict.setText(
                    problem.what() + (problem.remedy().isEmpty() ? "" : ". " + problem.remedy()));
                verdict.getStyleClass().setAll("label", "badge", "bad");
                save.setDisable(true);
                form.pause();
              }
            });
  }

  private void valid(Checked found, String now) {
    verdict.setText(Messages.text("profiles.valid"));
    verdict.getStyleClass().setAll("label", "badge", "good");
    settings.getItems().setAll(found.profile.settings().entrySet());
    form.show(
        found.written,
        found.profile,
        found.names.stream()
            .filter(n -> !n.equals(name) || Profiles.BUILT_IN.contains(n))
            .toList());
    save.setDisable(now.equals(saved) || form.isWrong());
  }

  private final class FormListener implements FieldEditor.Listener {
    @Override
    public void changed(FieldEditor.Change change) {
      formChanged(change);
    }

    @Override
    public void wrong() {
      save.setDisable(true);
    }
  }

  /** Takes what was done in the form into the text, where all else stays as it is. */
  private void formChanged(FieldEditor.Change change) {
    String before = text.getText();
    String after;
    try {
      after = change.in(before);
      if (after.equals(before)) {
        // The form may have shown something else, which was wrong.
        check();
        return;
      }
    } catch (ProfileException e) {
      verdict.setText(Problem.of(e).what());
      verdict.getStyleClass().setAll("label", "badge", "bad");
      return;
    }
    int from = 0;
    int most = Math.min(before.length(), after.length());
    while (from < most && before.charAt(from) == after.charAt(from)) {
      from++;
    }
    int rest = 0;
    while (rest < most - from
        && before.charAt(before.length() - 1 - rest) == after.charAt(after.length() - 1 - rest)) {
      rest++;
    }
    text.replaceText(from, before.length() - rest, after.substring(from, after.length() - rest));
    text.selectRange(from, after.length() - rest);
  }

  private void typed(String now) {
    String of = name;
    if (of != null) {
      boolean was = drafts.containsKey(of);
      if (now.equals(saved)) {
        drafts.remove(of);
      } else {
        drafts.put(of, now);
      }
      revert.setDisable(now.equals(saved));
      if (was != drafts.containsKey(of)) {
        list.refresh();
      }
    }
    rest.playFromStart();
  }

  private void revert() {
    form.forget();
    text.setText(saved);
    check();
  }

  private void save() {
    String of = name;
    String now = text.getText();
    if (of == null) {
      return;
    }
    bench
        .background()
        .run(
            () -> {
              profiles.check(of, now);
              write(profiles.file(of), now);
              return of;
            },
            done -> {
              saved = now;
              drafts.remove(of);
              bench.frame().tell(Messages.text("profiles.saved", of));
              read(of);
              open(of);
            },
            bench.frame()::tell);
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.writeString(part, text);
    try {
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private void create() {
    TextField field = new TextField();
    field.setPromptText(Messages.text("profiles.new.prompt"));
    field.setId("profile-name");
    field.setAccessibleText(Messages.text("profiles.new.prompt"));
    Label wrong = Ui.paragraph("", "muted");
    Button go =
        Ui.button(
            Messages.text("profiles.new.go"),
            () -> {
              String wanted = field.getText().strip();
              if (!Profiles.isName(wanted)) {
                wrong.setText(Messages.text("profiles.new.wrong"));
              } else if (list.getItems().contains(wanted)) {
                wrong.setText(Messages.text("profiles.new.taken", wanted));
              } else {
                begin(wanted);
              }
            },
            "accent");
    go.setDefaultButton(true);
    VBox box = Ui.column(12, field, wrong, Ui.row(8, Ui.spacer(), go));
    box.setPrefWidth(420);
    bench.frame().openSheet(Messages.text("profiles.new"), box);
    field.requestFocus();
  }

  private void begin(String wanted) {
    bench.frame().closeOver();
    bench
        .background()
        .run(
            () -> {
              write(profiles.file(wanted), "description: \"\"\nextends: untrusted\n");
              return wanted;
            },
            this::read,
            bench.frame()::tell);
  }

  @Override
  public Node node() {
    return node;
  }

  @Override
  public void shown() {
    read(null);
  }

  @Override
  public void find() {
    list.requestFocus();
  }

  @Override
  public List<Action> actions() {
    return List.of(
        Action.of("profiles.save", "Shortcut+S", this::saveIfRight),
        Action.of("profiles.revert", "", this::revert),
        Action.of("profiles.new", "Shortcut+Shift+N", this::create),
        Action.of("profiles.form", "", form::focus),
        Action.of("profiles.text", "", text::requestFocus));
  }

  private void saveIfRight() {
    if (!save.isDisabled()) {
      save();
    }
  }
}
