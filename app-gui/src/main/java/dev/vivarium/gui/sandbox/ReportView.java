package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.engine.watch.report.Report;
import dev.vivarium.gui.frame.Exports;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.TextArea;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/** What a finished run did, in one page. */
final class ReportView {
  private final Workbench bench;
  private final SandboxItem item;
  private final TextArea text = new TextArea();
  private final Label level = Ui.label("", "badge");
  private final VBox node;
  private @Nullable Report report;

  ReportView(Workbench bench, SandboxItem item) {
    this.bench = bench;
    this.item = item;
    text.setEditable(false);
    text.getStyleClass().add("code");
    text.setId("report");
    text.setAccessibleText(Messages.text("tab.report"));
    level.setVisible(false);
    node =
        Ui.column(
            10,
            Ui.row(
                10,
                level,
                Ui.spacer(),
                Ui.button(Icons.EXPORT, Messages.text("report.export"), this::export)),
            Ui.grow(text));
    node.getStyleClass().add("tab-content");
  }

  Node node() {
    return node;
  }

  void refresh() {
    if (item.state().isAlive()) {
      text.setText(Messages.text("report.running"));
      return;
    }
    bench
        .background()
        .run(
            () ->
                Report.read(
                    Files.readAllBytes(StateEntry.of(bench.directories(), item.id()).report())),
            this::show,
            problem -> text.setText(Messages.text("report.none")));
  }

  private void show(Report found) {
    report = found;
    level.setText(Messages.text("report.level", found.level()));
    level.getStyleClass().setAll("label", "badge");
    switch (found.level()) {
      case "high" -> level.getStyleClass().add("bad");
      case "medium" -> level.getStyleClass().add("warn");
      default -> {
        // as any
      }
    }
    level.setVisible(true);
    String all = found.as("text").map(b -> new String(b, StandardCharsets.UTF_8)).orElse("");
    text.setText(Format.lines(all));
    text.positionCaret(0);
  }

  void export() {
    Report r = report;
    if (r == null) {
      bench.frame().tell(Messages.text("report.none"));
      return;
    }
    Exports.save(
        bench,
        node,
        Messages.text("report.export"),
        item.state().name() + ".html",
        file -> r.as(Report.formOfFile(file.getName())).orElseThrow());
  }
}
