package dev.vivarium.sentry.gofer;

import static dev.vivarium.sentry.gofer.GoferTesting.handle;
import static dev.vivarium.sentry.gofer.GoferTesting.name;
import static dev.vivarium.sentry.gofer.GoferTesting.walk;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.host.Libc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sentry that was taken over may send anything; the gofer must neither give in nor fall over. */
final class HostilePeerTest {
  @TempDir Path folder;

  @Test
  void anyBytesGetAnAnswerAndDoNoHarm() throws Exception {
    Path shared = Files.createDirectory(folder.resolve("shared"));
    Files.writeString(folder.resolve("outside"), "untouched");
    try (GoferClient gofer = GoferTesting.bind(shared, true)) {
      Random random = new Random(20261120);
      for (int i = 0; i < 20_000; i++) {
        byte[] message = new byte[1 + random.nextInt(i % 7 == 0 ? 9000 : 200)];
        random.nextBytes(message);
        if (message.length >= 64 && random.nextBoolean()) {
          shape(message, random);
        }
        Reply r = gofer.exchange(message);
        GoferFs.closeDescriptor(r.fd());
        assertTrue(r.error() <= 0 && r.error() > -4096, "error " + r.error());
        assertNotEquals("EIO", name(r.error()), "the gofer died of message " + i);
      }
      assertFalse(gofer.hasEnded());
      assertEquals("OK", name(walk(gofer, 0, "0").error()));
    }
    assertEquals("untouched", Files.readString(folder.resolve("outside")));
  }

  // (An empty message cannot be told from the end of the file, and ends the gofer.)

  /** Makes a message that is nearly right. */
  private static void shape(byte[] m, Random random) {
    m[0] = (byte) random.nextInt(16);
    m[1] = m[2] = m[3] = 0;
    m[8] = (byte) random.nextInt(3);
    m[9] = m[10] = m[11] = 0;
    m[60] = m[61] = m[62] = m[63] = 0;
    int names = m.length - 64;
    int first = random.nextInt(names + 1);
    m[56] = (byte) first;
    m[57] = (byte) (first >> 8);
    m[58] = (byte) (names - first);
    m[59] = (byte) (names - first >> 8);
    String alphabet = "0./a\0";
    for (int i = 64; i < m.length; i++) {
      m[i] = (byte) alphabet.charAt(random.nextInt(alphabet.length() - (i % 3 == 0 ? 0 : 1)));
    }
  }

  @Test
  void handlesAreBoundedAndComeBack() throws Exception {
    try (GoferClient gofer = GoferTesting.bind(folder, false)) {
      List<Integer> handles = new ArrayList<>();
      Reply r;
      for (; ; ) {
        Request q = GoferTesting.request(Wire.WALK, 0, "0");
        q.flags = Wire.WALK_HANDLE;
        r = gofer.call(q);
        if (r.error() != 0) {
          break;
        }
        handles.add(r.handle());
        assertTrue(handles.size() <= gofer.handleLimit());
      }
      assertTrue(List.of("ENFILE", "EMFILE").contains(name(r.error())), name(r.error()));
      for (int h : handles) {
        assertEquals("OK", name(gofer.call(GoferTesting.request(Wire.CLOSE, h, "")).error()));
      }
      assertEquals(
          "EBADF", name(gofer.call(GoferTesting.request(Wire.CLOSE, handles.get(0), "")).error()));
      assertTrue(handle(gofer, 0, "0") > 0);
    }
  }

  @Test
  void itEndsWithTheSocket() throws Exception {
    GoferClient gofer = GoferTesting.host();
    int pid = gofer.pid();
    assertTrue(Files.exists(Path.of("/proc/" + pid)));
    gofer.close();
    assertFalse(Files.exists(Path.of("/proc/" + pid)));
  }

  @Test
  void aGoferThatIsGoneIsNoticedAndNothingHangs() throws Exception {
    List<String> log = new ArrayList<>();
    try (GoferClient gofer =
        GoferClient.start(
            List.of(new GoferRoot.Host()), java.time.Duration.ofSeconds(20), log::add)) {
      Libc.kill(gofer.pid(), Libc.SIGKILL);
      assertEquals("EIO", name(walk(gofer, 0, "0").error()));
      assertEquals("EIO", name(walk(gofer, 0, "0").error()));
      assertEquals(1, log.size());
    }
  }

  @Test
  void aKilledParentLeavesNoGofer() throws Exception {
    Process parent =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Parent.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String line = parent.inputReader().readLine();
    Path gofer = Path.of("/proc/" + line);
    assertTrue(Files.exists(gofer), line);
    parent.destroyForcibly().waitFor();
    for (int i = 0; i < 200 && !isGone(gofer); i++) {
      Thread.sleep(25);
    }
    assertTrue(isGone(gofer));
  }

  /** Whether it has ended; whoever is its parent now may not have waited for it yet. */
  private static boolean isGone(Path process) {
    try {
      return Files.readString(process.resolve("stat")).matches("(?s).*\\) [ZX] .*");
    } catch (java.io.IOException e) {
      return true;
    }
  }

  /** Starts a gofer, tells its number, and sleeps until it is killed. */
  static final class Parent {
    public static void main(String[] args) throws Exception {
      try (GoferClient gofer = GoferTesting.host()) {
        System.out.println(gofer.pid());
        Thread.sleep(60_000);
      }
    }
  }
}
