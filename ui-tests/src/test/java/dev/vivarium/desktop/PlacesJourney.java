package dev.vivarium.desktop;

import javafx.scene.Node;
import javafx.scene.control.TableView;
import javafx.scene.control.TextInputControl;
import javafx.scene.input.KeyCode;

/** The form, the list, and the other places of the window. */
final class PlacesJourney {
  private final Hands hands;

  PlacesJourney(Hands hands) {
    this.hands = hands;
  }

  void goAround() {
    hands.step(
        "a run from the form is in the list, and the search finds it",
        () -> {
          hands.keys(KeyCode.CONTROL, KeyCode.DIGIT1);
          int before = Math.max(0, hands.rows("#sandboxes"));
          hands.keys(KeyCode.CONTROL, KeyCode.N);
          hands.until("the form", () -> hands.find("#run-command", Node.class).isPresent());
          hands.robot().write("sh -c 'echo from-the-form; sleep 300'");
          hands.until("what is advised", () -> hands.isAnywhere("Advised: sentry, since "));
          hands.picture("run");
          hands.click("#run-start");
          hands.until("its screen", () -> hands.isAnywhere("running for"));
          hands.until("its terminal to have the keys", hands::isInTerminal);
          hands.keys(KeyCode.CONTROL, KeyCode.DIGIT1);
          hands.until("one more in the list", () -> hands.rows("#sandboxes") == before + 1);
          Thread.sleep(4000);
          hands.picture("sandboxes");
          hands.click("#sandbox-search");
          hands.robot().write("from-the-form");
          hands.until("one that fits", () -> hands.rows("#sandboxes") == 1);
          hands
              .robot()
              .interact(() ->
                  hands.find("#sandbox-search", TextInputControl.class).orElseThrow().clear());
        });
    hands.step(
        "the palette leads to the doctor, which says what this machine can do",
        () -> {
          hands.keys(KeyCode.CONTROL, KeyCode.K);
          hands.until("the palette", () -> hands.find("#palette", Node.class).isPresent());
          hands.robot().write("doctor");
          hands.picture("palette");
          hands.keys(KeyCode.ENTER);
          hands.until("findings", () -> hands.isAnywhere("user namespaces"));
          hands.picture("doctor");
        });
    hands.step(
        "images say what they share, and clearing out says first what goes and what comes back",
        () -> {
          hands.keys(KeyCode.CONTROL, KeyCode.DIGIT2);
          hands.until("two images", () -> hands.rows("#images") == 2);
          hands
              .robot()
              .interact(() ->
                  hands
                      .find("#images", TableView.class)
                      .orElseThrow()
                      .getSelectionModel()
                      .select(0));
          hands.until("what it shares", () -> hands.isAnywhere("It shares with "));
          hands.until("who has the layer too", () -> hands.isAnywhere("also journey/"));
          hands.picture("images");
          hands.click("#image-search");
          hands.robot().write("journey/two");
          hands.until("one that fits", () -> hands.rows("#images") == 1);
          hands
              .robot()
              .interact(
                  () -> hands.find("#image-search", TextInputControl.class).orElseThrow().clear());
          hands.click("#images-prune");
          hands.until("nothing to clear", () -> hands.isAnywhere("No image and no layer would go"));
          hands.click("#prune-named");
          hands.until("what would go", () -> hands.isAnywhere("2 images and one layer would go"));
          hands.picture("prune");
          hands.click("#prune-go");
          hands.until("none", () -> hands.rows("#images") == 0);
        });
    hands.step(
        "images and settings show, dark and light",
        () -> {
          hands.keys(KeyCode.CONTROL, KeyCode.DIGIT2);
          hands.until("images", () -> hands.find("#images", TableView.class).isPresent());
          hands.picture("images-none");
          hands.keys(KeyCode.CONTROL, KeyCode.DIGIT6);
          hands.until("settings", () -> hands.find("#theme", Node.class).isPresent());
          hands.picture("settings");
          hands.keys(KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.L);
          hands.picture("settings-other");
          hands.keys(KeyCode.CONTROL, KeyCode.DIGIT1);
          hands.picture("sandboxes-other");
        });
    hands.step(
        "removing takes all out of the list, and the empty state comes back",
        () -> {
          for (int left = hands.rows("#sandboxes") - 1; left >= 0; left--) {
            int wanted = left;
            hands
                .robot()
                .interact(() ->
                    hands
                        .find("#sandboxes", TableView.class)
                        .orElseThrow()
                        .getSelectionModel()
                        .select(0));
            hands
                .robot()
                .interact(
                    () -> hands.find("#sandboxes", TableView.class).orElseThrow().requestFocus());
            hands.keys(KeyCode.DELETE);
            hands.until(
                "one fewer",
                () ->
                    hands.rows("#sandboxes") == wanted
                        || wanted == 0 && hands.find("#first-sandbox", Node.class).isPresent());
          }
        });
  }
}
