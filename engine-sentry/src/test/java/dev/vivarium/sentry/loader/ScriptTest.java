package dev.vivarium.sentry.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ScriptTest {
  private static Script parse(String text) {
    byte[] start = Arrays.copyOf(text.getBytes(StandardCharsets.ISO_8859_1), 256);
    return Script.parse(start, Math.min(256, text.length()));
  }

  @Test
  void allThatFollowsTheInterpreterIsOneArgument() {
    assertEquals(new Script("/bin/sh", null), parse("#!/bin/sh\necho"));
    assertEquals(new Script("/usr/bin/env", "-S a  b"), parse("#! \t/usr/bin/env \t-S a  b \t\n"));
    assertEquals(new Script("/bin/sh", null), parse("#!/bin/sh"));
  }

  @Test
  void withoutAnInterpreterItIsNoScript() {
    assertNull(parse("#!"));
    assertNull(parse("#!  \n/bin/sh"));
  }

  @Test
  void anInterpreterThatIsCutOffIsRefusedAndACutArgumentIsNot() {
    assertNull(parse("#!/" + "x".repeat(300)));
    assertEquals("x".repeat(245), parse("#!/bin/cat " + "x".repeat(300)).argument());
  }
}
