package dev.vivarium.profiles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ProfileTextTest {
  private static final String TEXT =
      """
      # ours
      description: a service # and its tests
      extends: dev

      network:
        mode: allow
        # the registry
        allow:
          - pypi.org:443
          - "*.example.org"
      # how much
      limits:
        memory: 512m   # of all
      """;

  @Test
  void anotherValueLeavesWhatIsAroundItAsItWas() throws Exception {
    assertEquals(
        TEXT.replace("512m", "2g"),
        ProfileText.withValue(TEXT, "limits.memory", Optional.of("2g")));
    assertEquals(
        TEXT.replace("a service", "\"it: is\\t\\\"x\\\"\""),
        ProfileText.withValue(TEXT, "description", Optional.of("it: is\t\"x\"")));
    assertEquals(
        TEXT.replace("extends: dev", "extends: ci"),
        ProfileText.withValue(TEXT, ProfileText.EXTENDS, Optional.of("ci")));
  }

  @Test
  void aListIsReplacedBetweenItsNeighbours() throws Exception {
    assertEquals(
        TEXT.replace(
            "    - pypi.org:443\n    - \"*.example.org\"\n",
            "    - pypi.org:443\n    - \"*.debian.org:80\"\n    - 10.0.0.0/8\n"),
        ProfileText.withList(
            TEXT, "network.allow", List.of("pypi.org:443", "*.debian.org:80", "10.0.0.0/8")));
  }

  @Test
  void whatIsNotThereYetComesIntoItsGroupOrToTheEnd() throws Exception {
    assertEquals(
        TEXT.replace("    - \"*.example.org\"\n", "    - \"*.example.org\"\n  rate: 10mbit\n"),
        ProfileText.withValue(TEXT, "network.rate", Optional.of("10mbit")));
    assertEquals(
        TEXT + "environment:\n  EMPTY: \"\"\n  MODE: test\n",
        ProfileText.withEntries(
            TEXT, "environment", new java.util.TreeMap<>(Map.of("MODE", "test", "EMPTY", ""))));
    assertEquals(
        TEXT + "machine:\n  disk: 2g\n",
        ProfileText.withValue(TEXT, "machine.disk", Optional.of("2g")));
    assertEquals(
        "network:\n  mode: full\n", ProfileText.withValue("", "network.mode", Optional.of("full")));
  }

  @Test
  void whatIsTakenAwayTakesItsGroupWithItIfItWasTheLast() throws Exception {
    assertEquals(
        TEXT.replace("limits:\n  memory: 512m   # of all\n", ""),
        ProfileText.withValue(TEXT, "limits.memory", Optional.empty()));
    assertEquals(
        TEXT.replace("  allow:\n    - pypi.org:443\n    - \"*.example.org\"\n", ""),
        ProfileText.withList(TEXT, "network.allow", List.of()));
    assertEquals(TEXT, ProfileText.withValue(TEXT, "user", Optional.empty()));
  }

  @Test
  void whatIsWrittenInAnotherWayIsLeftToPeople() {
    String flow = "network: {mode: allow, allow: [a.example]}\n";
    assertThrows(
        ProfileException.class,
        () -> ProfileText.withValue(flow, "network.mode", Optional.of("full")));
    assertThrows(
        ProfileException.class,
        () -> ProfileText.withValue("netwrk: 1\n", "user", Optional.of("0")));
    assertThrows(
        ProfileException.class,
        () -> ProfileText.withValue(TEXT, "network.mode", Optional.of("perhaps")));
  }

  @Test
  void whateverIsWrittenIsReadAsItWasMeant() throws Exception {
    Random random = new Random(7);
    String strange = " :#-*&!|>'\"%@`{}[],?~\\\t\näö=.0a";
    String text = TEXT;
    for (int i = 0; i < 400; i++) {
      StringBuilder value = new StringBuilder();
      for (int n = random.nextInt(6); n >= 0; n--) {
        value.append(strange.charAt(random.nextInt(strange.length())));
      }
      text = ProfileText.withEntries(text, "environment", Map.of("A", value.toString()));
      assertEquals(
          Map.of("A", value.toString()),
          ProfileText.read("x", text).settings().get(Field.ENVIRONMENT).entries());
    }
  }
}
