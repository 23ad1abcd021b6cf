package dev.vivarium.gui.frame;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * What the user has chosen, in {@code $XDG_CONFIG_HOME/vivarium/desktop.properties}. Read before
 * the window is there; written in the background. Used on the JavaFX thread alone.
 */
public final class Settings {
  /** How the desktop looks. */
  public enum Theme {
    SYSTEM,
    DARK,
    LIGHT
  }

  private static final double SMALLEST = 0.8;
  private static final double LARGEST = 2;

  private final Path file;
  private final Properties values = new Properties();
  private final List<Runnable> listeners = new ArrayList<>();

  private Settings(Path file) {
    this.file = file;
  }

  /** Reads them; what is unreadable is as if it were not there. */
  public static Settings read(Map<String, String> environment) {
    String config = environment.getOrDefault("XDG_CONFIG_HOME", "");
    Path folder =
        config.startsWith("/")
            ? Path.of(config)
            : Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")), ".config");
    Settings settings = new Settings(folder.resolve("vivarium").resolve("desktop.properties"));
    try (Reader in = Files.newBufferedReader(settings.file)) {
      settings.values.load(in);
    } catch (IOException | IllegalArgumentException e) {
      settings.values.clear();
    }
    return settings;
  }

  public Path file() {
    return file;
  }

  /** Called after each change. */
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  public Theme theme() {
    for (Theme theme : Theme.values()) {
      if (theme.name().equalsIgnoreCase(values.getProperty("theme", ""))) {
        return theme;
      }
    }
    return Theme.SYSTEM;
  }

  public void setTheme(Theme theme) {
    set("theme", theme.name().toLowerCase(java.util.Locale.ROOT));
  }

  /** How the system was, dark or light, when somebody last looked. */
  public boolean systemWasDark() {
    return values.getProperty("systemWasDark", "false").equals("true");
  }

  /** Keeps that for the next start; tells no listener. */
  public void setSystemWasDark(boolean dark) {
    values.setProperty("systemWasDark", String.valueOf(dark));
  }

  /** How large everything is drawn, 1 being as usual. */
  public double zoom() {
    return Math.clamp(number("zoom", 1), SMALLEST, LARGEST);
  }

  public void setZoom(double zoom) {
    set("zoom", String.valueOf(Math.round(Math.clamp(zoom, SMALLEST, LARGEST) * 10) / 10.0));
  }

  /** Whether the list asks every running sandbox for its figures each second. */
  public boolean liveFigures() {
    return !values.getProperty("liveFigures", "true").equals("false");
  }

  public void setLiveFigures(boolean live) {
    set("liveFigures", String.valueOf(live));
  }

  /** Whether runs started here keep a report. */
  public boolean record() {
    return !values.getProperty("record", "true").equals("false");
  }

  public void setRecord(boolean record) {
    set("record", String.valueOf(record));
  }

  public double width() {
    return Math.clamp(number("width", 1280), 640, 8000);
  }

  public double height() {
    return Math.clamp(number("height", 800), 400, 8000);
  }

  /** The window's size, for the next time; tells no listener. */
  public void setSize(double width, double height) {
    values.setProperty("width", String.valueOf(width));
    values.setProperty("height", String.valueOf(height));
  }

  private double number(String key, double otherwise) {
    try {
      double value = Double.parseDouble(values.getProperty(key, ""));
      return Double.isFinite(value) ? value : otherwise;
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  private void set(String key, String value) {
    values.setProperty(key, value);
    listeners.forEach(Runnable::run);
  }

  /** A copy that may be written from any thread. */
  public Runnable writer() {
    Properties copy = new Properties();
    copy.putAll(values);
    return () -> {
      try {
        write(copy);
      } catch (IOException e) {
        System.getLogger("vivarium").log(System.Logger.Level.WARNING, "settings: " + file, e);
      }
    };
  }

  private void write(Properties copy) throws IOException {
    Files.createDirectories(file.getParent());
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try (Writer out = Files.newBufferedWriter(part)) {
      copy.store(out, null);
    }
    try {
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
