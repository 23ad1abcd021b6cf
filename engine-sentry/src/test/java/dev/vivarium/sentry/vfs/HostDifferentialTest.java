package dev.vivarium.sentry.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same random operations, here and on the host's own file system: same errors, same tree. */
class HostDifferentialTest {
  /** What the test calls on the host. */
  public interface Host {
    int mkdir(String path, int mode);

    int rmdir(String path);

    int unlink(String path);

    int symlink(String target, String path);

    int link(String from, String to);

    int renameat2(int oldDir, String from, int newDir, String to, int flags);

    int truncate(String path, long size);

    int open(String path, int flags, int mode);

    int close(int fd);

    long pwrite(int fd, byte[] bytes, long count, long offset);
  }

  private static final Host HOST = LibraryLoader.create(Host.class).load("c");
  private static final String[] NAMES = {"a", "b", "c", "d"};
  private static final int STEPS = 700;

  /** Deep below what is compared, so that ".." does not lead out of it. */
  private static final String BASE = "/1/2/3/4/5/6";

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void tmpfsDoesWhatTheHostDoes(long seed) throws IOException {
    VfsWorld w = VfsWorld.onTmpfs();
    run(w, new Random(seed), STEPS);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14, 15, 16})
  void anOverlayDoesWhatTheHostDoes(long seed) throws IOException {
    VfsWorld lower = VfsWorld.onTmpfs();
    Random random = new Random(seed);
    run(lower, random, 300);
    VfsWorld w = VfsWorld.overlayOver(lower);
    TreeMap<String, String> before = lower.tree("");
    assertEquals(before, w.tree(""));
    run(w, random, STEPS);
    assertEquals(before, lower.tree(""), "the lower file system must not change");
  }

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23})
  void overlaysCanBeStacked(long seed) throws IOException {
    VfsWorld w = VfsWorld.onTmpfs();
    Random random = new Random(seed);
    for (int i = 0; i < 4; i++) {
      run(w, random, 300);
      w = VfsWorld.overlayOver(w);
    }
    run(w, random, 300);
  }

  private void run(VfsWorld w, Random random, int steps) throws IOException {
    Files.createDirectories(Path.of(on(BASE)));
    for (int slash = 2; slash <= BASE.length(); slash += 2) {
      w.mkdir(BASE.substring(0, slash));
    }
    for (int i = 0; i < steps; i++) {
      step(w, random, i);
      if (i % 50 == 49 || i == steps - 1) {
        assertEquals(hostTree(), w.tree(""), "after step " + i);
      }
    }
  }

  private void step(VfsWorld w, Random random, int step) {
    String p = path(random);
    String q = path(random);
    long ours;
    int theirs;
    String what;
    switch (random.nextInt(11)) {
      case 0 -> {
        what = "mkdir " + p;
        ours = w.mkdir(p);
        theirs = HOST.mkdir(on(p), 0755);
      }
      case 1 -> {
        what = "rmdir " + p;
        ours = w.rmdir(p);
        theirs = HOST.rmdir(on(p));
      }
      case 2 -> {
        what = "unlink " + p;
        ours = w.unlink(p);
        theirs = HOST.unlink(on(p));
      }
      case 3 -> {
        String target =
            random.nextBoolean() ? NAMES[random.nextInt(4)] : ".." + q.substring(BASE.length());
        what = "symlink " + target + " " + p;
        ours = w.symlink(target, p);
        theirs = HOST.symlink(target, on(p));
      }
      case 4 -> {
        what = "link " + p + " " + q;
        ours = w.link(p, q);
        theirs = HOST.link(on(p), on(q));
      }
      case 5, 6 -> {
        int flags = new int[] {0, 0, 0, 1, 2}[random.nextInt(5)];
        what = "rename " + p + " " + q + " " + flags;
        ours = w.rename(p, q, flags);
        theirs = HOST.renameat2(-100, on(p), -100, on(q), flags);
      }
      case 7 -> {
        long size = random.nextInt(4) == 0 ? random.nextInt(300_000) : random.nextInt(6000);
        what = "truncate " + p + " " + size;
        ours = w.truncate(p, size);
        theirs = HOST.truncate(on(p), size);
      }
      case 8 -> {
        int flags = Fcntl.O_RDWR | Fcntl.O_CREAT;
        flags |= random.nextInt(3) == 0 ? Fcntl.O_EXCL : 0;
        flags |= random.nextInt(3) == 0 ? Fcntl.O_TRUNC : 0;
        flags |= random.nextInt(4) == 0 ? Fcntl.O_NOFOLLOW : 0;
        what = "open " + p + " " + Integer.toOctalString(flags);
        ours = w.tryOpen(p, flags);
        theirs = close(HOST.open(on(p), flags, 0644));
      }
      default -> {
        int offset = random.nextInt(3) == 0 ? random.nextInt(200_000) : random.nextInt(5000);
        byte[] bytes = new byte[random.nextInt(3) == 0 ? 70_000 : random.nextInt(3000)];
        random.nextBytes(bytes);
        what = "write " + p + " " + bytes.length + " at " + offset;
        ours = w.pwrite(p, bytes, offset);
        int fd = HOST.open(on(p), Fcntl.O_WRONLY, 0);
        theirs = fd < 0 ? fd : (int) HOST.pwrite(fd, bytes, bytes.length, offset);
        if (fd >= 0) {
          HOST.close(fd);
        }
      }
    }
    String host = theirs >= 0 ? "ok" : Errno.name(Runtime.getRuntime(HOST).getLastError());
    String sentry = ours >= 0 ? "ok" : Errno.name((int) -ours);
    assertEquals(host, sentry, "step " + step + ": " + what);
  }

  private static int close(int fd) {
    if (fd >= 0) {
      HOST.close(fd);
      return 0;
    }
    return fd;
  }

  private static String path(Random random) {
    StringBuilder p = new StringBuilder(BASE);
    int depth = 1 + random.nextInt(3);
    for (int i = 0; i < depth; i++) {
      p.append('/').append(NAMES[random.nextInt(NAMES.length)]);
    }
    switch (random.nextInt(20)) {
      case 0 -> p.append('/');
      case 1 -> p.append("/.");
      case 2 -> p.append("/..");
      default -> {}
    }
    return p.toString();
  }

  private String on(String path) {
    return directory + path;
  }

  private TreeMap<String, String> hostTree() throws IOException {
    TreeMap<String, String> out = new TreeMap<>();
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path p : (Iterable<Path>) all::iterator) {
        if (p.equals(directory)) {
          continue;
        }
        String name = directory.relativize(p).toString();
        Object links = Files.getAttribute(p, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
        if (Files.isSymbolicLink(p)) {
          out.put(name, "link to " + Files.readSymbolicLink(p));
        } else if (Files.isDirectory(p)) {
          out.put(name, "directory links " + subdirectories(p));
        } else {
          byte[] content = Files.readAllBytes(p);
          out.put(
              name,
              "file links " + links + " size " + content.length + " " + Arrays.hashCode(content));
        }
      }
    }
    return out;
  }

  /** The link count that a directory has on most file systems; some hosts' have 1 always. */
  private static long subdirectories(Path p) throws IOException {
    try (Stream<Path> children = Files.list(p)) {
      return 2 + children.filter(c -> Files.isDirectory(c, LinkOption.NOFOLLOW_LINKS)).count();
    }
  }
}
