package dev.vivarium.gui;

import dev.vivarium.gui.frame.Messages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javafx.animation.AnimationTimer;
import javafx.animation.KeyFrame;
import javafx.animation.Timeline;
import javafx.application.Platform;
import javafx.scene.text.Text;
import javafx.util.Duration;

/**
 * Ends the desktop once it is there if it was started to be trained; or tells how long the start
 * took, where {@code vivarium.gui.timing} is set: from the start of the JVM to the second frame,
 * when the window has been drawn and takes keys.
 */
final class Startup {
  private Startup() {}

  /**
   * Draws in software at once where there is no graphics card: to ask one that is not there takes a
   * fifth of a second. {@code prism.order} stands if somebody has set it.
   */
  static void chooseRenderer() {
    if (System.getProperty("prism.order") == null && !Files.exists(Path.of("/dev/dri"))) {
      System.setProperty("prism.order", "sw");
    }
  }

  /**
   * Does beside the looking for the screen, which takes a fifth of a second, what can be done
   * without one: finds the fonts and reads the texts.
   */
  static void warmUp() {
    // Asks for JavaFX's toolkit, so that it is there before two threads ask for it at once.
    Platform.isFxApplicationThread();
    Thread warming =
        new Thread(
            () -> {
              Text text = new Text(Messages.text("app.name"));
              text.getLayoutBounds();
            },
            "desktop-warm-up");
    warming.setDaemon(true);
    warming.start();
  }

  /**
   * The window is there.
   *
   * @param tour ways to all places, which are made when somebody goes there, so that training goes
   */
  static void shown(List<Runnable> tour) {
    if (Boolean.getBoolean("vivarium.training")) {
      Timeline steps = new Timeline();
      for (int i = 0; i < tour.size(); i++) {
        Runnable go = tour.get(i);
        steps.getKeyFrames().add(new KeyFrame(Duration.seconds(2 + i), e -> go.run()));
      }
      steps
          .getKeyFrames()
          .add(new KeyFrame(Duration.seconds(3 + tour.size()), e -> Platform.exit()));
      steps.play();
      return;
    }
    if (!Boolean.getBoolean("vivarium.gui.timing")) {
      return;
    }
    new AnimationTimer() {
      private int frames;

      @Override
      public void handle(long now) {
        if (++frames == 2) {
          stop();
          long millis =
              System.currentTimeMillis()
                  - ProcessHandle.current()
                      .info()
                      .startInstant()
                      .map(java.time.Instant::toEpochMilli)
                      .orElse(0L);
          System.err.println("window after " + millis + " ms");
        }
      }
    }.start();
  }
}
