package dev.vivarium.sentry.gofer;

import static dev.vivarium.sentry.gofer.GoferTesting.handle;
import static dev.vivarium.sentry.gofer.GoferTesting.list;
import static dev.vivarium.sentry.gofer.GoferTesting.name;
import static dev.vivarium.sentry.gofer.GoferTesting.open;
import static dev.vivarium.sentry.gofer.GoferTesting.read;
import static dev.vivarium.sentry.gofer.GoferTesting.request;
import static dev.vivarium.sentry.gofer.GoferTesting.walk;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.vfs.AttrChange;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory of the user's, writable: what the guest does there is what the host has. */
final class BindMountTest {
  @TempDir Path folder;
  private GoferClient gofer;
  private int root;

  @BeforeEach
  void start() throws GoferException {
    gofer = GoferTesting.bind(folder, true);
    root = handle(gofer, Wire.ROOTS_HANDLE, "0");
  }

  @AfterEach
  void stop() {
    gofer.close();
  }

  private Reply create(String path, int mode) {
    Request q = request(Wire.CREATE, root, path);
    q.flags = GoferTesting.O_RDWR;
    q.mode = mode;
    q.uid = Libc.getuid();
    q.gid = Libc.getgid();
    return gofer.call(q);
  }

  @Test
  void aNewFileIsTheUsersOwnAndWritableThroughItsDescriptor() throws Exception {
    Reply made = create("new", 0640);
    assertEquals("OK", name(made.error()));
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(5, Libc.write(made.fd(), arena.allocateFrom("hello").address(), 5));
    }
    Libc.close(made.fd());
    assertEquals("hello", Files.readString(folder.resolve("new")));
    assertEquals(
        "rw-r-----",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("new"))));
    assertEquals(Libc.getuid(), Files.getAttribute(folder.resolve("new"), "unix:uid"));
    assertEquals("EEXIST", name(create("new", 0600).error()));
  }

  @Test
  void noSetUserIdProgramCanBeLeftBehind() throws Exception {
    Libc.close(create("program", 06755).fd());
    assertEquals(0755, (int) Files.getAttribute(folder.resolve("program"), "unix:mode") & 07777);
    Request chmod = request(Wire.SETATTR, root, "program");
    chmod.flags = AttrChange.MODE;
    chmod.mode = 06711;
    assertEquals("OK", name(gofer.call(chmod).error()));
    assertEquals(0711, (int) Files.getAttribute(folder.resolve("program"), "unix:mode") & 07777);
  }

  @Test
  void directoriesAreMadeListedRenamedAndRemoved() throws Exception {
    Request mkdir = request(Wire.MKDIR, root, "a");
    mkdir.mode = 0755;
    mkdir.uid = Libc.getuid();
    mkdir.gid = Libc.getgid();
    assertEquals("OK", name(gofer.call(mkdir).error()));
    Libc.close(create("a/one", 0644).fd());
    Libc.close(create("a/two", 0644).fd());
    assertEquals(
        new TreeSet<>(java.util.List.of("one", "two")), new TreeSet<>(list(gofer, root, "a")));
    Request rename = request(Wire.RENAME, root, "a");
    rename.handle2 = root;
    rename.name2 = "b";
    assertEquals("OK", name(gofer.call(rename).error()));
    assertTrue(Files.exists(folder.resolve("b/two")));
    Request rmdir = request(Wire.UNLINK, root, "b");
    rmdir.flags = 0x200;
    assertEquals("ENOTEMPTY", name(gofer.call(rmdir).error()));
    assertEquals("OK", name(gofer.call(request(Wire.UNLINK, root, "b/one")).error()));
    assertEquals("OK", name(gofer.call(request(Wire.UNLINK, root, "b/two")).error()));
    assertEquals("OK", name(gofer.call(rmdir).error()));
    assertFalse(Files.exists(folder.resolve("b")));
  }

  @Test
  void renameDoesNotReplaceWhenToldNotTo() throws Exception {
    Files.writeString(folder.resolve("a"), "a");
    Files.writeString(folder.resolve("b"), "b");
    Request q = request(Wire.RENAME, root, "a");
    q.handle2 = root;
    q.name2 = "b";
    q.flags = 1;
    assertEquals("EEXIST", name(gofer.call(q).error()));
    q.flags = 2;
    assertEquals("OK", name(gofer.call(q).error()));
    assertEquals("b", Files.readString(folder.resolve("a")));
    q.flags = 4;
    assertEquals("EINVAL", name(gofer.call(q).error()));
  }

  @Test
  void linksAreMadeAndTheirTargetsGivenBack() throws Exception {
    Files.writeString(folder.resolve("file"), "x");
    Request hard = request(Wire.LINK, root, "hard");
    hard.handle2 = root;
    hard.name2 = "file";
    Reply linked = gofer.call(hard);
    assertEquals("OK", name(linked.error()));
    assertEquals(2, linked.node().nlink());
    Request soft = request(Wire.SYMLINK, root, "soft");
    soft.name2 = "../../etc/passwd";
    soft.uid = Libc.getuid();
    soft.gid = Libc.getgid();
    assertEquals("OK", name(gofer.call(soft).error()));
    assertEquals("../../etc/passwd", GoferFs.targetOf(walk(gofer, root, "soft")));
    assertEquals("../../etc/passwd", Files.readSymbolicLink(folder.resolve("soft")).toString());
  }

  @Test
  void attributesAreSetAndReported() throws Exception {
    Files.writeString(folder.resolve("file"), "0123456789");
    Request q = request(Wire.SETATTR, root, "file");
    q.flags = AttrChange.MODE | AttrChange.SIZE | AttrChange.MTIME;
    q.mode = 0600;
    q.offset = 4;
    q.mtimeNanos = 1_234_567_890_123_456_789L;
    Reply r = gofer.call(q);
    assertEquals("OK", name(r.error()));
    assertEquals(4, r.node().size());
    assertEquals(1_234_567_890_123_456_789L, r.node().mtimeNanos());
    assertEquals("0123", Files.readString(folder.resolve("file")));
    assertEquals(
        FileTime.from(1_234_567_890_123_456_789L, TimeUnit.NANOSECONDS),
        Files.getLastModifiedTime(folder.resolve("file")));
  }

  @Test
  void aSingleFileIsARootToo() throws Exception {
    Path file = Files.writeString(folder.resolve("single"), "just this");
    Files.writeString(folder.resolve("neighbour"), "not this");
    try (GoferClient one = GoferTesting.bind(file, false)) {
      assertEquals("just this", read(one, Wire.ROOTS_HANDLE, "0"));
      assertEquals("EROFS", name(open(one, Wire.ROOTS_HANDLE, "0", GoferTesting.O_RDWR).error()));
      assertEquals("ENOTDIR", name(walk(one, Wire.ROOTS_HANDLE, "0/neighbour").error()));
      assertEquals("ENOENT", name(walk(one, Wire.ROOTS_HANDLE, "neighbour").error()));
    }
  }

  @Test
  void aMissingDirectoryIsOneClearLine() {
    GoferException e =
        assertThrows(
            GoferException.class, () -> GoferTesting.bind(folder.resolve("missing"), false));
    assertEquals(
        "cannot open: " + folder.resolve("missing") + ": No such file or directory",
        e.getMessage());
  }
}
