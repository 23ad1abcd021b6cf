package dev.vivarium.gui.images;

import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.PruneReport;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/** Shows what would go and how much space comes back, before anything goes. */
final class PruneSheet {
  /** Clears out, or says what would go. */
  interface Pruning {
    PruneReport prune(boolean named, boolean dry) throws Exception;
  }

  private final Workbench bench;
  private final Pruning pruning;
  private final Runnable done;
  private final CheckBox named = new CheckBox(Messages.text("prune.named"));
  private final ListView<ImageRecord> going = new ListView<>();
  private final Label sum = Ui.paragraph("", "section");
  private final Button go;
  private final VBox node;
  private int asked;

  /**
   * @param done told once something is gone
   */
  PruneSheet(Workbench bench, Pruning pruning, Runnable done) {
    this.bench = bench;
    this.pruning = pruning;
    this.done = done;
    named.setId("prune-named");
    named.setOnAction(e -> look());
    going.setId("prune-list");
    going.setAccessibleText(Messages.text("prune.list"));
    going.setPrefHeight(220);
    going.setPlaceholder(Ui.placeholder(Messages.text("prune.none")));
    going.setCellFactory(l ->
        new ListCell<>() {
          @Override
          protected void updateItem(@Nullable ImageRecord image, boolean none) {
            super.updateItem(image, none);
            setGraphic(none || image == null ? null : line(image));
          }
        });
    sum.setId("prune-sum");
    go = Ui.button(Messages.text("prune.go"), this::go, "accent");
    go.setId("prune-go");
    go.setDisable(true);
    node =
        Ui.column(
            14,
            Ui.paragraph(Messages.text("prune.text"), "muted"),
            named,
            Ui.grow(going),
            sum,
            Ui.row(
                10,
                Ui.spacer(),
                Ui.button(Messages.text("run.cancel"), bench.frame()::closeOver),
                go));
    node.setPrefWidth(560);
    look();
  }

  Region node() {
    return node;
  }

  private static Region line(ImageRecord image) {
    String name =
        image.tags().isEmpty()
            ? Messages.text("images.unnamed")
            : String.join(", ", image.tags().stream().map(ImageReference::familiar).toList());
    Label label = Ui.label(Format.line(name, 200));
    label.setMinWidth(0);
    return Ui.row(
        10,
        label,
        Ui.label(image.shortId(), "mono", "muted"),
        Ui.spacer(),
        Ui.label(Format.bytes(image.size())));
  }

  private void look() {
    int question = ++asked;
    boolean all = named.isSelected();
    go.setDisable(true);
    bench
        .background()
        .run(
            () -> pruning.prune(all, true),
            would -> {
              if (question == asked) {
                show(would);
              }
            },
            bench.frame()::tell);
  }

  private void show(PruneReport would) {
    going.getItems().setAll(would.images());
    sum.setText(
        Messages.text(
            "prune.would",
            would.images().size(),
            would.layers().size(),
            Format.bytes(would.bytes())));
    go.setDisable(would.images().isEmpty() && would.layers().isEmpty() && would.strayFiles() == 0);
  }

  private void go() {
    boolean all = named.isSelected();
    bench.frame().closeOver();
    bench
        .background()
        .run(
            () -> pruning.prune(all, false),
            gone -> {
              bench.frame().tell(Messages.text("prune.done", Format.bytes(gone.bytes())));
              done.run();
            },
            bench.frame()::tell);
  }
}
