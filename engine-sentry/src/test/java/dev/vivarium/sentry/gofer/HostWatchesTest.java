package dev.vivarium.sentry.gofer;

import static dev.vivarium.sentry.gofer.GoferTesting.handle;
import static dev.vivarium.sentry.gofer.GoferTesting.request;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.memory.MemoryFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is known of a watched directory is believed exactly as long as it is true. */
final class HostWatchesTest {
  @TempDir Path folder;
  private GoferClient gofer;
  private GoferFs fs;
  private GoferDirectory root;

  @BeforeEach
  void start() throws Exception {
    Files.writeString(folder.resolve("one"), "1");
    Files.writeString(folder.resolve("two"), "22");
    Files.createDirectory(folder.resolve("below"));
    Files.writeString(folder.resolve("below/deep"), "deep");
    GoferRoot bind = new GoferRoot.Bind(folder.toAbsolutePath(), true);
    gofer = GoferTesting.start(bind);
    fs =
        GoferFs.open(
            gofer,
            bind,
            0,
            7,
            new MemoryFile(Arena.ofAuto().allocate(1 << 20), (at, length) -> {}));
    root = (GoferDirectory) fs.root();
  }

  @AfterEach
  void stop() {
    gofer.close();
  }

  /** Lists the root and what is below, as a walk does. */
  private WatchedDirectory list() {
    Request q = request(Wire.READDIR, handle(gofer, Wire.ROOTS_HANDLE, "0"), "");
    q.flags = Wire.READDIR_WATCH | Wire.READDIR_DEEP;
    Reply r = gofer.call(q);
    assertNotEquals(0, r.handle());
    DirListing listing = new DirListing(4);
    int end = listing.add(r.payload(), 0, r.payload().length, r.count());
    fs.keepBelow(r.payload(), end);
    return fs.keepWatched(r.node(), r.handle(), listing);
  }

  private WatchedDirectory.Known find(String name) {
    fs.changedHere();
    WatchedDirectory w = fs.watched(root);
    assertNotNull(w);
    return w.find(name);
  }

  @Test
  void whatDidNotChangeNeedsNoRequest() {
    list();
    long before = gofer.requests();
    assertEquals(WatchedDirectory.Known.LISTED, find("one"));
    assertEquals(WatchedDirectory.Known.LISTED, find("below"));
    assertEquals(WatchedDirectory.Known.ABSENT, find("three"));
    assertEquals(before, gofer.requests());
  }

  @Test
  void eachChangeIsNoticed() throws Exception {
    list();
    Files.writeString(folder.resolve("one"), "longer");
    assertEquals(WatchedDirectory.Known.NO, find("one"));
    assertEquals(WatchedDirectory.Known.LISTED, find("two"));
    Files.delete(folder.resolve("two"));
    assertEquals(WatchedDirectory.Known.NO, find("two"));
    Files.createFile(folder.resolve("three"));
    assertEquals(WatchedDirectory.Known.NO, find("three"));
    assertEquals(WatchedDirectory.Known.ABSENT, find("four"));
    Files.move(folder.resolve("three"), folder.resolve("four"));
    assertEquals(WatchedDirectory.Known.NO, find("four"));
    Files.setLastModifiedTime(folder.resolve("below"), FileTime.fromMillis(0));
    assertEquals(WatchedDirectory.Known.NO, find("below"));
  }

  @Test
  void whatIsLearnedAnewIsBelievedAnew() throws Exception {
    WatchedDirectory w = list();
    Files.writeString(folder.resolve("one"), "longer");
    assertEquals(WatchedDirectory.Known.NO, find("one"));
    Reply r = gofer.call(request(Wire.WALK, handle(gofer, Wire.ROOTS_HANDLE, "0"), "one"));
    w.learn("one", fs.inode(r.node(), root, "one", ""));
    assertEquals(WatchedDirectory.Known.LEARNED, find("one"));
    Files.writeString(folder.resolve("one"), "longer still");
    assertEquals(WatchedDirectory.Known.NO, find("one"));
  }

  @Test
  void aDirectorysOwnAttributesOutliveItsInode() throws Exception {
    list();
    Reply r = gofer.call(request(Wire.WALK, handle(gofer, Wire.ROOTS_HANDLE, "0"), "below"));
    Attributes before = r.node();
    Files.setLastModifiedTime(folder.resolve("below"), FileTime.fromMillis(12_000));
    fs.changedHere();
    for (int i = 0; i < 2; i++) {
      // The second is what is made when nobody holds the first any more.
      GoferDirectory below = new GoferDirectory(fs, new Place(root, "below"), before);
      below.believe(before);
      assertEquals(0, below.getattr(null));
      assertEquals(12_000_000_000L, below.mtimeNanos);
    }
  }

  @Test
  void twoNamesOfAFileAndNamesThatMayBeWrittenInAnotherWayAreAskedFor() throws Exception {
    Files.createLink(folder.resolve("link"), folder.resolve("one"));
    list();
    assertEquals(WatchedDirectory.Known.NO, find("one"));
    assertEquals(WatchedDirectory.Known.NO, find("link"));
    assertEquals(WatchedDirectory.Known.NO, find("\u00c3\u00a9"));
    assertEquals(WatchedDirectory.Known.LISTED, find("two"));
  }

  @Test
  void aDirectoryThatIsGoneIsForgotten() throws Exception {
    WatchedDirectory w = list();
    Path moved = folder.resolveSibling(folder.getFileName() + "-moved");
    Files.move(folder, moved);
    fs.changedHere();
    assertNull(fs.watched(root));
    Files.move(moved, folder);
    assertTrue(w.isForgotten());
  }

  @Test
  void aQueueThatMakesNoSenseIsWorthNothing() throws Exception {
    WatchedDirectory w = list();
    int[] pipe = new int[2];
    assertEquals(0, Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_STREAM, pipe));
    try (HostWatches hostile = new HostWatches(pipe[0]);
        Arena arena = Arena.ofConfined()) {
      hostile.add(w);
      MemorySegment bytes = arena.allocate(64);
      bytes.fill((byte) 0x7f);
      Libc.write(pipe[1], bytes.address(), 64);
      hostile.changedHere();
      hostile.look();
      assertTrue(w.isForgotten());
    } finally {
      Libc.close(pipe[1]);
    }
  }
}
