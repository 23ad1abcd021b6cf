package dev.vivarium.desktop;

import dev.vivarium.gui.Desktop;
import java.io.File;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import javafx.application.Platform;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Labeled;
import javafx.scene.control.ListView;
import javafx.scene.control.TabPane;
import javafx.scene.control.TableView;
import javafx.scene.control.TextInputControl;
import javafx.scene.control.TreeTableView;
import javafx.scene.image.WritableImage;
import javafx.scene.input.KeyCode;
import javafx.scene.robot.Robot;
import javafx.stage.Stage;
import org.testfx.api.FxRobot;
import org.testfx.api.FxToolkit;

/**
 * Clicks through the desktop as a user does, with the real engine, in a window on a real X server.
 * Prints "ok" or "FAIL" for each step, and keeps pictures. A program and not a test class, since
 * the X server's name must be in the environment before the JVM starts: {@code
 * tools/end-to-end/desktop} starts both.
 */
public final class DesktopJourneys {
  private static final long PATIENCE_MILLIS = Long.getLong("vivarium.desktop.patience", 60_000L);

  private final FxRobot robot = new FxRobot();
  private final Stage stage;
  private final Path pictures;
  private int failures;

  private DesktopJourneys(Stage stage, Path pictures) {
    this.stage = stage;
    this.pictures = pictures;
  }

  /** The arguments say where pictures go, and which file the desktop is told to open. */
  public static void main(String[] arguments) throws Exception {
    Stage stage = FxToolkit.registerPrimaryStage();
    FxToolkit.setupApplication(() -> new Desktop(new File(arguments[1])));
    DesktopJourneys journeys = new DesktopJourneys(stage, Path.of(arguments[0]));
    try {
      journeys.open();
      journeys.watch();
      journeys.goAround();
    } finally {
      FxToolkit.hideStage();
      Platform.exit();
    }
    System.out.println(journeys.failures == 0 ? "# all steps passed" : "# some steps failed");
  }

  private interface Step {
    void run() throws Exception;
  }

  private void step(String name, Step step) {
    try {
      step.run();
      System.out.println("ok desktop: " + name);
    } catch (Exception | AssertionError e) {
      failures++;
      System.out.println("FAIL desktop: " + name);
      System.out.println("    " + e);
      try {
        picture("failed-" + failures);
        // What it left open is not to be in the way of the next.
        keys(KeyCode.ESCAPE);
      } catch (Exception again) {
        System.out.println("    no picture: " + again);
      }
    }
  }

  private void until(String what, BooleanSupplier condition) throws Exception {
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

  private Scene scene() {
    return stage.getScene();
  }

  private <T extends Node> Optional<T> find(String selector, Class<T> type) {
    Node node = scene().getRoot().lookup(selector);
    return type.isInstance(node) ? Optional.of(type.cast(node)) : Optional.empty();
  }

  private void click(String selector) throws Exception {
    until(
        selector + " is there", () -> find(selector, Node.class).filter(this::isShown).isPresent());
    robot.clickOn(find(selector, Node.class).orElseThrow());
  }

  private boolean isShown(Node node) {
    return node.isVisible() && node.getScene() != null && node.getBoundsInLocal().getWidth() > 0;
  }

  private void tab(String id) throws Exception {
    robot.interact(() ->
        find("#sandbox-tabs", TabPane.class)
            .ifPresent(tabs ->
                tabs.getTabs().stream()
                    .filter(t -> t.getId().equals("tab-" + id))
                    .findFirst()
                    .ifPresent(t -> tabs.getSelectionModel().select(t))));
    until("tab " + id, () -> find("#sandbox-tabs", TabPane.class).isPresent());
  }

  private boolean says(String selector, String text) {
    return find(selector, TextInputControl.class)
        .filter(t -> t.getText().contains(text))
        .isPresent();
  }

  private boolean isAnywhere(String text) {
    return scene().getRoot().lookupAll(".label").stream()
        .anyMatch(n -> n instanceof Labeled l && l.getText() != null && l.getText().contains(text));
  }

  private int rows(String selector) {
    return find(selector, TableView.class).map(t -> t.getItems().size()).orElse(-1);
  }

  private void picture(String name) throws Exception {
    Thread.sleep(300);
    WritableImage[] image = new WritableImage[1];
    robot.interact(() -> image[0] = scene().snapshot(null));
    Png.write(image[0], pictures.resolve(name + ".png"));
  }

  private void open() {
    step(
        "a file of unknown origin is known for what it is, run without harm, and reported",
        () -> {
          until("what it is", () -> isAnywhere("a script, for /bin/sh"));
          until("a way to run it", () -> isAnywhere("/bin/sh download.sh"));
          picture("open");
          click("#open-start");
          until("its end", () -> isAnywhere("exited ("));
          until("its report", () -> says("#report", "Tried to stay"));
          picture("opened");
          tab("files");
          until("what it left", () -> rows("#changes") > 0);
          click("#sandbox-remove");
          until("it to be gone", () -> find("#first-sandbox", Node.class).isPresent());
        });
  }

  private void watch() {
    step(
        "an empty list leads to a first sandbox in one click, and a shell in it answers",
        () -> {
          until("the empty state", () -> find("#first-sandbox", Node.class).isPresent());
          picture("empty");
          click("#first-sandbox");
          until("a terminal", () -> find("#terminal", Node.class).isPresent());
          robot.interact(() -> find("#terminal", Node.class).orElseThrow().requestFocus());
          Thread.sleep(1500);
          robot.write("ls -l / | head -n 8; echo he''llo-desk\n", 15);
          Thread.sleep(1500);
          picture("terminal");
          tab("log");
          until("what the shell wrote in the log", () -> says("#log", "hello-desk"));
        });
    step(
        "system calls come as they are made, and a filter shows fewer of them",
        () -> {
          tab("calls");
          until("events", () -> isAnywhere("events,"));
          click("#call-search");
          robot.write("openat");
          until("the filter to be on", () -> says("#call-search", "openat"));
          picture("calls");
        });
    step(
        "latency, processes, overview and network show what there is",
        () -> {
          tab("latency");
          until("counts", () -> isAnywhere("calls in"));
          Thread.sleep(3000);
          picture("latency");
          tab("processes");
          until(
              "a process",
              () ->
                  find("#processes", TreeTableView.class)
                      .filter(t -> t.getRoot() != null && !t.getRoot().getChildren().isEmpty())
                      .isPresent());
          picture("processes");
          tab("network");
          picture("network");
          tab("overview");
          until("the engine", () -> isAnywhere("sentry"));
          picture("overview");
        });
    step(
        "stopping ends it, and its report says what it did",
        () -> {
          click("#sandbox-stop");
          until("it to end", () -> isAnywhere("exited ("));
          tab("report");
          until(
              "a report",
              () ->
                  find("#report", TextInputControl.class)
                      .filter(t -> t.getText().length() > 200)
                      .isPresent());
          picture("report");
        });
  }

  private void goAround() {
    step(
        "a run from the form is in the list, and the search finds it",
        () -> {
          keys(KeyCode.CONTROL, KeyCode.N);
          until("the form", () -> find("#run-command", Node.class).isPresent());
          robot.write("sh -c 'echo from-the-form; sleep 300'");
          picture("run");
          click("#run-start");
          until("its screen", () -> isAnywhere("running for"));
          until("its terminal to have the keys", this::isInTerminal);
          keys(KeyCode.CONTROL, KeyCode.DIGIT1);
          until("two in the list", () -> rows("#sandboxes") == 2);
          Thread.sleep(4000);
          picture("sandboxes");
          click("#sandbox-search");
          robot.write("from-the-form");
          until("one that fits", () -> rows("#sandboxes") == 1);
          robot.interact(
              () -> find("#sandbox-search", TextInputControl.class).orElseThrow().clear());
        });
    step(
        "the palette leads to the doctor, which says what this machine can do",
        () -> {
          keys(KeyCode.CONTROL, KeyCode.K);
          until("the palette", () -> find("#palette", Node.class).isPresent());
          robot.write("doctor");
          picture("palette");
          keys(KeyCode.ENTER);
          until("findings", () -> isAnywhere("user namespaces"));
          picture("doctor");
        });
    step(
        "a profile is checked while it is typed",
        () -> {
          keys(KeyCode.CONTROL, KeyCode.DIGIT3);
          until(
              "profiles",
              () ->
                  find("#profiles", ListView.class)
                      .filter(l -> l.getItems().size() > 3)
                      .isPresent());
          until(
              "a text",
              () ->
                  find("#profile-text", TextInputControl.class)
                      .filter(t -> !t.getText().isBlank())
                      .isPresent());
          until("that it is valid", () -> verdict().equals("Valid"));
          picture("profiles");
          robot.interact(() ->
              find("#profile-text", TextInputControl.class)
                  .orElseThrow()
                  .appendText("\nnetwrk: full\n"));
          until("what is wrong", () -> verdict().contains("netwrk"));
          picture("profile-wrong");
        });
    step(
        "images and settings show, dark and light",
        () -> {
          keys(KeyCode.CONTROL, KeyCode.DIGIT2);
          until("images", () -> find("#images", TableView.class).isPresent());
          picture("images");
          keys(KeyCode.CONTROL, KeyCode.DIGIT5);
          until("settings", () -> find("#theme", Node.class).isPresent());
          picture("settings");
          keys(KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.L);
          picture("settings-other");
          keys(KeyCode.CONTROL, KeyCode.DIGIT1);
          picture("sandboxes-other");
        });
    step(
        "removing takes all out of the list, and the empty state comes back",
        () -> {
          for (int left = 1; left >= 0; left--) {
            int wanted = left;
            robot.interact(() ->
                find("#sandboxes", TableView.class).orElseThrow().getSelectionModel().select(0));
            robot.interact(() -> find("#sandboxes", TableView.class).orElseThrow().requestFocus());
            keys(KeyCode.DELETE);
            until(
                "one fewer",
                () ->
                    rows("#sandboxes") == wanted
                        || wanted == 0 && find("#first-sandbox", Node.class).isPresent());
          }
        });
  }

  /** Presses keys together. TestFX's own way waits between two for something that may not come. */
  private void keys(KeyCode... codes) throws Exception {
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

  private boolean isInTerminal() {
    Node owner = scene().getFocusOwner();
    return owner != null && owner.getStyleClass().contains("terminal");
  }

  private String verdict() {
    return find("#profile-verdict", Labeled.class).map(Labeled::getText).orElse("");
  }
}
