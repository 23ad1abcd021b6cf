package dev.vivarium.sentry.gofer;

import static dev.vivarium.sentry.gofer.GoferTesting.handle;
import static dev.vivarium.sentry.gofer.GoferTesting.name;
import static dev.vivarium.sentry.gofer.GoferTesting.open;
import static dev.vivarium.sentry.gofer.GoferTesting.read;
import static dev.vivarium.sentry.gofer.GoferTesting.walk;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ways out of a bind mount that must not work, whatever is in it. */
final class EscapeTest {
  @TempDir Path folder;
  private Path shared;
  private GoferClient gofer;
  private int root;

  @BeforeEach
  void start() throws Exception {
    shared = Files.createDirectory(folder.resolve("shared"));
    Files.writeString(folder.resolve("secret"), "outside");
    Files.writeString(shared.resolve("file"), "inside");
    gofer = GoferTesting.bind(shared, true);
    root = handle(gofer, Wire.ROOTS_HANDLE, "0");
  }

  @AfterEach
  void stop() {
    gofer.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"..", "../secret", "file/../../secret", "./file", "/etc/passwd", "a//b", "."})
  void namesThatAreNoNamesAreRefused(String path) {
    assertNotEquals("OK", name(walk(gofer, root, path).error()));
    assertTrue(read(gofer, root, path).startsWith("E"), path);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/etc/passwd", "../secret", "/proc/self/root/etc/passwd", "file"})
  void symbolicLinksAreNeverFollowed(String target) throws Exception {
    Files.createSymbolicLink(shared.resolve("link"), Path.of(target));
    assertEquals("OK", name(walk(gofer, root, "link").error()));
    assertEquals("ELOOP", read(gofer, root, "link"));
    assertEquals("ENOTDIR", name(walk(gofer, root, "link/passwd").error()));
  }

  @Test
  void aDirectorySwappedForALinkNeverLeadsOutside() throws Exception {
    Path inside = Files.createDirectory(shared.resolve("dir"));
    Files.writeString(inside.resolve("secret"), "inside");
    Path link = Files.createSymbolicLink(shared.resolve("link"), folder);
    AtomicBoolean stop = new AtomicBoolean();
    Thread swapper = Thread.ofPlatform().start(() -> swap(inside, link, stop));
    int seen = 0;
    try {
      for (int i = 0; i < 20_000; i++) {
        String text = read(gofer, root, "dir/secret");
        assertNotEquals("outside", text);
        seen += text.equals("inside") ? 1 : 0;
      }
    } finally {
      stop.set(true);
      swapper.join();
    }
    assertTrue(seen > 0, "the race was never won by the directory");
  }

  private static void swap(Path a, Path b, AtomicBoolean stop) {
    Path aside = a.resolveSibling("aside");
    try {
      while (!stop.get()) {
        Files.move(a, aside, StandardCopyOption.ATOMIC_MOVE);
        Files.move(b, a, StandardCopyOption.ATOMIC_MOVE);
        Files.move(a, b, StandardCopyOption.ATOMIC_MOVE);
        Files.move(aside, a, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aFileSwappedForAFifoNeitherHangsNorOpens() throws Exception {
    run("mkfifo", shared.resolve("fifo").toString());
    assertEquals("ENXIO", read(gofer, root, "fifo"));
    assertEquals("ENXIO", name(open(gofer, root, "fifo", GoferTesting.O_RDWR).error()));
  }

  @Test
  void devicesAreNeverOpened() throws Exception {
    if (dev.vivarium.sentry.host.Libc.getuid() != 0) {
      org.junit.jupiter.api.Assumptions.abort("only root makes devices");
    }
    run("mknod", shared.resolve("zero").toString(), "c", "1", "5");
    assertEquals("ENXIO", read(gofer, root, "zero"));
  }

  @Test
  void socketsAreNeverOpened() throws Exception {
    try (var server =
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
      server.bind(java.net.UnixDomainSocketAddress.of(shared.resolve("socket")));
      assertEquals("ENXIO", read(gofer, root, "socket"));
    }
  }

  @Test
  void aRootItselfCannotBeRemovedOrReplaced() {
    assertEquals("EBUSY", name(gofer.call(GoferTesting.request(Wire.UNLINK, 0, "0")).error()));
    Request rename = GoferTesting.request(Wire.RENAME, root, "file");
    rename.handle2 = 0;
    rename.name2 = "0";
    assertEquals("EBUSY", name(gofer.call(rename).error()));
    assertEquals("ENOENT", name(walk(gofer, 0, "1").error()));
  }

  @Test
  void linksAndRenamesStayWithinOneRoot() throws Exception {
    Path other = Files.createDirectory(folder.resolve("other"));
    try (GoferClient two =
        GoferTesting.start(new GoferRoot.Bind(shared, true), new GoferRoot.Bind(other, true))) {
      int first = handle(two, 0, "0");
      int second = handle(two, 0, "1");
      for (int op : new int[] {Wire.RENAME, Wire.LINK}) {
        Request q = GoferTesting.request(op, op == Wire.LINK ? second : first, "file");
        q.handle2 = op == Wire.LINK ? first : second;
        q.name2 = "file";
        assertEquals("EXDEV", name(two.call(q).error()));
      }
    }
  }

  @Test
  void aReadOnlyRootStaysReadOnlyBesideAWritableOne() throws Exception {
    Path other = Files.createDirectory(folder.resolve("other"));
    try (GoferClient two =
        GoferTesting.start(new GoferRoot.Bind(shared, false), new GoferRoot.Bind(other, true))) {
      int first = handle(two, 0, "0");
      assertEquals("EROFS", name(open(two, first, "file", GoferTesting.O_RDWR).error()));
      assertEquals(
          "EROFS", name(two.call(GoferTesting.request(Wire.UNLINK, first, "file")).error()));
    }
    assertEquals("inside", Files.readString(shared.resolve("file")));
  }

  private static void run(String... command) throws Exception {
    assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor());
  }
}
