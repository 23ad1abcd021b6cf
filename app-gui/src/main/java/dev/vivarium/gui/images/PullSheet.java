package dev.vivarium.gui.images;

import dev.vivarium.gui.frame.Background;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.Progress;
import dev.vivarium.image.store.PullOptions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TextField;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/** Fetches an image, and shows how far each of its layers is. Closing it does not stop that. */
final class PullSheet implements PullProgress.View {
  private final Workbench bench;
  private final Runnable done;
  private final TextField name = new TextField();
  private final CheckBox plain = new CheckBox(Messages.text("pull.plain"));
  private final VBox layers = new VBox(6);
  private final Label state = Ui.paragraph(Messages.text("pull.hint"), "muted");
  private final Button go;
  private final Button stop;
  private final VBox node;
  private final Map<String, Row> rows = new LinkedHashMap<>();
  private @Nullable Future<?> running;
  private @Nullable PullProgress progress;
  private boolean fetched;

  private static final class Row {
    final ProgressBar bar = new ProgressBar(0);
    final Label text = Ui.label("", "muted", "small");
    final long size;

    Row(long size) {
      this.size = size;
      bar.setPrefWidth(260);
      text.setMinWidth(150);
    }
  }

  PullSheet(Workbench bench, Runnable done) {
    this.bench = bench;
    this.done = done;
    name.setPromptText(Messages.text("pull.prompt"));
    name.setAccessibleText(Messages.text("pull.prompt"));
    name.setId("pull-name");
    go = Ui.button(Icons.PULL, Messages.text("pull.go"), this::start, "accent");
    go.setDefaultButton(true);
    stop = Ui.button(Messages.text("pull.stop"), this::stop);
    stop.setDisable(true);
    stop.setId("pull-stop");
    go.setId("pull-go");
    ScrollPane scroll = new ScrollPane(layers);
    scroll.setFitToWidth(true);
    scroll.setPrefHeight(260);
    node =
        Ui.column(
            12, Ui.row(8, Ui.grow(name), go), plain, state, scroll, Ui.row(8, Ui.spacer(), stop));
    node.setPrefWidth(640);
  }

  Region node() {
    return node;
  }

  void focus() {
    name.requestFocus();
  }

  private void start() {
    String wanted = name.getText().strip();
    if (wanted.isEmpty() || running != null) {
      return;
    }
    fetched = false;
    boolean http = plain.isSelected();
    go.setDisable(true);
    stop.setDisable(false);
    layers.getChildren().clear();
    rows.clear();
    state.setText(Messages.text("pull.asking", wanted));
    PullProgress mine =
        new PullProgress(
            this,
            Background::later,
            CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS, Background::later)
                ::execute);
    progress = mine;
    running =
        bench
            .background()
            .run(
                () -> pull(wanted, http, mine),
                image -> {
                  // It may have come while somebody stopped it: then it is there, and that is all.
                  fetched = true;
                  done.run();
                  if (!mine.isOver()) {
                    ended(Messages.text("pull.done", wanted));
                    bench.frame().tell(Messages.text("pull.done", wanted));
                  }
                },
                problem -> {
                  if (!mine.isOver()) {
                    ended(problem.what() + ". " + problem.remedy());
                    if (node.getScene() == null) {
                      bench.frame().tell(problem);
                    }
                  }
                });
  }

  /** Whether the image is there; until then what was typed, and how far it is, is worth keeping. */
  boolean isDone() {
    return fetched;
  }

  private static ImageRecord pull(String wanted, boolean http, PullProgress progress)
      throws Exception {
    String arch =
        switch (System.getProperty("os.arch").toLowerCase(Locale.ROOT)) {
          case "aarch64" -> "arm64";
          default -> "amd64";
        };
    try (ImageStore store = ImageStore.open()) {
      return ImageStore.isArchive(wanted)
          ? store.importArchive(wanted, true, arch, progress)
          : store.pull(
              ImageReference.parse(wanted),
              PullOptions.DEFAULT.withPlainHttp(http).withArchitecture(arch),
              progress);
    }
  }

  private void stop() {
    if (running != null) {
      running.cancel(true);
      ended(Messages.text("pull.stopped"));
    }
  }

  private void ended(String how) {
    if (progress != null) {
      progress.end();
    }
    running = null;
    go.setDisable(false);
    stop.setDisable(true);
    state.setText(how);
  }

  @Override
  public void layers(List<Progress.Layer> all) {
    state.setText(
        all.size() == 1
            ? Messages.text("pull.layers.one")
            : Messages.text("pull.layers", all.size()));
    for (Progress.Layer layer : all) {
      Row row = new Row(layer.size());
      rows.put(layer.digest(), row);
      String digest = layer.digest();
      int colon = digest.indexOf(':');
      HBox line =
          Ui.row(
              10,
              Ui.label(digest.substring(colon + 1, Math.min(digest.length(), colon + 13)), "mono"),
              Ui.grow(row.bar),
              row.text);
      row.bar.setMaxWidth(Double.MAX_VALUE);
      row.text.setText(Format.bytes(layer.size()));
      layers.getChildren().add(line);
      if (layer.present()) {
        finished(digest, Messages.text("pull.layer.present"));
      }
    }
  }

  @Override
  public void advanced(String digest, long bytes) {
    Row row = rows.get(digest);
    if (row != null) {
      row.bar.setProgress(row.size <= 0 ? -1 : Math.min(1, (double) bytes / row.size));
      row.text.setText(Format.bytes(bytes) + " / " + Format.bytes(row.size));
    }
  }

  @Override
  public void finished(String digest) {
    finished(digest, Messages.text("pull.layer.done"));
  }

  private void finished(String digest, String text) {
    Row row = rows.get(digest);
    if (row != null) {
      row.bar.setProgress(1);
      row.text.setText(text);
    }
  }
}
