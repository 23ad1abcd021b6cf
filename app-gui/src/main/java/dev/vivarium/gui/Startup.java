package dev.vivarium.gui;

import javafx.animation.AnimationTimer;
import javafx.animation.PauseTransition;
import javafx.application.Platform;
import javafx.util.Duration;

/**
 * Ends the desktop once it is there if it was started to be trained; or tells how long the start
 * took, where {@code vivarium.gui.timing} is set: from the start of the JVM to the second frame,
 * when the window has been drawn and takes keys.
 */
final class Startup {
  private Startup() {}

  static void shown() {
    if (Boolean.getBoolean("vivarium.training")) {
      PauseTransition pause = new PauseTransition(Duration.seconds(3));
      pause.setOnFinished(e -> Platform.exit());
      pause.play();
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
