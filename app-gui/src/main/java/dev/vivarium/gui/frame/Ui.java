package dev.vivarium.gui.frame;

import javafx.event.EventHandler;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Control;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.input.MouseEvent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.scene.text.TextAlignment;
import javafx.util.Duration;

/** Small parts that all screens are made of, so that they look alike. */
public final class Ui {
  private Ui() {}

  /** A text with style classes. */
  public static Label label(String text, String... classes) {
    Label label = new Label(text);
    label.getStyleClass().addAll(classes);
    return label;
  }

  /** One that breaks its lines. */
  public static Label paragraph(String text, String... classes) {
    Label label = label(text, classes);
    label.setWrapText(true);
    label.setMinHeight(Region.USE_PREF_SIZE);
    return label;
  }

  /** What a table or a list says while it is empty. */
  public static Label placeholder(String text) {
    Label label = paragraph(text, "muted");
    label.setMaxWidth(560);
    label.setTextAlignment(TextAlignment.CENTER);
    return label;
  }

  /** A button of a text; the text is its name for screen readers too. */
  public static Button button(String text, Runnable run, String... classes) {
    Button button = new Button(text);
    button.getStyleClass().addAll(classes);
    button.setMinWidth(Region.USE_PREF_SIZE);
    button.setOnAction(e -> run.run());
    return button;
  }

  /** A button of a sign and a text. */
  public static Button button(Icons icon, String text, Runnable run, String... classes) {
    Button button = button(text, run, classes);
    button.setGraphic(icon.node());
    return button;
  }

  /** A button of a sign alone, with its text as tooltip and as its name. */
  public static Button iconButton(Icons icon, String text, Runnable run, String... classes) {
    Button button = button("", run, classes);
    button.getStyleClass().addAll("flat", "icon-only");
    button.setGraphic(icon.node());
    button.setAccessibleText(text);
    tip(button, text);
    return button;
  }

  /**
   * A tooltip that comes soon. It is made when the mouse first comes near: a window of a hundred
   * controls would start noticeably later for tooltips that nobody looks at.
   */
  public static void tip(Control control, String text) {
    control.setAccessibleHelp(text);
    control.addEventHandler(
        MouseEvent.MOUSE_ENTERED,
        new EventHandler<>() {
          @Override
          public void handle(MouseEvent e) {
            control.removeEventHandler(MouseEvent.MOUSE_ENTERED, this);
            Tooltip tooltip = new Tooltip(text);
            tooltip.setShowDelay(Duration.millis(350));
            control.setTooltip(tooltip);
          }
        });
  }

  /** A field to search with. */
  public static TextField search(String prompt) {
    TextField field = new TextField();
    field.setPromptText(prompt);
    field.setAccessibleText(prompt);
    field.setPrefColumnCount(18);
    field.getStyleClass().add("search");
    return field;
  }

  /** Takes up what is left. */
  public static Region spacer() {
    Region region = new Region();
    HBox.setHgrow(region, Priority.ALWAYS);
    VBox.setVgrow(region, Priority.ALWAYS);
    return region;
  }

  /** Side by side. */
  public static HBox row(double gap, Node... nodes) {
    HBox row = new HBox(gap, nodes);
    row.setAlignment(javafx.geometry.Pos.CENTER_LEFT);
    return row;
  }

  /** One below the other. */
  public static VBox column(double gap, Node... nodes) {
    return new VBox(gap, nodes);
  }

  /** The head of a screen: its title, and what can be done on it. */
  public static HBox header(String title, Node... tools) {
    HBox header = row(8, label(title, "screen-title"), spacer());
    header.getChildren().addAll(tools);
    header.getStyleClass().add("screen-header");
    return header;
  }

  /** Grows with its parent. */
  public static <T extends Node> T grow(T node) {
    VBox.setVgrow(node, Priority.ALWAYS);
    HBox.setHgrow(node, Priority.ALWAYS);
    return node;
  }

  /** What is shown where there is nothing to show. */
  public static VBox empty(String title, String text, Node... more) {
    Label explanation = paragraph(text, "muted");
    explanation.setMaxWidth(520);
    explanation.setTextAlignment(javafx.scene.text.TextAlignment.CENTER);
    VBox box = column(10, label(title, "empty-title"), explanation);
    box.getChildren().addAll(more);
    box.setAlignment(javafx.geometry.Pos.CENTER);
    box.getStyleClass().add("empty");
    return box;
  }
}
