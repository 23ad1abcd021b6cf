package dev.vivarium.sentry.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.memory.Uio;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OverlayTest {
  private final VfsWorld lower = VfsWorld.onTmpfs();
  private VfsWorld w = lower;

  @BeforeEach
  void tree() {
    lower.mkdir("/d");
    lower.mkdir("/d/sub");
    lower.write("/d/f", "below");
    lower.link("/d/f", "/d/hard");
    lower.write("/d/sub/deep", "deep");
    lower.write("/big", "b".repeat(3 << 20));
    w = VfsWorld.overlayOver(lower);
  }

  @Test
  void anOpenFileSeesWhatIsWrittenAfterItWasOpened() {
    File before = w.open("/d/f", Fcntl.O_RDONLY);
    w.write("/d/f", "changed above");
    assertEquals("changed above", new String(VfsWorld.readAll(w.t, before)));
    before.drop(w.t);
    assertEquals("below", lower.read("/d/f"));
  }

  @Test
  void linksStayLinksWhenAFileIsCopiedUp() {
    long ino = w.inode("/d/f").ino;
    w.write("/d/hard", "through the other name");
    assertEquals("through the other name", w.read("/d/f"));
    assertEquals(ino, w.inode("/d/f").ino);
    assertEquals(2, w.inode("/d/f").nlink);
    assertEquals(0, w.unlink("/d/hard"));
    assertEquals(1, w.inode("/d/f").nlink);
    assertEquals("through the other name", w.read("/d/f"));
  }

  @Test
  void aBigFileIsCopiedUpOnlyWhereItIsChanged() {
    long before = w.memory.allocatedBytes();
    File f = w.open("/big", Fcntl.O_RDWR);
    byte[] x = {'x'};
    assertEquals(1, f.write(w.t, Uio.of(x, 0, 1), 1 << 20));
    assertEquals(before + MemoryFile.UNIT, w.memory.allocatedBytes());
    f.drop(w.t);
    byte[] now = w.bytes("/big");
    assertEquals(3 << 20, now.length);
    assertEquals('x', now[1 << 20]);
    assertEquals('b', now[(1 << 20) + 1]);
    assertEquals('b', now[(3 << 20) - 1]);
  }

  @Test
  void aDirectoryIsRenamedWithAllThatIsBelow() {
    assertEquals(0, w.rename("/d", "/moved", 0));
    assertEquals("below", w.read("/moved/f"));
    assertEquals("deep", w.read("/moved/sub/deep"));
    assertFalse(w.exists("/d"));
    assertEquals(0, w.mkdir("/d"));
    assertEquals(List.of(".", ".."), w.names("/d"));
    w.write("/moved/sub/new", "n");
    assertEquals(
        List.of(".", "..", "deep", "new"), w.names("/moved/sub").stream().sorted().toList());
  }

  @Test
  void whatWasRemovedStaysRemovedAndANewFileOfTheNameIsNew() {
    long ino = w.inode("/d/sub/deep").ino;
    assertEquals(0, w.unlink("/d/sub/deep"));
    assertFalse(w.exists("/d/sub/deep"));
    assertEquals(List.of(".", ".."), w.names("/d/sub"));
    w.write("/d/sub/deep", "again");
    assertNotEquals(ino, w.inode("/d/sub/deep").ino);
    assertEquals(0, w.unlink("/d/sub/deep"));
    assertEquals(0, w.rmdir("/d/sub"));
    assertEquals(0, w.mkdir("/d/sub"));
    assertEquals(List.of(".", ".."), w.names("/d/sub"));
  }

  @Test
  void changesOutliveTheDentries() {
    AttrChange change = new AttrChange();
    change.set = AttrChange.MODE;
    change.mode = 0600;
    w.inode("/d/f").setattr(w.t, change);
    w.write("/d/sub/deep", "kept");
    w.namespace.root().fs.dentries().clear();
    for (int i = 0; i < 20; i++) {
      System.gc();
    }
    assertEquals(0600, w.inode("/d/f").mode & 0777);
    assertEquals("kept", w.read("/d/sub/deep"));
  }

  @Test
  void positionsOfAListingStayValidWhileFilesAreRemoved() {
    for (int i = 0; i < 50; i++) {
      w.write("/d/sub/" + i, "");
    }
    File f = w.open("/d/sub", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
    int[] seen = {0};
    int before;
    do {
      before = seen[0];
      int[] room = {7};
      f.readdir(
          w.t,
          (name, ino, next, type) -> {
            if (room[0]-- == 0) {
              return false;
            }
            seen[0]++;
            if (!name.startsWith(".")) {
              w.unlink("/d/sub/" + name);
            }
            return true;
          });
    } while (seen[0] > before);
    f.drop(w.t);
    assertEquals(53, seen[0]);
    assertEquals(0, w.rmdir("/d/sub"));
    assertTrue(lower.exists("/d/sub/deep"));
  }

  @Test
  void aListingThatBeganBeforeTheFirstChangeGoesOnWithoutLossOrRepetition() {
    lower.mkdir("/many");
    for (int i = 0; i < 60; i++) {
      lower.write("/many/" + i, "");
    }
    File f = w.open("/many", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
    List<String> seen = new ArrayList<>();
    int before;
    do {
      before = seen.size();
      int[] room = {9};
      f.readdir(
          w.t,
          (name, ino, next, type) -> {
            if (room[0]-- == 0) {
              return false;
            }
            seen.add(name);
            return true;
          });
      if (before == 0) {
        w.write("/many/new", "");
        w.unlink("/many/59");
        w.rename("/many/58", "/many/renamed", 0);
      }
    } while (seen.size() > before);
    f.drop(w.t);
    List<String> expected = new ArrayList<>(List.of(".", "..", "new", "renamed"));
    for (int i = 0; i < 58; i++) {
      expected.add(Integer.toString(i));
    }
    Collections.sort(expected);
    Collections.sort(seen);
    assertEquals(expected, seen);
  }
}
