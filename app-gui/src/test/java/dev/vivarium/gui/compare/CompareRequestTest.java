package dev.vivarium.gui.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.compare.Preset;
import dev.vivarium.gui.frame.Messages;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CompareRequestTest {
  @Test
  void theFormComesToTheCommandThatOneWouldType() {
    CompareRequest own =
        new CompareRequest(
            " debian:12",
            Optional.empty(),
            "grep -r 'a b' /etc",
            List.of("sentry", "microvm"),
            3,
            false);
    assertEquals(
        List.of(
            "compare",
            "--engines",
            "sentry,microvm",
            "--runs",
            "3",
            "--no-calls",
            "debian:12",
            "--",
            "grep",
            "-r",
            "a b",
            "/etc"),
        own.words());
    CompareRequest known =
        new CompareRequest(
            "host", Optional.of(Preset.FILES), "not looked at '", CompareRequest.ENGINES, 5, true);
    assertEquals(List.of("compare", "--preset", "files", "host"), known.words());
    assertEquals(Preset.FILES.command(), known.work());
    assertEquals(3 * 6 + 2, known.allRuns());
  }

  @Test
  void withoutWorkOrAnEngineThereIsNothingToCompare() {
    assertFalse(
        new CompareRequest("host", Optional.empty(), " ", List.of("sentry"), 1, true).isComplete());
    assertFalse(
        new CompareRequest("host", Optional.of(Preset.CPU), "", List.of(), 1, true).isComplete());
    assertTrue(
        new CompareRequest("host", Optional.of(Preset.CPU), "", List.of("sentry"), 1, true)
            .isComplete());
  }

  @Test
  void everyKnownWorkHasAName() {
    for (Preset preset : Preset.values()) {
      String key = "compare.preset." + preset.word();
      assertNotEquals(key, Messages.text(key));
    }
    for (Figure figure : Figure.values()) {
      assertNotEquals(figure.key(), Messages.text(figure.key()));
    }
  }
}
