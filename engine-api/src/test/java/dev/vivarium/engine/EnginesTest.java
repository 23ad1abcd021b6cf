package dev.vivarium.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Alone with the system property: tests of this module run one class after the other. */
final class EnginesTest {
  private static final String KNOWN = "vivarium.engines";

  @AfterEach
  void clear() {
    System.clearProperty(KNOWN);
  }

  @Test
  void whoStartsTheProgramNamesThem() {
    List<Engine> found = Engines.all();
    assertTrue(found.size() > 0, "none on the class path");
    Engine first = found.get(0);
    System.setProperty(KNOWN, first.getClass().getName());
    assertEquals(List.of(first.getClass()), Engines.all().stream().map(Engine::getClass).toList());
  }

  @Test
  void aWrongNameIsOneLine() {
    for (String wrong :
        List.of("no.such.Engine", "java.lang.String", "dev.vivarium.engine.Engine")) {
      System.setProperty(KNOWN, wrong);
      String said =
          String.valueOf(
              assertThrows(EngineException.class, () -> Engines.byName("sentry")).getMessage());
      assertTrue(said.startsWith("an engine cannot be loaded: " + wrong), said);
      assertTrue(said.endsWith("; install Vivarium again"), said);
    }
  }
}
