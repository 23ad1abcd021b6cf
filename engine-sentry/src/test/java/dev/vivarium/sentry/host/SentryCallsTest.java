package dev.vivarium.sentry.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The documentation's lists of host calls are those of the filters, and the sentry's is short. */
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

  private static TreeSet<String> documented(String whose) throws Exception {
    String text = Files.readString(Path.of("../docs/security.md"));
    int from = text.indexOf("<!-- " + whose + " calls -->");
    int to = text.indexOf("<!-- end of " + whose + " calls -->");
    return matches("(?m)^\\| `([a-z0-9_]+)` \\| .*\\S \\|$", text.substring(from, to));
  }

  private static TreeSet<String> allowed(String list) throws Exception {
    return matches(
        "(?m)^\\s+ALLOW[A-Z_]*\\(([a-z0-9_]+)[,)]", source("threads.c").concat(source(list)));
  }

  private static String source(String file) throws Exception {
    return Files.readString(Path.of("src/main/c/host/" + file));
  }

  @Test
  void theFilterAllowsExactlyWhatIsDocumented() throws Exception {
    TreeSet<String> allowed = allowed("calls.c");
    assertEquals(documented("sentry"), allowed);
    assertTrue(allowed.size() <= MOST + OF_FOLDERS, () -> allowed.size() + " calls");
  }

  @Test
  void soDoesThatOfAVirtualMachinesShim() throws Exception {
    assertEquals(documented("shim"), allowed("shim.c"));
  }
}
