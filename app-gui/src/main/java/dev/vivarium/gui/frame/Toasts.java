package dev.vivarium.gui.frame;

import javafx.animation.PauseTransition;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.util.Duration;

/** Messages at the lower right. What went wrong stays until it is taken away. */
final class Toasts {
  private static final int MOST = 4;

  private final VBox box = new VBox(8);

  Toasts() {
    box.setAlignment(Pos.BOTTOM_RIGHT);
    box.getStyleClass().add("toasts");
    box.setPickOnBounds(false);
    box.setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
    StackPane.setAlignment(box, Pos.BOTTOM_RIGHT);
  }

  Node node() {
    return box;
  }

  void add(String text, String remedy, boolean bad) {
    VBox words = new VBox(2, Ui.paragraph(text, "toast-text"));
    if (!remedy.isEmpty()) {
      words.getChildren().add(Ui.paragraph(remedy, "muted"));
    }
    words.setMaxWidth(420);
    words.setAlignment(Pos.CENTER_LEFT);
    HBox toast = Ui.row(10, words);
    toast
        .getChildren()
        .add(
            Ui.iconButton(
                Icons.KILL, Messages.text("toast.close"), () -> box.getChildren().remove(toast)));
    toast.getStyleClass().addAll("toast", bad ? "bad" : "good");
    toast.setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
    toast.setAccessibleText(text + ". " + remedy);
    box.getChildren().add(toast);
    while (box.getChildren().size() > MOST) {
      box.getChildren().removeFirst();
    }
    if (!bad) {
      PauseTransition pause = new PauseTransition(Duration.seconds(4));
      pause.setOnFinished(e -> box.getChildren().remove(toast));
      pause.play();
    }
  }
}
