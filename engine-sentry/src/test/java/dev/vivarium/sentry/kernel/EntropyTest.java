package dev.vivarium.sentry.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class EntropyTest {
  /** The key stream of an all-zero key and nonce (RFC 8439, A.1, vector 1), after the first key. */
  @Test
  void theStreamIsChacha20s() {
    byte[] out = new byte[32];
    new Entropy(new byte[32]).fill(out, 0, 32);
    assertEquals(
        "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
        HexFormat.of().formatHex(out));
  }

  @Test
  void nothingIsGivenOutTwice() {
    Entropy entropy = new Entropy(new byte[32]);
    byte[] first = new byte[4096];
    byte[] second = new byte[4096];
    entropy.fill(first, 0, first.length);
    entropy.fill(second, 0, second.length);
    assertFalse(Arrays.equals(first, second));
    for (int at = 0; at + 64 <= first.length; at += 64) {
      for (int other = 0; other + 64 <= second.length; other += 64) {
        assertFalse(Arrays.equals(first, at, at + 64, second, other, other + 64));
      }
    }
  }
}
