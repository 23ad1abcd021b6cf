package dev.vivarium.sentry.gofer;

import static dev.vivarium.sentry.gofer.GoferTesting.handle;
import static dev.vivarium.sentry.gofer.GoferTesting.list;
import static dev.vivarium.sentry.gofer.GoferTesting.name;
import static dev.vivarium.sentry.gofer.GoferTesting.open;
import static dev.vivarium.sentry.gofer.GoferTesting.read;
import static dev.vivarium.sentry.gofer.GoferTesting.walk;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of this machine the pseudo image "host" shows, and what it does not. */
final class HostImageTest {
  private GoferClient gofer;
  private int root;

  @BeforeEach
  void start() throws GoferException {
    gofer = GoferTesting.host();
    root = handle(gofer, Wire.ROOTS_HANDLE, "0");
  }

  @AfterEach
  void stop() {
    gofer.close();
  }

  @Test
  void showsWhatEverybodyMayRead() throws Exception {
    assertEquals(Files.readString(Path.of("/etc/passwd")), read(gofer, root, "etc/passwd"));
    assertEquals(
        Files.size(Path.of("/usr/bin/env")), walk(gofer, root, "usr/bin/env").node().size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "etc/shadow",
        "etc/gshadow",
        "etc/shadow-",
        "etc/sudoers",
        "etc/ssl/private/any",
        "etc/machine-id"
      })
  void keepsSecretsWhoeverAsks(String path) {
    String answer = read(gofer, root, path);
    assertTrue(answer.equals("EACCES") || answer.equals("ENOENT"), path + ": " + answer);
  }

  @ParameterizedTest
  @ValueSource(strings = {"home", "root", "tmp", "run", "proc", "sys", "dev", "mnt", "var/tmp"})
  void showsPersonalAndSpecialPlacesEmpty(String path) {
    if (!Files.exists(Path.of("/" + path))) {
      return;
    }
    assertEquals(List.of(), list(gofer, root, path));
    assertEquals("ENOENT", name(walk(gofer, root, path + "/anything").error()));
    assertEquals("ENOENT", name(walk(gofer, root, path + "/null").error()));
    assertEquals(0, walk(gofer, root, path).node().uid());
  }

  @Test
  void hidesPlacesAtTheTopThatNoSystemNeeds() throws Exception {
    List<String> known =
        List.of(
            "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt", "nix", "gnu", "etc",
            "var", "proc", "sys", "dev", "home", "root", "tmp", "run", "mnt", "media", "srv",
            "boot");
    TreeSet<String> there = new TreeSet<>();
    try (Stream<Path> top = Files.list(Path.of("/"))) {
      top.map(p -> p.getFileName().toString()).filter(known::contains).forEach(there::add);
    }
    assertEquals(there, new TreeSet<>(list(gofer, root, "")));
    assertEquals("ENOENT", name(walk(gofer, root, "lost+found").error()));
  }

  @Test
  void listsADirectoryAsTheHostDoes() throws Exception {
    TreeSet<String> there = new TreeSet<>();
    try (Stream<Path> files = Files.list(Path.of("/usr/bin"))) {
      files.map(p -> p.getFileName().toString()).forEach(there::add);
    }
    List<String> names = list(gofer, root, "usr/bin");
    assertEquals(names.size(), new TreeSet<>(names).size(), "a name came twice");
    assertEquals(there, new TreeSet<>(names));
  }

  @Test
  void aTreeThatIsWalkedComesInFewRequests() throws Exception {
    Request q = GoferTesting.request(Wire.READDIR, root, "usr/share/doc");
    q.flags = Wire.READDIR_DEEP;
    long cookie = 0;
    int below = 0;
    do {
      q.offset = cookie;
      Reply r = gofer.call(q);
      assertEquals("OK", name(r.error()));
      cookie = r.value();
      byte[] payload = r.payload();
      int at = new DirListing(16).add(payload, 0, payload.length, r.count());
      MemorySegment s = MemorySegment.ofArray(payload);
      while (at < payload.length) {
        int count = s.get(ValueLayout.JAVA_INT_UNALIGNED, at + Wire.BLOCK_COUNT);
        int length = s.get(ValueLayout.JAVA_INT_UNALIGNED, at + Wire.BLOCK_LENGTH);
        at += Wire.BLOCK_SIZE;
        assertEquals(at + length, new DirListing(count).add(payload, at, at + length, count));
        at += length;
        below++;
      }
      assertEquals(payload.length, at);
    } while (cookie != 0);
    assertTrue(below > 10, "only " + below + " directories came along");
  }

  @Test
  void opensFilesAheadUnderTheSameRules() throws Exception {
    Request q = GoferTesting.request(Wire.OPEN, root, "etc/passwd");
    q.name2 = "hostname.none/shadow/group/ssl/.././/passwd";
    Reply r = gofer.call(q);
    assertEquals("OK", name(r.error()));
    assertEquals(8, r.count());
    MemorySegment s = MemorySegment.ofArray(r.payload());
    List<String> errors = new java.util.ArrayList<>();
    for (int i = 0; i < r.count(); i++) {
      int at = i * Wire.AHEAD_SIZE + Wire.AHEAD_ERROR;
      errors.add(name(s.get(ValueLayout.JAVA_INT_UNALIGNED, at)));
    }
    assertEquals(
        List.of("ENOENT", "EACCES", "OK", "EISDIR", "EINVAL", "EINVAL", "EINVAL", "OK"), errors);
    assertEquals(2, r.more().length);
    assertEquals(Files.readString(Path.of("/etc/passwd")), GoferTesting.readAndClose(r.fd()));
    assertEquals(Files.readString(Path.of("/etc/group")), GoferTesting.readAndClose(r.more()[0]));
    assertEquals(Files.readString(Path.of("/etc/passwd")), GoferTesting.readAndClose(r.more()[1]));
  }

  @Test
  void opensNoMoreAheadThanItSays() {
    Request q = GoferTesting.request(Wire.OPEN, root, "etc/passwd");
    q.name2 = "group/".repeat(Wire.MAX_AHEAD + 20);
    Reply r = gofer.call(q);
    assertEquals(Wire.MAX_AHEAD, r.count());
    assertEquals(Wire.MAX_AHEAD, r.more().length);
    GoferFs.closeDescriptor(r.fd());
    for (int fd : r.more()) {
      GoferFs.closeDescriptor(fd);
    }
    q.name = "etc/shadow";
    r = gofer.call(q);
    assertEquals("EACCES", name(r.error()));
    assertEquals(0, r.more().length);
  }

  @Test
  void whatOthersMayNotReadIsShownButNotOpened() throws Exception {
    Path file = Path.of("/usr/local/share/vivarium-test-" + ProcessHandle.current().pid());
    Path directory = Path.of(file + ".d");
    try {
      Files.writeString(file, "secret");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
      Files.createDirectory(directory);
      Files.writeString(directory.resolve("inside"), "secret");
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-x---"));
      String shown = file.toString().substring(1);
      assertEquals("OK", name(walk(gofer, root, shown).error()));
      assertEquals("EACCES", read(gofer, root, shown));
      assertEquals("EACCES", name(walk(gofer, root, shown + ".d/inside").error()));
      assertEquals(
          "EACCES",
          name(gofer.call(GoferTesting.request(Wire.READDIR, root, shown + ".d")).error()));
    } catch (java.nio.file.AccessDeniedException e) {
      org.junit.jupiter.api.Assumptions.abort("cannot write to /usr/local here");
    } finally {
      Files.deleteIfExists(directory.resolve("inside"));
      Files.deleteIfExists(directory);
      Files.deleteIfExists(file);
    }
  }

  @Test
  void nothingCanBeWritten() {
    assertEquals("EROFS", name(open(gofer, root, "usr/bin/env", GoferTesting.O_RDWR).error()));
    assertEquals("EROFS", name(open(gofer, root, "usr/bin/env", GoferTesting.O_WRONLY).error()));
    for (int op : new int[] {Wire.CREATE, Wire.MKDIR, Wire.SYMLINK, Wire.UNLINK}) {
      Request q = GoferTesting.request(op, root, "usr/new");
      q.name2 = op == Wire.SYMLINK ? "target" : "";
      assertEquals("EROFS", name(gofer.call(q).error()), "operation " + op);
    }
    Request chmod = GoferTesting.request(Wire.SETATTR, root, "usr/bin/env");
    chmod.flags = 1;
    chmod.mode = 0777;
    assertEquals("EROFS", name(gofer.call(chmod).error()));
  }

  @Test
  void isConfinedAsFarAsThisHostAllows() {
    assertTrue(gofer.features().contains(GoferFeature.SECCOMP));
    assertTrue(gofer.features().contains(GoferFeature.NO_CAPABILITIES));
    if (dev.vivarium.sentry.host.Libc.getuid() == 0) {
      assertTrue(gofer.features().contains(GoferFeature.MOUNT_NAMESPACE));
      assertTrue(gofer.features().contains(GoferFeature.NOBODY));
    }
    assertFalse(gofer.features().isEmpty());
  }
}
