package dev.vivarium.microvm.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class GoferMessageTest {
  @Test
  void theGofersVersionIsTheOneThatGuestsNetworksExpect() throws Exception {
    Matcher version =
        Pattern.compile("#define NETGOFER_VERSION ([0-9]+)\n")
            .matcher(Files.readString(Path.of("../engine-sentry/src/main/c/netgofer/protocol.h")));
    assertTrue(version.find(), "protocol.h has no version");
    assertEquals(GoferMessage.VERSION, Integer.parseInt(version.group(1)));
  }
}
