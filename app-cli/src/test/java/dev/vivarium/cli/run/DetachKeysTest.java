package dev.vivarium.cli.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.vivarium.cli.CliException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class DetachKeysTest {
  /** What reaches the sandbox of some pieces, and a bar where it is left. */
  private static String typed(String keys, String... pieces) throws CliException {
    DetachKeys detach = DetachKeys.of(keys);
    StringBuilder all = new StringBuilder();
    for (String piece : pieces) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] bytes = piece.getBytes(StandardCharsets.ISO_8859_1);
      boolean leaves = detach.take(bytes, bytes.length, out);
      all.append(out.toString(StandardCharsets.ISO_8859_1)).append(leaves ? "|" : "");
    }
    return all.toString();
  }

  @Test
  void theKeysLeaveWhateverPiecesTheyComeIn() throws CliException {
    assertEquals("ab|", typed(DetachKeys.USUAL, "ab\020\021cd"));
    assertEquals("ab|", typed(DetachKeys.USUAL, "ab\020", "\021"));
    assertEquals("\020|", typed(DetachKeys.USUAL, "\020\020\021"));
    assertEquals("|", typed("x", "x"));
  }

  @Test
  void oneAloneIsAKeyAsAny() throws CliException {
    assertEquals("\020x\021", typed(DetachKeys.USUAL, "\020", "x\021"));
    assertEquals("\020\021", typed("", "\020\021"));
  }

  @Test
  void whatAreNoKeysIsRefused() {
    assertThrows(CliException.class, () -> DetachKeys.of("ctrl-1"));
    assertThrows(CliException.class, () -> DetachKeys.of("a,,b"));
  }
}
