package dev.vivarium.sentry.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The documentation's list of the sentry's host calls is the filter's, and short. */
final class SentryCallsTest {
  /** Of a sandbox with all that asks for more. */
  private static final int MOST = 50;

  /** Which nobody has who did not build Vivarium just now. */
  private static final int OF_FOLDERS = 1;

  private static TreeSet<String> matches(String pattern, String text) {
    TreeSet<String> found = new TreeSet<>();
    for (Matcher m = Pattern.compile(pattern).matcher(text); m.find(); ) {
      assertTrue(found.add(m.group(1)), () -> "twice: " + m.group(1));
    }
    return found;
  }

  @Test
  void theFilterAllowsExactlyWhatIsDocumented() throws Exception {
    String text = Files.readString(Path.of("../docs/security.md"));
    String table =
        text.substring(
            text.indexOf("<!-- sentry calls -->"), text.indexOf("<!-- end of sentry calls -->"));
    TreeSet<String> allowed =
        matches(
            "(?m)^\\s+ALLOW[A-Z_]*\\(([a-z0-9_]+)[,)]",
            Files.readString(Path.of("src/main/c/host/calls.c")));
    assertEquals(matches("(?m)^\\| `([a-z0-9_]+)` \\| .*\\S \\|$", table), allowed);
    assertTrue(allowed.size() <= MOST + OF_FOLDERS, () -> allowed.size() + " calls");
  }
}
