package dev.vivarium.microvm.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class AgentProtocolTest {
  private static final Pattern NUMBER =
      Pattern.compile(
          "^(?:#define +|  )([A-Z0-9_]+)(?: = | +)([0-9]+)(?:,.*)?$", Pattern.MULTILINE);

  @Test
  void bothEndsHaveTheSameNumbers() throws Exception {
    Map<String, Integer> c = new HashMap<>();
    Matcher matcher = NUMBER.matcher(Files.readString(Path.of("src/main/c/agent/protocol.h")));
    while (matcher.find()) {
      c.put(matcher.group(1), Integer.valueOf(matcher.group(2)));
    }
    int compared = 0;
    for (Field field : AgentProtocol.class.getDeclaredFields()) {
      if (field.getName().equals("HEADER")) {
        continue;
      }
      assertEquals(c.get(field.getName()), field.getInt(null), field.getName());
      compared++;
    }
    assertTrue(compared >= 24, "only " + compared + " numbers were compared");
    assertTrue(c.size() >= compared, c.toString());
  }
}
