package dev.vivarium.gui;

import atlantafx.base.theme.PrimerDark;
import atlantafx.base.theme.PrimerLight;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Colors;
import dev.vivarium.gui.frame.Settings;
import dev.vivarium.gui.frame.Workbench;
import java.util.Locale;
import javafx.application.Application;
import javafx.application.ColorScheme;
import javafx.application.Platform;
import javafx.scene.Scene;

/** Dark or light, large or small, as the settings say or the system does. */
final class Appearance {
  private final Workbench bench;
  private final Scene scene;
  private String theme = "";

  Appearance(Workbench bench, Scene scene) {
    this.bench = bench;
    this.scene = scene;
    bench
        .settings()
        .onChange(() -> {
          apply();
          bench.background().run(bench.settings().writer());
        });
    Platform.getPreferences().colorSchemeProperty().addListener((o, before, now) -> apply());
    bench.frame().addAction(Action.of("theme", "Shortcut+Shift+L", this::turn));
    bench.frame().addAction(Action.of("zoom.in", "Shortcut+Plus", () -> zoom(0.1)));
    bench.frame().addAction(Action.of("zoom.out", "Shortcut+Minus", () -> zoom(-0.1)));
    bench
        .frame()
        .addAction(Action.of("zoom.reset", "Shortcut+0", () -> bench.settings().setZoom(1)));
  }

  private void zoom(double by) {
    bench.settings().setZoom(bench.settings().zoom() + by);
  }

  private void turn() {
    bench.settings().setTheme(isDark() ? Settings.Theme.LIGHT : Settings.Theme.DARK);
  }

  private boolean isDark() {
    return isDark(bench.settings().theme());
  }

  private static boolean isDark(Settings.Theme theme) {
    return switch (theme) {
      case DARK -> true;
      case LIGHT -> false;
      case SYSTEM -> Platform.getPreferences().getColorScheme() == ColorScheme.DARK;
    };
  }

  private static String sheet(boolean dark) {
    return dark
        ? new PrimerDark().getUserAgentStylesheet()
        : new PrimerLight().getUserAgentStylesheet();
  }

  /** Loads the style sheet of a theme, for the controls that are made next. */
  static void load(Settings.Theme theme) {
    Application.setUserAgentStylesheet(sheet(isDark(theme)));
  }

  void apply() {
    boolean dark = isDark();
    String wanted = sheet(dark);
    if (!wanted.equals(theme)) {
      theme = wanted;
      if (!wanted.equals(Application.getUserAgentStylesheet())) {
        Application.setUserAgentStylesheet(wanted);
      }
      bench.colors().set(dark ? Colors.DARK : Colors.LIGHT);
    }
    scene
        .getRoot()
        .setStyle(
            String.format(Locale.ROOT, "-fx-font-size: %.1fpx;", 13 * bench.settings().zoom()));
  }
}
