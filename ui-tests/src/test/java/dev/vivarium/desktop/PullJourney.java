package dev.vivarium.desktop;

import java.nio.file.Files;
import java.nio.file.Path;
import javafx.scene.Node;
import javafx.scene.control.ProgressBar;
import javafx.scene.input.KeyCode;

/**
 * An image is fetched from a registry that gives half of each layer, and the rest when it is told
 * to: {@code vivarium.desktop.registry} is its host and port, {@code vivarium.desktop.gate} the
 * file that it waits for.
 */
final class PullJourney {
  private static final String REGISTRY = System.getProperty("vivarium.desktop.registry", "");

  private final Hands hands;
  private final Path gate = Path.of(System.getProperty("vivarium.desktop.gate", "gate"));

  PullJourney(Hands hands) {
    this.hands = hands;
  }

  /** Whether there is such a registry. */
  static boolean isPossible() {
    return !REGISTRY.isEmpty();
  }

  void run() {
    hands.step(
        "a pull shows how far each layer is, also when its sheet is closed and opened again",
        () -> {
          hands.keys(KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.P);
          hands.until("the sheet", () -> hands.find("#pull-name", Node.class).isPresent());
          hands.robot().write(REGISTRY + "/faults/image:1");
          hands.click("#pull-go");
          hands.until("both layers half there", () -> halves() == 2);
          hands.picture("pull");
          hands.keys(KeyCode.ESCAPE);
          hands.until("no sheet", () -> hands.find("#pull-name", Node.class).isEmpty());
          hands.keys(KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.P);
          hands.until("both layers half there still", () -> halves() == 2);
        });
    hands.step(
        "a pull that is stopped stays stopped, whatever comes after",
        () -> {
          hands.click("#pull-stop");
          hands.until("that it has stopped", () -> hands.isAnywhere("Stopped. "));
          Files.createFile(gate);
          Thread.sleep(1000);
          hands.until("that still", () -> hands.isAnywhere("Stopped. ") && halves() == 2);
          hands.picture("pull-stopped");
        });
    hands.step(
        "and goes on when it is asked for again",
        () -> {
          hands.click("#pull-go");
          hands.until("the image", () -> hands.isAnywhere("/faults/image:1 is here"));
          hands.keys(KeyCode.ESCAPE);
          hands.until("it in the list", () -> hands.rows("#images") == 1);
        });
  }

  /** How many bars are at their half, more or less. */
  private long halves() {
    return hands.scene().getRoot().lookupAll(".progress-bar").stream()
        .filter(n -> n instanceof ProgressBar b && b.getProgress() > 0.2 && b.getProgress() < 0.8)
        .count();
  }
}
