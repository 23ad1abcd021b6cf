package dev.vivarium.desktop;

import dev.vivarium.engine.compare.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.TableView;
import javafx.scene.control.TextInputControl;
import javafx.scene.input.KeyCode;

/** The same work under several engines. */
final class CompareJourney {
  private final Hands hands;

  CompareJourney(Hands hands) {
    this.hands = hands;
  }

  void run() {
    hands.step(
        "the same work under two engines is compared, with progress, and written to a file",
        () -> {
          hands.keys(KeyCode.CONTROL, KeyCode.DIGIT3);
          hands.until("the form", () -> hands.find("#compare-work", Node.class).isPresent());
          hands
              .robot()
              .interact(() -> {
                hands.find("#compare-engine-microvm", CheckBox.class).orElseThrow().fire();
                hands.find("#compare-runs", TextInputControl.class).orElseThrow().setText("1");
              });
          hands.picture("compare-before");
          hands.click("#compare-go");
          hands.until("progress", () -> hands.isAnywhere("run 1 of 1"));
          hands.picture("compare-running");
          hands.until("its end", () -> hands.isAnywhere("Done"));
          hands.until("the sentry's row", () -> counted("sentry") == 1);
          hands.picture("compare");
          hands.keys(KeyCode.CONTROL, KeyCode.E);
          hands.until("what was written", () -> hands.isAnywhere("comparison.csv"));
          List<String> lines =
              Files.readAllLines(
                  Path.of(System.getProperty("vivarium.gui.exports"), "comparison.csv"));
          if (lines.size() != 3 || !lines.get(2).startsWith("sentry,1,")) {
            throw new AssertionError(lines);
          }
        });
    hands.step(
        "a comparison of a command of one's own can be stopped",
        () -> {
          hands.robot().interact(() -> work().getSelectionModel().selectLast());
          hands.click("#compare-command");
          hands.robot().write("sleep 100", 5);
          hands.keys(KeyCode.CONTROL, KeyCode.ENTER);
          hands.until("a run", () -> hands.isAnywhere("a first run, not counted"));
          hands.click("#compare-stop");
          hands.until("its end", () -> hands.isAnywhere("Stopped"));
          hands.until("the form to be free", () -> !work().isDisabled());
        });
  }

  private ComboBox<?> work() {
    return hands.find("#compare-work", ComboBox.class).orElseThrow();
  }

  private int counted(String engine) {
    return hands.find("#compare-table", TableView.class).stream()
        .flatMap(t -> ((List<?>) t.getItems()).stream())
        .filter(r -> r instanceof Result result && result.engine().equals(engine))
        .mapToInt(r -> ((Result) r).runs().size())
        .sum();
  }
}
