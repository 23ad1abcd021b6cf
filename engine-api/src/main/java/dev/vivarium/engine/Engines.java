package dev.vivarium.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** The engines on the class path. */
public final class Engines {
  /**
   * Their classes, separated by commas: who starts this program knows them. To look for them in the
   * jar takes longer than all else that is done until a sandbox begins.
   */
  private static final String KNOWN = "vivarium.engines";

  private Engines() {}

  /** All of them; constructing one does nothing else, so this is cheap. */
  public static List<Engine> all() {
    List<Engine> engines = new ArrayList<>();
    String known = System.getProperty(KNOWN, "");
    if (!known.isEmpty()) {
      for (String name : known.split(",")) {
        engines.add(instance(name));
      }
      return engines;
    }
    for (Engine engine : ServiceLoader.load(Engine.class)) {
      engines.add(engine);
    }
    return engines;
  }

  private static Engine instance(String name) {
    try {
      return (Engine) Class.forName(name).getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException | ClassCastException | LinkageError e) {
      throw new ServiceConfigurationError(name + ": " + e, e);
    }
  }

  /**
   * The one with this name.
   *
   * @throws EngineException if there is none
   */
  public static Engine byName(String name) throws EngineException {
    List<Engine> engines;
    try {
      engines = all();
    } catch (ServiceConfigurationError e) {
      throw new EngineException(
          125, "an engine cannot be loaded: " + e.getMessage() + "; install Vivarium again", e);
    }
    for (Engine engine : engines) {
      if (engine.name().equals(name)) {
        return engine;
      }
    }
    throw new EngineException(
        125,
        "no such engine: "
            + name
            + "; there are: "
            + engines.stream().map(Engine::name).collect(Collectors.joining(", ")));
  }
}
