package dev.vivarium.gui.images;

import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.Sandboxes;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Screen;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.HistoryEntry;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.ImageSummary;
import dev.vivarium.image.store.LayerRecord;
import dev.vivarium.image.store.PruneOptions;
import dev.vivarium.image.store.PruneReport;
import java.io.IOException;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import javafx.collections.transformation.FilteredList;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.SplitPane;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.TextField;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/** The images in the store. */
public final class ImagesScreen implements Screen {
  private static final int MOST_SHARES = 4;

  private final Workbench bench;
  private final Consumer<String> run;
  private final ObservableList<ImageSummary> images = FXCollections.observableArrayList();
  private final FilteredList<ImageSummary> shown = new FilteredList<>(images);
  private final TableView<ImageSummary> table = new TableView<>(shown);
  private final TableView<HistoryEntry> history = new TableView<>();
  private final TextField search = Ui.search(Messages.text("images.search"));
  private final Label use = Ui.label("", "muted", "small");
  private final Label shares = Ui.paragraph("", "muted", "small");
  private Sharing sharing = new Sharing(List.of());
  private final VBox node;

  /**
   * Kept until its image is there: closing it does not stop that, and opening it again shows how
   * far it is, or what kept it from being fetched.
   */
  private @Nullable PullSheet pulling;

  /**
   * @param run opens the form to run one
   */
  public ImagesScreen(Workbench bench, Consumer<String> run) {
    this.bench = bench;
    this.run = run;
    column(table, "images.name", 280, i -> Ui.label(name(i)));
    column(table, "images.id", 110, i -> Ui.label(i.shortId(), "mono", "muted"));
    column(
        table,
        "images.created",
        90,
        i -> Ui.label(i.created().map(t -> Format.since(t, Instant.now())).orElse("–")));
    column(table, "images.size", 90, i -> Ui.label(Format.bytes(i.size())));
    column(table, "images.shared", 90, i -> Ui.label(Format.bytes(i.shared())));
    column(table, "images.own", 90, i -> Ui.label(Format.bytes(i.size() - i.shared())));
    column(table, "images.layers", 70, i -> Ui.label(String.valueOf(i.layers().size())));
    column(table, "images.do", 90, this::buttons);
    Button prune = Ui.button(Messages.text("action.prune"), this::prune);
    prune.setId("images-prune");
    table.setId("images");
    table.setAccessibleText(Messages.text("action.go.images"));
    history.setAccessibleText(Messages.text("images.made"));
    table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
    table.setPlaceholder(
        Ui.empty(
            Messages.text("images.empty.title"),
            Messages.text("images.empty.text"),
            Ui.button(Icons.PULL, Messages.text("action.pull"), this::pull, "accent")));
    table.getSelectionModel().selectedItemProperty().addListener((o, a, b) -> look(b));
    column(history, "images.step", 420, h -> Ui.label(Format.line(h.createdBy(), 300), "mono"));
    column(
        history,
        "images.size",
        90,
        h -> Ui.label(h.layer().map(l -> Format.bytes(l.tarSize())).orElse("–")));
    column(history, "images.usedBy", 240, h -> Ui.label(h.layer().map(this::used).orElse("")));
    column(
        history,
        "images.layer",
        140,
        h -> Ui.label(h.layer().map(l -> shortDigest(l.diffId())).orElse(""), "mono", "muted"));
    history.getStyleClass().add("dense");
    history.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
    history.setPlaceholder(Ui.placeholder(Messages.text("images.choose")));
    search.setId("image-search");
    search.textProperty().addListener((o, a, b) -> filter(b));
    VBox below =
        Ui.column(8, Ui.label(Messages.text("images.made"), "section"), shares, Ui.grow(history));
    below.setPadding(new javafx.geometry.Insets(10, 0, 0, 0));
    SplitPane split = new SplitPane(table, below);
    split.setOrientation(javafx.geometry.Orientation.VERTICAL);
    split.setDividerPositions(0.6);
    node =
        Ui.column(
            12,
            Ui.header(
                Messages.text("action.go.images"),
                search,
                prune,
                Ui.button(Icons.PULL, Messages.text("action.pull"), this::pull, "accent")),
            Ui.grow(split),
            use);
    node.getStyleClass().add("screen");
  }

  private static <T> void column(
      TableView<T> table, String key, double width, Function<T, Node> of) {
    TableColumn<T, T> column = new TableColumn<>(key.equals("images.do") ? "" : Messages.text(key));
    column.setPrefWidth(width);
    column.setSortable(false);
    column.setCellValueFactory(d -> new ReadOnlyObjectWrapper<>(d.getValue()));
    column.setCellFactory(c ->
        new javafx.scene.control.TableCell<>() {
          @Override
          protected void updateItem(@Nullable T item, boolean none) {
            super.updateItem(item, none);
            setGraphic(none || item == null ? null : of.apply(item));
          }
        });
    table.getColumns().add(column);
  }

  private static String name(ImageSummary i) {
    return i.tags().isEmpty()
        ? Messages.text("images.unnamed")
        : Format.line(
            String.join(", ", i.tags().stream().map(ImageReference::familiar).toList()), 200);
  }

  private static String shortDigest(String digest) {
    int colon = digest.indexOf(':');
    return digest.substring(colon + 1, Math.min(digest.length(), colon + 13));
  }

  private String used(LayerRecord layer) {
    ImageSummary of = table.getSelectionModel().getSelectedItem();
    List<String> others = of == null ? List.of() : sharing.others(layer.diffId(), of.id());
    return others.isEmpty()
        ? Messages.text("images.usedBy.one")
        : Messages.text("images.usedBy.also", Format.line(String.join(", ", others), 200));
  }

  private Node buttons(ImageSummary image) {
    String reference = image.tags().isEmpty() ? image.id() : image.tags().getFirst();
    return Ui.row(
        0,
        Ui.iconButton(
            Icons.RUN,
            Messages.text("action.run"),
            () -> run.accept(ImageReference.familiar(reference))),
        Ui.iconButton(Icons.REMOVE, Messages.text("images.remove"), () -> remove(reference)));
  }

  private void filter(String text) {
    String wanted = text.strip().toLowerCase(Locale.ROOT);
    shown.setPredicate(i -> (name(i) + ' ' + i.id()).toLowerCase(Locale.ROOT).contains(wanted));
  }

  private void look(@Nullable ImageSummary image) {
    if (image == null) {
      history.getItems().clear();
      shares.setText("");
      return;
    }
    Sharing known = sharing;
    bench
        .background()
        .run(
            () -> {
              try (ImageStore store = ImageStore.open()) {
                Optional<ImageRecord> found = store.find(image.id());
                return found.isEmpty()
                    ? new Made(List.of(), List.of())
                    : new Made(
                        store.history(found.get()).reversed(),
                        known.with(image.id(), found.get().layers()));
              }
            },
            made -> {
              history.getItems().setAll(made.steps);
              shares.setText(shares(made.with));
            },
            bench.frame()::tell);
  }

  private record Made(List<HistoryEntry> steps, List<Sharing.With> with) {}

  private static String shares(List<Sharing.With> with) {
    if (with.isEmpty()) {
      return Messages.text("images.shares.none");
    }
    String all =
        String.join(
            "; ",
            with.stream()
                .limit(MOST_SHARES)
                .map(w ->
                    Messages.text(
                        "images.shares.with",
                        Format.line(w.name(), 80),
                        w.layers(),
                        Format.bytes(w.bytes())))
                .toList());
    return with.size() <= MOST_SHARES
        ? Messages.text("images.shares", all)
        : Messages.text("images.shares.more", all, with.size() - MOST_SHARES);
  }

  private void remove(String reference) {
    bench
        .background()
        .run(
            () -> {
              try (ImageStore store = ImageStore.open()) {
                return store.remove(reference);
              }
            },
            gone -> {
              bench.frame().tell(Messages.text("images.removed", reference));
              read();
            },
            bench.frame()::tell);
  }

  /** Opens the sheet to fetch one. */
  public void pull() {
    PullSheet sheet = pulling;
    if (sheet == null || sheet.isDone()) {
      sheet = new PullSheet(bench, this::read);
      pulling = sheet;
    }
    bench.frame().openSheet(Messages.text("action.pull"), sheet.node());
    sheet.focus();
  }

  private PruneReport prune(boolean named, boolean dry) throws ImageException, IOException {
    try (ImageStore store = ImageStore.open()) {
      Set<String> inUse = new HashSet<>();
      for (SandboxState s : new Sandboxes(bench.directories()).list()) {
        if (s.isAlive() && !ImageStore.isArchive(s.image()) && !s.image().equals("host")) {
          store.find(s.image()).ifPresent(i -> inUse.add(i.id()));
        }
      }
      return store.prune(new PruneOptions(named, Optional.empty(), Optional.empty(), inUse, dry));
    }
  }

  private void prune() {
    PruneSheet sheet = new PruneSheet(bench, this::prune, this::read);
    bench.frame().openSheet(Messages.text("action.prune"), sheet.node());
  }

  private record Found(List<ImageSummary> images, long total, long unused) {}

  private void read() {
    bench
        .background()
        .run(
            () -> {
              List<ImageSummary> all = ImageStore.summaries(ImageStore.defaultRoot());
              try (ImageStore store = ImageStore.open()) {
                var disk = store.diskUse();
                return new Found(all, disk.total(), disk.unused());
              }
            },
            found -> {
              ImageSummary before = table.getSelectionModel().getSelectedItem();
              sharing = new Sharing(found.images);
              images.setAll(found.images);
              // The same is still chosen, if it is still there.
              shown.stream()
                  .filter(i -> before != null && i.id().equals(before.id()))
                  .findFirst()
                  .ifPresent(table.getSelectionModel()::select);
              use.setText(
                  Messages.text(
                      "images.use", Format.bytes(found.total), Format.bytes(found.unused)));
            },
            bench.frame()::tell);
  }

  @Override
  public Node node() {
    return node;
  }

  @Override
  public void shown() {
    read();
  }

  @Override
  public void find() {
    search.requestFocus();
  }

  @Override
  public List<Action> actions() {
    return List.of(Action.of("prune", "", this::prune));
  }
}
