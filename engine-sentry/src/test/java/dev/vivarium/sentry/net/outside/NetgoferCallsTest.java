package dev.vivarium.sentry.net.outside;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The documentation's list of the network gofer's host calls and the filter's are the same. */
final class NetgoferCallsTest {
  private static TreeSet<String> matches(String pattern, String text) {
    TreeSet<String> found = new TreeSet<>();
    for (Matcher m = Pattern.compile(pattern).matcher(text); m.find(); ) {
      found.add(m.group(1));
    }
    return found;
  }

  @Test
  void theFilterAllowsExactlyWhatIsDocumented() throws Exception {
    String text = Files.readString(Path.of("../docs/security.md"));
    int from = text.indexOf("<!-- netgofer calls -->");
    int to = text.indexOf("<!-- end of netgofer calls -->");
    TreeSet<String> allowed =
        matches(
            "(?m)^\\s+ALLOW\\(([a-z0-9_]+)\\)",
            Files.readString(Path.of("src/main/c/netgofer/confine.c")));
    // With a look at their arguments.
    allowed.add("socket");
    allowed.add("setsockopt");
    assertEquals(allowed, matches("(?m)^\\| `([a-z0-9_]+)` \\|", text.substring(from, to)));
  }
}
