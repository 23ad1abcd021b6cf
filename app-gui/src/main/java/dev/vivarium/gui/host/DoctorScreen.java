package dev.vivarium.gui.host;

import dev.vivarium.engine.Engine;
import dev.vivarium.engine.EngineProbe;
import dev.vivarium.engine.Engines;
import dev.vivarium.engine.client.HostChecks;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Screen;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javafx.beans.InvalidationListener;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressIndicator;
import javafx.scene.control.ScrollPane;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;

/** What this machine can and cannot do, and how to fix it: the same checks as viv doctor. */
public final class DoctorScreen implements Screen {
  private final Workbench bench;
  private final VBox parts = new VBox(18);
  private final ProgressIndicator busy = new ProgressIndicator();
  private final VBox node;
  private boolean known;

  /** One that has not looked yet. */
  public DoctorScreen(Workbench bench) {
    this.bench = bench;
    busy.setPrefSize(22, 22);
    busy.setVisible(false);
    ScrollPane scroll = new ScrollPane(parts);
    scroll.setFitToWidth(true);
    // Room beside the scroll bar, where there is one.
    InvalidationListener room =
        changed -> {
          boolean scrolls = scroll.getViewportBounds().getHeight() < parts.getHeight();
          parts.setPadding(new javafx.geometry.Insets(0, scrolls ? 14 : 0, 0, 0));
        };
    scroll.viewportBoundsProperty().addListener(room);
    parts.heightProperty().addListener(room);
    parts.setId("doctor");
    node =
        Ui.column(
            12,
            Ui.header(
                Messages.text("action.go.doctor"),
                busy,
                Ui.button(Messages.text("doctor.again"), this::look)),
            Ui.paragraph(Messages.text("doctor.text"), "muted"),
            Ui.grow(scroll));
    node.getStyleClass().add("screen");
  }

  private record Part(String name, boolean usable, List<EngineProbe.Finding> findings) {}

  private void look() {
    busy.setVisible(true);
    bench
        .background()
        .run(
            this::examine,
            found -> {
              busy.setVisible(false);
              known = true;
              parts.getChildren().setAll(found.stream().map(this::show).toList());
            },
            problem -> {
              busy.setVisible(false);
              bench.frame().tell(problem);
            });
  }

  private List<Part> examine() {
    List<Part> all = new ArrayList<>();
    all.add(
        new Part(Messages.text("doctor.host"), true, new HostChecks(bench.environment()).all()));
    for (Engine engine : Engines.all()) {
      EngineProbe probe = engine.probe();
      all.add(
          new Part(
              Messages.text("doctor.engine", engine.name()), probe.usable(), probe.findings()));
    }
    return all;
  }

  private Node show(Part part) {
    GridPane grid = new GridPane(12, 9);
    var first = new javafx.scene.layout.ColumnConstraints(14);
    var second = new javafx.scene.layout.ColumnConstraints(150);
    var third = new javafx.scene.layout.ColumnConstraints();
    third.setHgrow(javafx.scene.layout.Priority.ALWAYS);
    grid.getColumnConstraints().addAll(first, second, third);
    int row = 0;
    for (EngineProbe.Finding f : part.findings()) {
      Region dot = new Region();
      String level = f.level().name().toLowerCase(Locale.ROOT);
      dot.getStyleClass().setAll("dot", level);
      dot.setAccessibleText(Messages.text("doctor." + level));
      Label name = Ui.label(f.name());
      VBox what = Ui.column(3, Ui.paragraph(Format.line(f.detail(), 400), "muted"));
      if (!f.remedy().isEmpty()) {
        what.getChildren()
            .add(
                Ui.row(
                    6,
                    Ui.paragraph(Format.line(f.remedy(), 300)),
                    Ui.iconButton(
                        Icons.COPY, Messages.text("doctor.copy"), () -> copy(f.remedy()))));
      }
      for (Node n : List.of(dot, name, what)) {
        GridPane.setValignment(n, javafx.geometry.VPos.TOP);
      }
      GridPane.setMargin(dot, new javafx.geometry.Insets(5, 0, 0, 2));
      grid.addRow(row++, dot, name, what);
    }
    Label badge =
        Ui.label(
            Messages.text(part.usable() ? "doctor.usable" : "doctor.unusable"),
            "badge",
            part.usable() ? "good" : "bad");
    VBox card = Ui.column(12, Ui.row(10, Ui.label(part.name(), "section"), badge), grid);
    card.getStyleClass().add("card");
    return card;
  }

  private void copy(String text) {
    ClipboardContent content = new ClipboardContent();
    content.putString(text);
    Clipboard.getSystemClipboard().setContent(content);
    bench.frame().tell(Messages.text("run.copied"));
  }

  @Override
  public Node node() {
    return node;
  }

  @Override
  public void shown() {
    if (!known) {
      look();
    }
  }
}
