package dev.vivarium.desktop;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javafx.application.Platform;
import javafx.geometry.Bounds;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.input.ClipboardContent;
import javafx.scene.input.KeyCode;
import javafx.scene.input.MouseButton;
import javafx.scene.input.TransferMode;
import javafx.scene.robot.Robot;
import javafx.stage.Stage;
import javafx.stage.StageStyle;

/** Files and folders that are dragged from another window, as a file manager's is. */
final class DropJourney {
  private static final double HAND = 60;
  private static final int STEPS = 12;

  private final Hands hands;
  private final Path file;

  /**
   * @param file a script
   */
  DropJourney(Hands hands, Path file) {
    this.hands = hands;
    this.file = file;
  }

  void run() {
    hands.step(
        "a file that is dropped anywhere on the window is looked at, and not run",
        () -> {
          hands.keys(KeyCode.CONTROL, KeyCode.DIGIT6);
          hands.until("settings", () -> hands.find("#theme", Node.class).isPresent());
          drop(file, ".content");
          hands.until("what it is", () -> hands.isAnywhere("a script, for /bin/sh"));
          hands.keys(KeyCode.ESCAPE);
        });
    hands.step(
        "a folder that is dropped on the form is shown inside, read-only",
        () -> {
          Path folder = Files.createDirectories(file.resolveSibling("dropped folder"));
          hands.keys(KeyCode.CONTROL, KeyCode.N);
          hands.until("the form", () -> hands.find("#run-mounts", Node.class).isPresent());
          drop(folder, "#run-mounts");
          hands.until(
              "where it is shown",
              () ->
                  hands
                      .find("#run-mounts .text-field", TextField.class)
                      .filter(t -> t.getText().equals("/mnt/dropped folder"))
                      .isPresent());
          hands.until(
              "what it comes to", () -> hands.isAnywhere("/dropped folder:/mnt/dropped folder'"));
          hands.picture("run-mounts");
          hands.keys(KeyCode.ESCAPE);
        });
  }

  private void drop(Path what, String place) throws Exception {
    Stage[] other = new Stage[1];
    Bounds[] to = new Bounds[1];
    hands
        .robot()
        .interact(() -> {
          Label hand = new Label("take");
          hand.setMinSize(HAND, HAND);
          hand.setOnDragDetected(e -> {
            ClipboardContent content = new ClipboardContent();
            content.putFiles(List.of(what.toFile()));
            hand.startDragAndDrop(TransferMode.ANY).setContent(content);
            e.consume();
          });
          Stage stage = new Stage(StageStyle.UNDECORATED);
          stage.setScene(new Scene(hand, HAND, HAND));
          stage.setX(0);
          stage.setY(0);
          stage.setAlwaysOnTop(true);
          stage.show();
          other[0] = stage;
          Node target = hands.find(place, Node.class).orElseThrow();
          to[0] = target.localToScreen(target.getBoundsInLocal());
        });
    Thread.sleep(300);
    // Not waited for one by one: a drag keeps the JavaFX thread in a loop of its own.
    act(r -> r.mouseMove(HAND / 2, HAND / 2));
    act(r -> r.mousePress(MouseButton.PRIMARY));
    for (int i = 1; i <= STEPS; i++) {
      double part = (double) i / STEPS;
      act(r ->
          r.mouseMove(
              HAND / 2 + part * (to[0].getCenterX() - HAND / 2),
              HAND / 2 + part * (to[0].getCenterY() - HAND / 2)));
    }
    act(r -> r.mouseRelease(MouseButton.PRIMARY));
    Thread.sleep(300);
    hands.robot().interact(other[0]::close);
  }

  private interface Act {
    void with(Robot robot);
  }

  private static void act(Act act) throws InterruptedException {
    Platform.runLater(() -> act.with(new Robot()));
    Thread.sleep(60);
  }
}
