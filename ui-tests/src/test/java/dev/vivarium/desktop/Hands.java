package dev.vivarium.desktop;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.Scene;
import javafx.scene.control.ComboBoxBase;
import javafx.scene.control.IndexedCell;
import javafx.scene.control.Label;
import javafx.scene.control.Labeled;
import javafx.scene.control.Spinner;
import javafx.scene.control.TabPane;
import javafx.scene.control.TableView;
import javafx.scene.control.TextInputControl;
import javafx.scene.image.WritableImage;
import javafx.scene.input.KeyCode;
import javafx.scene.robot.Robot;
import javafx.scene.text.Text;
import javafx.stage.Stage;
import org.testfx.api.FxRobot;

/** A user's hands and eyes: presses and looks, waits until something is so, and takes pictures. */
final class Hands {
  private static final long PATIENCE_MILLIS = Long.getLong("vivarium.desktop.patience", 60_000L);

  private final FxRobot robot = new FxRobot();
  private final Stage stage;
  private final Path pictures;
  private int failures;

  Hands(Stage stage, Path pictures) {
    this.stage = stage;
    this.pictures = pictures;
  }

  /** What is done in one step. */
  interface Step {
    void run() throws Exception;
  }

  /** One step of a journey: says how it went, and goes on. */
  void step(String name, Step step) {
    try {
      step.run();
      System.out.println("ok desktop: " + name);
    } catch (Exception | AssertionError e) {
      failures++;
      System.out.println("FAIL desktop: " + name);
      System.out.println("    " + e);
      try {
        // What it left open is not to be in the way of the next.
        try {
          picture("failed-" + failures);
        } finally {
          keys(KeyCode.ESCAPE);
        }
      } catch (Exception | AssertionError again) {
        System.out.println("    no picture: " + again);
      }
    }
  }

  void until(String what, BooleanSupplier condition) throws Exception {
    long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
    while (System.nanoTime() < end) {
      boolean[] is = {false};
      robot.interact(() -> is[0] = condition.getAsBoolean());
      if (is[0]) {
        return;
      }
      Thread.sleep(50);
    }
    throw new TimeoutException("not within its time: " + what);
  }

  Scene scene() {
    return stage.getScene();
  }

  <T extends Node> Optional<T> find(String selector, Class<T> type) {
    Node node = scene().getRoot().lookup(selector);
    return type.isInstance(node) ? Optional.of(type.cast(node)) : Optional.empty();
  }

  void click(String selector) throws Exception {
    until(
        selector + " is there", () -> find(selector, Node.class).filter(this::isShown).isPresent());
    robot.clickOn(find(selector, Node.class).orElseThrow());
  }

  boolean isShown(Node node) {
    return node.isVisible() && node.getScene() != null && node.getBoundsInLocal().getWidth() > 0;
  }

  void tab(String id) throws Exception {
    robot.interact(() ->
        find("#sandbox-tabs", TabPane.class)
            .ifPresent(tabs ->
                tabs.getTabs().stream()
                    .filter(t -> t.getId().equals("tab-" + id))
                    .findFirst()
                    .ifPresent(t -> tabs.getSelectionModel().select(t))));
    until("tab " + id, () -> find("#sandbox-tabs", TabPane.class).isPresent());
  }

  boolean says(String selector, String text) {
    return find(selector, TextInputControl.class)
        .filter(t -> t.getText().contains(text))
        .isPresent();
  }

  boolean isAnywhere(String text) {
    return scene().getRoot().lookupAll(".label").stream()
        .anyMatch(n -> n instanceof Labeled l && l.getText() != null && l.getText().contains(text));
  }

  int rows(String selector) {
    return find(selector, TableView.class).map(t -> t.getItems().size()).orElse(-1);
  }

  /** Keeps what is to be seen, of which no text may be cut, and nothing be without a name. */
  void picture(String name) throws Exception {
    Thread.sleep(300);
    WritableImage[] image = new WritableImage[1];
    List<String> cut = new ArrayList<>();
    List<String> nameless = new ArrayList<>();
    robot.interact(() -> {
      image[0] = scene().snapshot(null);
      findNameless(scene().getRoot(), nameless);
      for (Node node : scene().getRoot().lookupAll(".label, .button, .check-box, .badge")) {
        if (node instanceof Labeled l && isToBeSeen(l) && !mayBeCut(l)) {
          Node text = l.lookup(".text");
          if (text instanceof Text t && l.getText() != null && !isWhole(t, l.getText())) {
            cut.add(l.getText());
          }
        }
      }
    });
    Png.write(image[0], pictures.resolve(name + ".png"));
    if (!cut.isEmpty()) {
      throw new AssertionError(name + ": these texts are cut: " + cut);
    }
    if (!nameless.isEmpty()) {
      throw new AssertionError(name + ": a screen reader has no name for these: " + nameless);
    }
  }

  /** Looks for what takes the keys and says nothing of itself to who cannot see it. */
  private static void findNameless(Node node, List<String> found) {
    if (!node.isVisible()) {
      return;
    }
    // What tabs hold has names of its own, and a list speaks of the entry that is chosen.
    boolean speaks = node instanceof TabPane || node instanceof IndexedCell<?>;
    if (node.isFocusTraversable() && !speaks && !isNamed(node)) {
      found.add(node.getTypeSelector() + " " + node.getId() + " " + node.getStyleClass());
    }
    // A control's inner parts are its own affair.
    boolean whole = node instanceof ComboBoxBase<?> || node instanceof Spinner<?>;
    if (node instanceof Parent parent && !whole) {
      parent.getChildrenUnmodifiable().forEach(child -> findNameless(child, found));
    }
  }

  private static boolean isNamed(Node node) {
    String said = node.getAccessibleText();
    if (said != null && !said.isBlank()) {
      return true;
    }
    if (node instanceof Labeled l && l.getText() != null && !l.getText().isBlank()) {
      return true;
    }
    return node.getScene().getRoot().lookupAll(".label").stream()
        .anyMatch(n -> n instanceof Label l && l.getLabelFor() == node);
  }

  private static boolean isWhole(Text shown, String text) {
    return shown.getText().length() >= text.length();
  }

  private static boolean isToBeSeen(Node node) {
    for (Node n = node; n != null; n = n.getParent()) {
      if (!n.isVisible()) {
        return false;
      }
    }
    return node.getBoundsInLocal().getWidth() > 0;
  }

  /** What a sandbox, a file or a user called something may be of any length; cells cut that. */
  private static boolean mayBeCut(Node node) {
    for (Node n = node; n != null; n = n.getParent()) {
      if (n instanceof IndexedCell<?> || n.getStyleClass().contains("may-be-cut")) {
        return !n.getStyleClass().contains("whole");
      }
    }
    return false;
  }

  /** Presses keys together. TestFX's own way waits between two for something that may not come. */
  void keys(KeyCode... codes) throws Exception {
    robot.interact(() -> {
      Robot hands = new Robot();
      for (KeyCode code : codes) {
        hands.keyPress(code);
      }
      for (int i = codes.length - 1; i >= 0; i--) {
        hands.keyRelease(codes[i]);
      }
    });
    Thread.sleep(200);
  }

  boolean isInTerminal() {
    Node owner = scene().getFocusOwner();
    return owner != null && owner.getStyleClass().contains("terminal");
  }

  FxRobot robot() {
    return robot;
  }

  int failures() {
    return failures;
  }
}
