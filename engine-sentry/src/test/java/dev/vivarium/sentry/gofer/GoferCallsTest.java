package dev.vivarium.sentry.gofer;

import static dev.vivarium.sentry.gofer.GoferTesting.handle;
import static dev.vivarium.sentry.gofer.GoferTesting.open;
import static dev.vivarium.sentry.gofer.GoferTesting.request;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.vfs.AttrChange;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The documentation's list of host calls, the filter's, and what really happens are the same. */
final class GoferCallsTest {
  private static final Path SECURITY = Path.of("../docs/security.md");
  private static final Path FILTER = Path.of("src/main/c/gofer/filter.c");

  @TempDir Path folder;

  private static TreeSet<String> documented() throws Exception {
    String text = Files.readString(SECURITY);
    int from = text.indexOf("<!-- gofer calls -->");
    int to = text.indexOf("<!-- end of gofer calls -->");
    return matches(Pattern.compile("(?m)^\\| `([a-z0-9_]+)` \\|"), text.substring(from, to));
  }

  private static TreeSet<String> matches(Pattern pattern, String text) {
    TreeSet<String> found = new TreeSet<>();
    for (Matcher m = pattern.matcher(text); m.find(); ) {
      found.add(m.group(1));
    }
    return found;
  }

  @Test
  void theFilterAllowsExactlyWhatIsDocumented() throws Exception {
    assertEquals(
        documented(),
        matches(Pattern.compile("(?m)^\\s+ALLOW\\(([a-z0-9_]+)\\)"), Files.readString(FILTER)));
  }

  @Test
  void aTracedGoferMakesNoOtherCall() throws Exception {
    Assumptions.assumeTrue(Files.exists(Path.of("/usr/bin/strace")) && Libc.getuid() == 0);
    Path trace = folder.resolve("trace");
    Path shared = Files.createDirectory(folder.resolve("shared"));
    GoferClient gofer = GoferTesting.start(new GoferRoot.Host(), new GoferRoot.Bind(shared, true));
    Process strace =
        new ProcessBuilder(
                "strace", "-f", "-o", trace.toString(), "-p", Integer.toString(gofer.pid()))
            .redirectErrorStream(true)
            .start();
    assertTrue(strace.inputReader().readLine().contains("attached"));
    useEverything(gofer);
    gofer.close();
    strace.waitFor();
    TreeSet<String> made =
        matches(Pattern.compile("(?m)^\\d+ +([a-z0-9_]+)\\("), Files.readString(trace));
    assertTrue(made.size() > 12, "too few calls seen: " + made);
    // What an older strace calls fchmodat2.
    if (made.remove("syscall_0x1c4")) {
      made.add("fchmodat2");
    }
    made.removeAll(documented());
    assertEquals(new TreeSet<String>(), made);
  }

  private static void useEverything(GoferClient gofer) {
    int host = handle(gofer, 0, "0");
    int bind = handle(gofer, 0, "1");
    GoferTesting.list(gofer, host, "usr/bin");
    GoferFs.closeDescriptor(open(gofer, host, "usr/bin/env", 0).fd());
    Request watch = request(Wire.READDIR, bind, "");
    watch.flags = Wire.READDIR_WATCH;
    gofer.call(watch);
    Request create = request(Wire.CREATE, bind, "f");
    create.flags = GoferTesting.O_RDWR;
    create.mode = 0644;
    create.uid = 1;
    GoferFs.closeDescriptor(gofer.call(create).fd());
    gofer.call(request(Wire.MKDIR, bind, "d"));
    Request symlink = request(Wire.SYMLINK, bind, "s");
    symlink.name2 = "f";
    gofer.call(symlink);
    GoferTesting.walk(gofer, bind, "s");
    Request link = request(Wire.LINK, bind, "l");
    link.handle2 = bind;
    link.name2 = "f";
    gofer.call(link);
    Request rename = request(Wire.RENAME, bind, "l");
    rename.handle2 = bind;
    rename.name2 = "m";
    gofer.call(rename);
    Request change = request(Wire.SETATTR, bind, "m");
    change.flags =
        AttrChange.MODE | AttrChange.SIZE | AttrChange.MTIME | AttrChange.UID | AttrChange.GID;
    gofer.call(change);
    gofer.call(request(Wire.STATFS, bind, ""));
    gofer.call(request(Wire.FSYNC, bind, ""));
    gofer.call(request(Wire.UNLINK, bind, "m"));
    gofer.call(request(Wire.CLOSE, bind, ""));
  }
}
