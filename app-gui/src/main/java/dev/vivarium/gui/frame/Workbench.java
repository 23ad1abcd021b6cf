package dev.vivarium.gui.frame;

import dev.vivarium.engine.state.Directories;
import java.nio.file.Path;
import java.util.Map;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;

/** What every screen is given: its surroundings, made once. */
public final class Workbench {
  private final Map<String, String> environment;
  private final Directories directories;
  private final Path home;
  private final Settings settings;
  private final Background background = new Background();
  private final ObjectProperty<Colors> colors = new SimpleObjectProperty<>(Colors.DARK);
  private final Frame frame;

  /**
   * @param home where this installation is
   */
  public Workbench(
      Map<String, String> environment, Directories directories, Path home, Settings settings) {
    this.environment = Map.copyOf(environment);
    this.directories = directories;
    this.home = home;
    this.settings = settings;
    this.frame = new Frame();
  }

  public Map<String, String> environment() {
    return environment;
  }

  public Directories directories() {
    return directories;
  }

  public Settings settings() {
    return settings;
  }

  public Background background() {
    return background;
  }

  public Frame frame() {
    return frame;
  }

  /** Those of the theme that is shown. */
  public ObjectProperty<Colors> colors() {
    return colors;
  }

  /** The command line of this installation. */
  public Program program() {
    return new Program(home);
  }
}
