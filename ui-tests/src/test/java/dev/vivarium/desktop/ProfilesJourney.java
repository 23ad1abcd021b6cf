package dev.vivarium.desktop;

import javafx.scene.Node;
import javafx.scene.control.Labeled;
import javafx.scene.control.ListView;
import javafx.scene.control.TextInputControl;
import javafx.scene.input.KeyCode;

/** A profile as text and as form. */
final class ProfilesJourney {
  private final Hands hands;

  ProfilesJourney(Hands hands) {
    this.hands = hands;
  }

  void run() {
    hands.step(
        "a profile is checked while it is typed",
        () -> {
          hands.keys(KeyCode.CONTROL, KeyCode.DIGIT4);
          hands.until(
              "profiles",
              () ->
                  hands
                      .find("#profiles", ListView.class)
                      .filter(l -> l.getItems().size() > 3)
                      .isPresent());
          hands.until(
              "a text",
              () ->
                  hands
                      .find("#profile-text", TextInputControl.class)
                      .filter(t -> !t.getText().isBlank())
                      .isPresent());
          hands.until("that it is valid", () -> verdict().equals("Valid"));
          hands.picture("profiles");
          hands
              .robot()
              .interact(() ->
                  hands
                      .find("#profile-text", TextInputControl.class)
                      .orElseThrow()
                      .appendText("\nnetwrk: full\n"));
          hands.until("what is wrong", () -> verdict().contains("netwrk"));
          hands.picture("profile-wrong");
        });
    hands.step(
        "the form and the text of a profile are the same, and it is saved",
        () -> {
          hands.robot().interact(() -> text().undo());
          hands.until("that it is valid", () -> verdict().equals("Valid"));
          hands.keys(KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.N);
          hands.until("a name", () -> hands.find("#profile-name", Node.class).isPresent());
          hands.robot().write("mine\n", 5);
          hands.until("its text", () -> hands.says("#profile-text", "extends: untrusted"));
          hands.until("its form", () -> !memory().isDisabled());
          hands.robot().interact(() -> memory().setText("768"));
          hands.robot().interact(() -> memory().setText("768q"));
          hands.until("what is wrong", () -> hands.isAnywhere("Must be"));
          hands.robot().interact(() -> memory().setText("768m"));
          hands.until("the text", () -> hands.says("#profile-text", "memory: 768m"));
          hands.robot().interact(() -> text().setText(text().getText() + "user: \"1000\"\n"));
          hands.until(
              "the form", () -> hands.says("#field-user", "1000") && verdict().equals("Valid"));
          hands.until(
              "what it extends",
              () ->
                  hands.find("#field-extends", Node.class).orElseThrow().lookupAll("*").stream()
                      .anyMatch(n -> n instanceof Labeled l && "untrusted".equals(l.getText())));
          hands.picture("profile-form");
          hands.keys(KeyCode.CONTROL, KeyCode.S);
          hands.until("it to be saved", () -> hands.isAnywhere("mine was saved"));
        });
  }

  private String verdict() {
    return hands.find("#profile-verdict", Labeled.class).map(Labeled::getText).orElse("");
  }

  private TextInputControl text() {
    return hands.find("#profile-text", TextInputControl.class).orElseThrow();
  }

  private TextInputControl memory() {
    return hands.find("#field-limits-memory", TextInputControl.class).orElseThrow();
  }
}
