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

/** Dark or light, large or small, as the settings say or the system does. */
final class Appearance {
  private final Workbench bench;
  private String theme = "";

  /** How the settings want it, as far as that can be known before there is a screen. */
  Appearance(Workbench bench) {
    this.bench = bench;
    show(wasDark(bench.settings()));
    bench
        .settings()
        .onChange(() -> {
          apply();
          bench.background().run(bench.settings().writer());
        });
    bench.frame().addAction(Action.of("theme", "Shortcut+Shift+L", this::turn));
    bench.frame().addAction(Action.of("zoom.in", "Shortcut+Plus", () -> zoom(0.1)));
    bench.frame().addAction(Action.of("zoom.out", "Shortcut+Minus", () -> zoom(-0.1)));
    bench
        .frame()
        .addAction(Action.of("zoom.reset", "Shortcut+0", () -> bench.settings().setZoom(1)));
  }

  /** The screen is there: as it is set, from now on. */
  void begin() {
    Platform.getPreferences().colorSchemeProperty().addListener((o, before, now) -> apply());
    apply();
  }

  private void zoom(double by) {
    bench.settings().setZoom(bench.settings().zoom() + by);
  }

  private void turn() {
    bench.settings().setTheme(isDark() ? Settings.Theme.LIGHT : Settings.Theme.DARK);
  }

  private boolean isDark() {
    return switch (bench.settings().theme()) {
      case DARK -> true;
      case LIGHT -> false;
      case SYSTEM -> Platform.getPreferences().getColorScheme() == ColorScheme.DARK;
    };
  }

  /** The same before the system can be asked: as it was the last time. */
  private static boolean wasDark(Settings settings) {
    return switch (settings.theme()) {
      case DARK -> true;
      case LIGHT -> false;
      case SYSTEM -> settings.systemWasDark();
    };
  }

  private static String sheet(boolean dark) {
    return dark
        ? new PrimerDark().getUserAgentStylesheet()
        : new PrimerLight().getUserAgentStylesheet();
  }

  /** Loads the style sheet of a theme, for the controls that are made next. */
  static void load(Settings settings) {
    Application.setUserAgentStylesheet(sheet(wasDark(settings)));
  }

  private void apply() {
    boolean dark = isDark();
    if (bench.settings().theme() == Settings.Theme.SYSTEM) {
      bench.settings().setSystemWasDark(dark);
    }
    show(dark);
  }

  private void show(boolean dark) {
    String wanted = sheet(dark);
    if (!wanted.equals(theme)) {
      theme = wanted;
      if (!wanted.equals(Application.getUserAgentStylesheet())) {
        Application.setUserAgentStylesheet(wanted);
      }
      bench.colors().set(dark ? Colors.DARK : Colors.LIGHT);
    }
    String size =
        String.format(Locale.ROOT, "-fx-font-size: %.1fpx;", 13 * bench.settings().zoom());
    if (!size.equals(bench.frame().root().getStyle())) {
      bench.frame().root().setStyle(size);
    }
  }
}
