package dev.vivarium.microvm.files;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.microvm.host.HostCalls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The mount as a guest's kernel speaks with it, and as one speaks that has been taken over. */
class FuseMountTest {
  @TempDir Path temp;
  private final HostCalls calls = new HostCalls();
  private final FuseReply reply = new FuseReply();
  private Path shown;
  private Path secret;
  private FuseMount mount;
  private FuseMount writable;

  @BeforeEach
  void makeATree() throws IOException {
    shown = Files.createDirectory(temp.resolve("shown"));
    secret = Files.writeString(temp.resolve("secret"), "not for guests");
    Files.writeString(shown.resolve("file"), "hello");
    Files.createDirectories(shown.resolve("a/b"));
    Files.writeString(shown.resolve("a/b/deep"), "deep");
    Files.createSymbolicLink(shown.resolve("out"), secret);
    Files.createSymbolicLink(shown.resolve("up"), Path.of(".."));
    mount = new FuseMount(HostTree.ofPath(shown.toString(), false, calls));
    writable = new FuseMount(HostTree.ofPath(shown.toString(), true, calls));
  }

  @AfterEach
  void close() {
    mount.close(calls);
    writable.close(calls);
    calls.close();
  }

  /** The fields of a request: an Integer, a Long, a String with its zero, or bytes. */
  private static byte[] request(int opcode, long node, Object... fields) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (Object field : fields) {
      ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      switch (field) {
        case Integer i -> body.write(number.putInt(i).array(), 0, 4);
        case Long l -> body.write(number.putLong(l).array(), 0, 8);
        case String s -> body.write((s + "\0").getBytes(StandardCharsets.ISO_8859_1));
        case byte[] bytes -> body.write(bytes);
        default -> throw new AssertionError(field);
      }
    }
    ByteBuffer whole =
        ByteBuffer.allocate(Fuse.IN_HEADER + body.size()).order(ByteOrder.LITTLE_ENDIAN);
    whole.putInt(whole.capacity()).putInt(opcode).putLong(77).putLong(node).putInt(0).putInt(0);
    return whole.putInt(1).putInt(0).put(body.toByteArray()).array();
  }

  /** What comes after the header of the answer, which must say no error. */
  private ByteBuffer ask(FuseMount to, int opcode, long node, Object... fields) throws Exception {
    ByteBuffer answer = answer(to, request(opcode, node, fields));
    assertEquals(0, answer.getInt(4), "error of request " + opcode);
    return answer.slice(16, answer.remaining() - 16).order(ByteOrder.LITTLE_ENDIAN);
  }

  private int refused(FuseMount to, int opcode, long node, Object... fields) throws Exception {
    ByteBuffer answer = answer(to, request(opcode, node, fields));
    assertEquals(16, answer.remaining());
    return -answer.getInt(4);
  }

  private ByteBuffer answer(FuseMount to, byte[] request) throws Exception {
    ByteBuffer answer = to.answer(new FuseRequest(request), reply, calls);
    assertNotNull(answer);
    ByteBuffer copy = ByteBuffer.allocate(answer.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    copy.put(answer).flip();
    assertEquals(copy.remaining(), copy.getInt(0));
    assertEquals(77, copy.getLong(8));
    return copy;
  }

  private long lookup(FuseMount to, long directory, String name) throws Exception {
    return ask(to, Fuse.LOOKUP, directory, name).getLong(0);
  }

  @Test
  void aFileIsFoundAndRead() throws Exception {
    long b = lookup(mount, lookup(mount, 1, "a"), "b");
    ByteBuffer entry = ask(mount, Fuse.LOOKUP, b, "deep");
    assertEquals(4, entry.getLong(40 + 8));
    long handle = ask(mount, Fuse.OPEN, entry.getLong(0), 0, 0).getLong(0);
    ByteBuffer data = ask(mount, Fuse.READ, entry.getLong(0), handle, 1L, 100, 0, 0L, 0, 0);
    byte[] bytes = new byte[data.remaining()];
    data.get(bytes);
    assertArrayEquals("eep".getBytes(StandardCharsets.US_ASCII), bytes);
    ask(mount, Fuse.RELEASE, entry.getLong(0), handle, 0, 0, 0L);
    assertEquals(
        Fuse.EBADF, refused(mount, Fuse.READ, entry.getLong(0), handle, 0L, 1, 0, 0L, 0, 0));
  }

  @Test
  void whatIsReadOnlyCannotBeChanged() throws Exception {
    long file = lookup(mount, 1, "file");
    assertEquals(Fuse.EROFS, refused(mount, Fuse.OPEN, file, HostCalls.O_RDWR, 0));
    assertEquals(Fuse.EROFS, refused(mount, Fuse.MKDIR, 1, 0755, 0, "new"));
    assertEquals(Fuse.EROFS, refused(mount, Fuse.CREATE, 1, 2, 0644, 0, 0, "new"));
    assertEquals(Fuse.EROFS, refused(mount, Fuse.UNLINK, 1, "file"));
    assertEquals(Fuse.EROFS, refused(mount, Fuse.SYMLINK, 1, "new", "/etc"));
    assertEquals(Fuse.EROFS, refused(mount, Fuse.LINK, 1, file, "new"));
    assertEquals(Fuse.EROFS, refused(mount, Fuse.RENAME, 1, 1L, "file", "new"));
    assertEquals(
        Fuse.EROFS,
        refused(mount, Fuse.SETATTR, file, Fuse.SET_MODE, 0, new byte[60], 0777, new byte[16]));
    assertEquals("hello", Files.readString(shown.resolve("file")));
  }

  @Test
  void noNameLeadsOutside() throws Exception {
    for (String name : new String[] {"..", ".", "", "a/../../secret", "/etc", "a/b"}) {
      assertEquals(Fuse.EINVAL, refused(writable, Fuse.LOOKUP, 1, name), name);
      assertEquals(Fuse.EINVAL, refused(writable, Fuse.MKDIR, 1, 0755, 0, name), name);
      assertEquals(Fuse.EINVAL, refused(writable, Fuse.UNLINK, 1, name), name);
    }
    // A link is shown, and followed by nobody here.
    long link = lookup(writable, 1, "out");
    assertEquals(Fuse.ELOOP, refused(writable, Fuse.OPEN, link, 0, 0));
    long up = lookup(writable, 1, "up");
    assertEquals(Fuse.ENOTDIR, refused(writable, Fuse.LOOKUP, up, "secret"));
    assertEquals(Fuse.ENOTDIR, refused(writable, Fuse.MKDIR, up, 0755, 0, "new"));
  }

  @Test
  void aDirectoryThatBecameALinkIsNotFollowed() throws Exception {
    long b = lookup(writable, lookup(writable, 1, "a"), "b");
    long deep = lookup(writable, b, "deep");
    Files.delete(shown.resolve("a/b/deep"));
    Files.delete(shown.resolve("a/b"));
    Files.createSymbolicLink(shown.resolve("a/b"), temp);
    assertTrue(refused(writable, Fuse.LOOKUP, b, "secret") > 0);
    assertTrue(refused(writable, Fuse.CREATE, b, 2, 0644, 0, 0, "new") > 0);
    assertTrue(refused(writable, Fuse.OPEN, deep, 0, 0) > 0);
    assertFalse(Files.exists(temp.resolve("new")));
  }

  @Test
  void anotherFileUnderTheNameIsNotTakenForTheOne() throws Exception {
    long file = lookup(writable, 1, "file");
    Files.move(shown.resolve("file"), shown.resolve("old"));
    Files.writeString(shown.resolve("file"), "another");
    assertEquals(Fuse.ESTALE, refused(writable, Fuse.OPEN, file, 0, 0));
    assertEquals(Fuse.ESTALE, refused(writable, Fuse.GETATTR, file, 0, 0, 0L));
  }

  @Test
  void whatAGuestMakesIsThereAndNeverSetUserId() throws Exception {
    ByteBuffer made =
        ask(writable, Fuse.CREATE, 1, HostCalls.O_RDWR, Fuse.S_IFREG | 04755, 022, 0, "new");
    long handle = made.getLong(128);
    byte[] text = "written".getBytes(StandardCharsets.US_ASCII);
    ByteBuffer written =
        ask(writable, Fuse.WRITE, made.getLong(0), handle, 0L, 7, 0, 0L, 0, 0, text);
    assertEquals(7, written.getInt(0));
    ask(
        writable,
        Fuse.SETATTR,
        made.getLong(0),
        Fuse.SET_MODE,
        0,
        new byte[60],
        06755,
        new byte[16]);
    assertEquals("written", Files.readString(shown.resolve("new")));
    assertEquals(
        "rwxr-xr-x",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(shown.resolve("new"))));
    assertEquals(0755, (int) Files.getAttribute(shown.resolve("new"), "unix:mode") & 07777);
    ask(writable, Fuse.RENAME, 1, lookup(writable, 1, "a"), "new", "moved");
    ask(writable, Fuse.GETATTR, made.getLong(0), 0, 0, 0L);
    ask(writable, Fuse.UNLINK, lookup(writable, 1, "a"), "moved");
    assertFalse(Files.exists(shown.resolve("a/moved"), LinkOption.NOFOLLOW_LINKS));
    assertEquals(
        Fuse.EPERM, refused(writable, Fuse.MKNOD, 1, 0x2000 | 0666, 0x103, 0, 0, "device"));
  }

  @Test
  void aDirectoryIsListedInPiecesWithoutLossOrRepetition() throws Exception {
    for (int i = 0; i < 300; i++) {
      Files.writeString(shown.resolve("a/entry-" + i), "");
    }
    long a = lookup(mount, 1, "a");
    for (int opcode : new int[] {Fuse.READDIR, Fuse.READDIRPLUS}) {
      int front = opcode == Fuse.READDIR ? 0 : 128;
      java.util.Set<String> names = new java.util.HashSet<>();
      long position = 0;
      while (true) {
        ByteBuffer part = ask(mount, opcode, a, 0L, position, 4096, 0, 0L, 0, 0);
        assertTrue(part.remaining() <= 4096);
        if (!part.hasRemaining()) {
          break;
        }
        for (int at = 0; at < part.remaining(); ) {
          position = part.getLong(at + front + 8);
          int length = part.getInt(at + front + 16);
          byte[] name = new byte[length];
          part.get(at + front + 24, name);
          assertTrue(names.add(new String(name, StandardCharsets.US_ASCII)));
          at += front + (24 + length + 7) / 8 * 8;
        }
      }
      assertEquals(303, names.size());
    }
  }

  @Test
  void theMachinesRootShowsNothingThatIsPersonalOrSecret() throws Exception {
    FuseMount machine = new FuseMount(HostTree.ofMachine(calls));
    long etc = lookup(machine, 1, "etc");
    long usr = lookup(machine, 1, "usr");
    assertTrue(usr > 1);
    if (Files.exists(Path.of("/etc/shadow"))) {
      long shadow = lookup(machine, etc, "shadow");
      assertEquals(Fuse.EACCES, refused(machine, Fuse.OPEN, shadow, 0, 0));
    }
    long home = lookup(machine, 1, "root");
    assertEquals(0, ask(machine, Fuse.READDIRPLUS, home, 0L, 0L, 4096, 0, 0L, 0, 0).remaining());
    // Nothing is in there, which may be believed for a while.
    assertEquals(0, lookup(machine, home, ".bashrc"));
    assertEquals(0, lookup(machine, 1, "nothing-of-the-kind"));
    assertEquals(Fuse.EROFS, refused(machine, Fuse.MKDIR, usr, 0755, 0, "new"));
    machine.close(calls);
  }

  @Test
  void whatMakesNoSenseIsRefusedAndHarmsNobody() throws Exception {
    Random random = new Random(6);
    lookup(writable, 1, "a");
    long file = lookup(writable, 1, "file");
    long handle = ask(writable, Fuse.OPEN, file, HostCalls.O_RDWR, 0).getLong(0);
    for (int round = 0; round < 20_000; round++) {
      byte[] body = new byte[random.nextInt(120)];
      random.nextBytes(body);
      if (body.length >= 8 && random.nextBoolean()) {
        ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).putLong(handle);
      }
      int opcode = random.nextInt(52);
      byte[] bytes = request(opcode, random.nextInt(4), body);
      ByteBuffer answer = writable.answer(new FuseRequest(bytes), reply, calls);
      if (answer == null) {
        assertTrue(
            opcode == Fuse.FORGET || opcode == Fuse.BATCH_FORGET || opcode == Fuse.INTERRUPT);
      } else {
        assertEquals(answer.remaining(), answer.getInt(answer.position()));
      }
    }
    assertEquals("not for guests", Files.readString(secret));
    try (var outside = Files.list(temp)) {
      assertEquals(2, outside.count());
    }
    assertNull(writable.answer(new FuseRequest(request(Fuse.FORGET, 1, 1L)), reply, calls));
  }

  /** As a kernel that can do without opening files begins. */
  private void beginsUnasked(FuseMount to) throws Exception {
    ask(to, Fuse.INIT, 0, Fuse.MAJOR, Fuse.MINOR, 1 << 17, Fuse.NO_OPEN_SUPPORT);
  }

  private String readUnasked(long node) throws Exception {
    ByteBuffer data = ask(mount, Fuse.READ, node, 0L, 0L, 100, 0, 0L, 0, 0);
    byte[] bytes = new byte[data.remaining()];
    data.get(bytes);
    return new String(bytes, StandardCharsets.US_ASCII);
  }

  @Test
  void aKernelThatOpensUnaskedReadsFilesAndNothingElse() throws Exception {
    beginsUnasked(mount);
    long file = lookup(mount, 1, "file");
    assertEquals(Fuse.ENOSYS, refused(mount, Fuse.OPEN, file, 0, 0));
    assertEquals("hello", readUnasked(file));
    for (String other : new String[] {"a", "out"}) {
      long node = lookup(mount, 1, other);
      int error = refused(mount, Fuse.READ, node, 0L, 0L, 100, 0, 0L, 0, 0);
      assertEquals(other.equals("a") ? Fuse.EISDIR : Fuse.ELOOP, error);
    }
    assertEquals(Fuse.ESTALE, refused(mount, Fuse.READ, 99, 0L, 0L, 100, 0, 0L, 0, 0));
    // What is kept open is still read when it has no name any more, as an open file would be.
    Files.delete(shown.resolve("file"));
    assertEquals("hello", readUnasked(file));
    ask(mount, Fuse.GETATTR, file, Fuse.GETATTR_FH, 0, 0L);
    assertNull(mount.answer(new FuseRequest(request(Fuse.FORGET, file, 1L)), reply, calls));
    assertEquals(Fuse.ESTALE, refused(mount, Fuse.READ, file, 0L, 0L, 100, 0, 0L, 0, 0));
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }

  @Test
  void fewDescriptorsAreKeptOfWhatIsReadUnasked() throws Exception {
    for (int i = 0; i < 3 * ReadFiles.MOST; i++) {
      Files.writeString(shown.resolve("file" + i), String.valueOf(i));
    }
    beginsUnasked(mount);
    long before = descriptors();
    for (int i = 0; i < 3 * ReadFiles.MOST; i++) {
      assertEquals(String.valueOf(i), readUnasked(lookup(mount, 1, "file" + i)));
    }
    assertEquals(before + ReadFiles.MOST, descriptors());
  }

  @Test
  void whereSomethingMayBeWrittenFilesAreOpenedAsBefore() throws Exception {
    beginsUnasked(writable);
    long file = lookup(writable, 1, "file");
    ask(writable, Fuse.OPEN, file, HostCalls.O_RDWR, 0);
    assertEquals(Fuse.EBADF, refused(writable, Fuse.READ, file, 0L, 0L, 100, 0, 0L, 0, 0));
  }
}
