package dev.vivarium.gui.host;

import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Screen;
import dev.vivarium.gui.frame.Settings;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.image.store.ImageStore;
import java.util.List;
import java.util.Locale;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.Slider;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;

/** How this desktop looks and works; and where everything is kept. */
public final class SettingsScreen implements Screen {
  private final VBox node;

  /** Shows the settings, and changes them at once. */
  public SettingsScreen(Workbench bench) {
    Settings settings = bench.settings();
    ComboBox<Settings.Theme> theme = new ComboBox<>();
    theme.getItems().setAll(Settings.Theme.values());
    theme.setValue(settings.theme());
    theme.setId("theme");
    theme.setConverter(
        new StringConverter<>() {
          @Override
          public String toString(Settings.@Nullable Theme t) {
            return t == null
                ? ""
                : Messages.text("settings.theme." + t.name().toLowerCase(Locale.ROOT));
          }

          @Override
          public Settings.Theme fromString(String text) {
            return Settings.Theme.SYSTEM;
          }
        });
    theme.setOnAction(e -> settings.setTheme(theme.getValue()));
    Slider zoom = new Slider(0.8, 2, settings.zoom());
    zoom.setMajorTickUnit(0.2);
    zoom.setMinorTickCount(1);
    zoom.setSnapToTicks(true);
    zoom.setShowTickMarks(true);
    zoom.setPrefWidth(260);
    zoom.setAccessibleText(Messages.text("settings.zoom"));
    Label zoomText = Ui.label(percent(settings.zoom()), "muted");
    zoom.valueProperty()
        .addListener((o, a, b) -> {
          zoomText.setText(percent(b.doubleValue()));
          if (!zoom.isValueChanging()) {
            settings.setZoom(b.doubleValue());
          }
        });
    CheckBox live = new CheckBox(Messages.text("settings.live"));
    live.setSelected(settings.liveFigures());
    live.setOnAction(e -> settings.setLiveFigures(live.isSelected()));
    CheckBox record = new CheckBox(Messages.text("settings.record"));
    record.setSelected(settings.record());
    record.setOnAction(e -> settings.setRecord(record.isSelected()));
    GridPane grid = new GridPane(20, 14);
    add(grid, "settings.theme", theme, "");
    add(grid, "settings.zoom", Ui.row(12, zoom, zoomText), "");
    add(grid, "settings.list", live, Messages.text("settings.live.text"));
    add(grid, "settings.runs", record, Messages.text("settings.record.text"));
    GridPane places = new GridPane(20, 8);
    place(places, "settings.place.run", bench.directories().run().toString());
    place(places, "settings.place.state", bench.directories().state().toString());
    place(places, "settings.place.store", ImageStore.defaultRoot().toString());
    place(places, "settings.place.file", settings.file().toString());
    node =
        Ui.column(
            18,
            Ui.header(Messages.text("action.go.settings")),
            grid,
            Ui.label(Messages.text("settings.places"), "section"),
            places);
    node.getStyleClass().add("screen");
    settings.onChange(() -> {
      theme.setValue(settings.theme());
      zoom.setValue(settings.zoom());
    });
  }

  private static String percent(double zoom) {
    return Math.round(zoom * 100) + " %";
  }

  private static void add(GridPane grid, String key, Node field, String text) {
    Label name = Ui.label(Messages.text(key));
    name.setMinWidth(150);
    name.setLabelFor(field);
    field.setAccessibleText(Messages.text(key));
    // Beside its field, which may have a text below.
    GridPane.setValignment(
        name, text.isEmpty() ? javafx.geometry.VPos.CENTER : javafx.geometry.VPos.TOP);
    VBox box = Ui.column(4, field);
    if (!text.isEmpty()) {
      Label more = Ui.paragraph(text, "muted", "small");
      more.setMaxWidth(520);
      box.getChildren().add(more);
    }
    grid.addRow(grid.getRowCount(), name, box);
  }

  private static void place(GridPane grid, String key, String path) {
    Label name = Ui.label(Messages.text(key), "muted");
    name.setMinWidth(150);
    grid.addRow(grid.getRowCount(), name, Ui.label(path, "mono"));
  }

  @Override
  public Node node() {
    return node;
  }

  @Override
  public List<dev.vivarium.gui.frame.Action> actions() {
    return List.of();
  }
}
