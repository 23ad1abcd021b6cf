package dev.vivarium.gui.ask;

import dev.vivarium.engine.NetworkQuestion.Answer;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import javafx.animation.KeyFrame;
import javafx.animation.PauseTransition;
import javafx.animation.Timeline;
import javafx.collections.ListChangeListener;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.layout.HBox;
import javafx.scene.layout.VBox;
import javafx.util.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The oldest open question, in a bar below the screen that takes neither the focus nor the mouse
 * from what the user does. Its buttons do nothing in the first moment: a program must not be able
 * to put its question under a click that was meant for something else.
 */
public final class QuestionBar {
  private static final Duration CALM = Duration.millis(700);

  private final Questions questions;
  private final Label text = Ui.paragraph("");
  private final Label more = Ui.label("", "muted", "small");
  private final ProgressBar left = new ProgressBar(1);
  private final Map<Answer, Button> buttons = new EnumMap<>(Answer.class);
  private final VBox node;
  private final PauseTransition calm = new PauseTransition(CALM);
  private final Timeline clock = new Timeline(new KeyFrame(Duration.millis(500), e -> tick()));
  private Questions.@Nullable Pending shown;
  private double whole = 1;

  /**
   * Makes one that is not seen until there is a question.
   *
   * @param go shows a sandbox
   */
  public QuestionBar(Questions questions, Consumer<String> go) {
    this.questions = questions;
    HBox answers = Ui.row(8);
    // No comes first: what is pressed without reading is to harm nobody.
    for (Answer a : List.of(Answer.REFUSE, Answer.NEVER, Answer.ALLOW, Answer.ALWAYS)) {
      Button button = Ui.button(Messages.text("ask." + word(a)), () -> answer(a));
      button.setId("ask-" + word(a));
      Ui.tip(button, Messages.text("ask." + word(a) + ".tip"));
      buttons.put(a, button);
      answers.getChildren().add(button);
    }
    text.setId("ask-text");
    text.setMinWidth(0);
    text.setMaxWidth(Double.MAX_VALUE);
    left.setPrefWidth(90);
    left.setAccessibleText(Messages.text("ask.left"));
    HBox row =
        Ui.row(
            12,
            Icons.NETWORK.node(),
            Ui.grow(text),
            more,
            left,
            Ui.button(Messages.text("ask.show"), () -> show(go), "flat"),
            answers);
    node = Ui.column(0, row);
    node.getStyleClass().add("question");
    node.setId("question");
    node.setVisible(false);
    node.setManaged(false);
    calm.setOnFinished(e -> buttons.values().forEach(b -> b.setDisable(false)));
    clock.setCycleCount(Timeline.INDEFINITE);
    questions.open().addListener((ListChangeListener<Questions.Pending>) c -> update());
  }

  private static String word(Answer a) {
    return a.name().toLowerCase(Locale.ROOT);
  }

  public Node node() {
    return node;
  }

  private void update() {
    List<Questions.Pending> open = questions.open();
    Questions.Pending now = open.isEmpty() ? null : open.getFirst();
    more.setText(open.size() > 1 ? Messages.text("ask.more", open.size() - 1) : "");
    if (now == shown) {
      return;
    }
    shown = now;
    node.setVisible(now != null);
    node.setManaged(now != null);
    if (now == null) {
      clock.stop();
      return;
    }
    text.setText(
        Messages.text(
            "ask.text",
            Format.line(now.sandbox().name(), 63),
            Format.line(now.question().text(), 200)));
    node.setAccessibleText(text.getText());
    whole = Math.max(1, now.endNanos() - System.nanoTime());
    buttons.values().forEach(b -> b.setDisable(true));
    calm.playFromStart();
    tick();
    clock.play();
  }

  private void tick() {
    Questions.Pending p = shown;
    if (p != null) {
      left.setProgress(Math.clamp((p.endNanos() - System.nanoTime()) / whole, 0, 1));
    }
  }

  private void answer(Answer a) {
    Questions.Pending p = shown;
    if (p != null && !buttons.getOrDefault(a, new Button()).isDisabled()) {
      questions.answer(p, a);
    }
  }

  private void show(Consumer<String> go) {
    Questions.Pending p = shown;
    if (p != null) {
      go.accept(p.sandbox().id());
    }
  }

  /** What can be done at the moment. */
  public List<Action> actions() {
    List<Action> all = new ArrayList<>();
    if (shown != null) {
      all.add(Action.of("ask.focus", "Shortcut+Shift+Q", this::focus));
      buttons.forEach((a, b) ->
          all.add(Action.titled("ask." + word(a), text.getText() + " " + b.getText(), b::fire)));
    }
    return all;
  }

  private void focus() {
    Button first = buttons.get(Answer.REFUSE);
    if (first != null) {
      first.requestFocus();
    }
  }
}
