package dev.vivarium.gui.frame;

import java.util.List;
import java.util.Locale;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import javafx.scene.Node;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/** All that can be done, found by typing some of its letters. */
final class Palette {
  private final TextField field = new TextField();
  private final ObservableList<Action> shown = FXCollections.observableArrayList();
  private final ListView<Action> list = new ListView<>(shown);
  private final VBox box = new VBox(8, field, list);
  private final List<Action> all;
  private final Runnable close;

  Palette(List<Action> all, Runnable close) {
    this.all = all.stream().filter(a -> !a.id().equals("palette")).toList();
    this.close = close;
    field.setPromptText(Messages.text("palette.prompt"));
    field.setAccessibleText(Messages.text("palette.prompt"));
    field.setId("palette");
    list.setAccessibleText(Messages.text("nav.palette"));
    list.setCellFactory(v -> new Cell());
    list.setFocusTraversable(false);
    list.setOnMouseClicked(e -> run());
    box.getStyleClass().add("palette");
    box.setMaxSize(620, Region.USE_PREF_SIZE);
    box.setPrefWidth(620);
    list.setPrefHeight(380);
    field.textProperty().addListener((o, before, now) -> filter(now));
    field.addEventFilter(KeyEvent.KEY_PRESSED, this::pressed);
    filter("");
  }

  Node node() {
    return box;
  }

  void focus() {
    field.requestFocus();
  }

  private void filter(String text) {
    String wanted = text.strip().toLowerCase(Locale.ROOT);
    shown.setAll(
        all.stream()
            .filter(a -> rank(a.title(), wanted) >= 0)
            .sorted(java.util.Comparator.comparingInt(a -> rank(a.title(), wanted)))
            .toList());
    list.getSelectionModel().selectFirst();
  }

  /** How far a title is from what was typed; below 0 if it is not it at all. */
  static int rank(String title, String wanted) {
    String text = title.toLowerCase(Locale.ROOT);
    if (wanted.isEmpty()) {
      return 0;
    }
    int at = text.indexOf(wanted);
    if (at >= 0) {
      return at == 0 ? 0 : text.charAt(at - 1) == ' ' ? 1 : 2;
    }
    int from = 0;
    for (int i = 0; i < wanted.length(); i++) {
      if (wanted.charAt(i) == ' ') {
        continue;
      }
      from = text.indexOf(wanted.charAt(i), from) + 1;
      if (from == 0) {
        return -1;
      }
    }
    return 3;
  }

  private void pressed(KeyEvent e) {
    int at = list.getSelectionModel().getSelectedIndex();
    if (e.getCode() == KeyCode.DOWN || e.getCode() == KeyCode.UP) {
      int to = Math.clamp(at + (e.getCode() == KeyCode.DOWN ? 1 : -1), 0, shown.size());
      list.getSelectionModel().select(Math.min(to, shown.size() - 1));
      list.scrollTo(Math.max(0, to - 4));
      e.consume();
    } else if (e.getCode() == KeyCode.ENTER) {
      e.consume();
      run();
    }
  }

  private void run() {
    Action action = list.getSelectionModel().getSelectedItem();
    if (action != null) {
      close.run();
      action.run().run();
    }
  }

  private static final class Cell extends ListCell<Action> {
    @Override
    protected void updateItem(@Nullable Action item, boolean empty) {
      super.updateItem(item, empty);
      setText(null);
      if (empty || item == null) {
        setGraphic(null);
        return;
      }
      HBox row = Ui.row(8, Ui.label(item.title()), Ui.spacer());
      if (item.keys().isPresent()) {
        row.getChildren().add(Ui.label(item.keysText(), "key"));
      }
      setGraphic(row);
    }
  }
}
