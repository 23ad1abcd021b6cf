package dev.vivarium.sentry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.vivarium.engine.EngineException;
import java.util.List;
import org.junit.jupiter.api.Test;

class UserLookupTest {
  private static final String PASSWD =
      """
      root:x:0:0:root:/root:/bin/bash
      ann:x:1000:1001:Ann:/home/ann:/bin/sh
      broken:x:nobody
      """;
  private static final String GROUP =
      """
      root:x:0:
      ann:x:1001:
      dev:x:50:bob,ann
      audio:x:29:ann
      """;

  private static UserLookup.Identity resolve(String user) throws EngineException {
    return UserLookup.resolve(user, PASSWD, GROUP);
  }

  @Test
  void nothingMeansRoot() throws Exception {
    assertEquals(new UserLookup.Identity(0, 0, List.of(), "/root"), resolve(""));
  }

  @Test
  void aNameBringsItsGroupsAndHome() throws Exception {
    assertEquals(new UserLookup.Identity(1000, 1001, List.of(50, 29), "/home/ann"), resolve("ann"));
  }

  @Test
  void aNumberNeedsNoEntry() throws Exception {
    assertEquals(new UserLookup.Identity(4711, 0, List.of(), "/"), resolve("4711"));
    assertEquals(new UserLookup.Identity(4711, 12, List.of(), "/"), resolve("4711:12"));
  }

  @Test
  void anExplicitGroupReplacesTheOwnOnes() throws Exception {
    assertEquals(new UserLookup.Identity(1000, 50, List.of(), "/home/ann"), resolve("ann:dev"));
  }

  @Test
  void unknownAndMalformedNamesAreRefusedInOneLine() {
    assertEquals(126, assertThrows(EngineException.class, () -> resolve("eve")).exitCode());
    assertThrows(EngineException.class, () -> resolve("ann:none"));
    assertThrows(EngineException.class, () -> resolve("broken"));
  }
}
