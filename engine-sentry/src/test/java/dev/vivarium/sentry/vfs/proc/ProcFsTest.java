package dev.vivarium.sentry.vfs.proc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Uts;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Mount;
import dev.vivarium.sentry.vfs.NameOps;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.VfsWorld;
import dev.vivarium.sentry.vfs.WalkResult;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProcFsTest {
  private static final Machine MACHINE = new Machine(2, 1L << 30, "model name\t: test\n");

  private final VfsWorld world = VfsWorld.onTmpfs();

  @BeforeEach
  void mount() {
    assertEquals(0, NameOps.mkdir(world.t, Fcntl.AT_FDCWD, "/proc", 0755));
    ProcFs fs = new ProcFs(50, world.kernel, MACHINE);
    WalkResult at = new WalkResult();
    assertEquals(0, PathWalker.walk(world.t, Fcntl.AT_FDCWD, "/proc", PathWalker.FOLLOW, at));
    assertEquals(0, world.namespace.mount(at.path(), fs, fs.rootDentry(), "proc", Mount.NOSUID));
  }

  private String read(String path) {
    File f = world.open(path, Fcntl.O_RDONLY);
    byte[] b = new byte[1 << 16];
    long n = f.read(world.t, Uio.of(b, 0, b.length), 0);
    f.drop(world.t);
    return n < 0 ? Errno.name((int) -n) : new String(b, 0, (int) n, StandardCharsets.ISO_8859_1);
  }

  @Test
  void meminfoAddsUp() {
    String text = read("/proc/meminfo");
    assertTrue(text.startsWith("MemTotal:        1048576 kB\n"), text);
    assertTrue(Pattern.compile("^MemAvailable: +\\d+ kB$", Pattern.MULTILINE).matcher(text).find());
  }

  @Test
  void cpuinfoAndStatHaveALinePerProcessor() {
    assertEquals(2, read("/proc/cpuinfo").lines().filter(l -> l.startsWith("processor")).count());
    assertEquals(3, read("/proc/stat").lines().filter(l -> l.startsWith("cpu")).count());
  }

  @Test
  void versionAndOsreleaseAreOfThisKernel() {
    assertEquals(Uts.RELEASE + "\n", read("/proc/sys/kernel/osrelease"));
    assertTrue(read("/proc/version").startsWith("Linux version " + Uts.RELEASE + " "));
  }

  @Test
  void theBootIdStaysAndUuidsDoNot() {
    String uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n";
    assertTrue(read("/proc/sys/kernel/random/boot_id").matches(uuid));
    assertEquals(read("/proc/sys/kernel/random/boot_id"), read("/proc/sys/kernel/random/boot_id"));
    assertTrue(!read("/proc/sys/kernel/random/uuid").equals(read("/proc/sys/kernel/random/uuid")));
  }

  @Test
  void theHostnameCanBeWritten() {
    File f = world.open("/proc/sys/kernel/hostname", Fcntl.O_RDWR);
    byte[] name = "box\n".getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(4, f.write(world.t, Uio.of(name, 0, 4), 0));
    f.drop(world.t);
    assertEquals("box\n", read("/proc/sys/kernel/hostname"));
    assertEquals("box", world.kernel.uts().nodename);
  }

  @Test
  void whatIsReadFromTheStartAgainIsNew() {
    File f = world.open("/proc/sys/kernel/hostname", Fcntl.O_RDONLY);
    byte[] b = new byte[64];
    world.kernel.uts().nodename = "one";
    assertEquals(4, f.read(world.t, Uio.of(b, 0, 64), 0));
    world.kernel.uts().nodename = "three";
    assertEquals(0, f.read(world.t, Uio.of(b, 0, 64), 4));
    assertEquals(6, f.read(world.t, Uio.of(b, 0, 64), 0));
    f.drop(world.t);
  }

  @Test
  void nothingCanBeMadeInProc() {
    assertEquals(-Errno.ENOENT, NameOps.mkdir(world.t, Fcntl.AT_FDCWD, "/proc/x", 0755));
    assertEquals(-Errno.EPERM, NameOps.unlink(world.t, Fcntl.AT_FDCWD, "/proc/version"));
  }

  @Test
  void aNumberThatIsNoProcessIsNotFound() {
    assertEquals(-Errno.ENOENT, world.tryOpen("/proc/4242/stat", Fcntl.O_RDONLY));
    assertEquals(-1, ProcFs.number("007"));
    assertEquals(-1, ProcFs.number("12345678901"));
    assertEquals(12, ProcFs.number("12"));
  }
}
