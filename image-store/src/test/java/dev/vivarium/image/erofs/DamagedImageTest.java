package dev.vivarium.image.erofs;

import static java.util.concurrent.TimeUnit.SECONDS;

import dev.vivarium.image.TestLayers;
import dev.vivarium.image.TestTar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A damaged file shows as an exception of ours, never as another, as a hang or a crash. */
@Timeout(value = 60, unit = SECONDS)
class DamagedImageTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void randomDamageIsContained(long seed) throws IOException {
    TestTar tar = new TestTar().directory("d").xattr("user.a", new byte[9]).file("d/f", "content");
    for (int i = 0; i < 200; i++) {
      tar.file("d/" + "n".repeat(i), "");
      tar.symlink("links/" + i, "x".repeat(i + 1));
    }
    Path file = TestLayers.convert(directory, tar).getFirst();
    byte[] good = Files.readAllBytes(file);
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      byte[] bad = good.clone();
      int damages = 1 + random.nextInt(20);
      for (int i = 0; i < damages; i++) {
        // Data comes first and cannot confuse; the rest is metadata.
        int at = 8192 + random.nextInt(bad.length - 8192);
        bad[at] = (byte) (random.nextInt(3) == 0 ? 0xff : random.nextInt());
      }
      Path damaged = Files.write(directory.resolve("damaged"), bad);
      try (ErofsImage image = ErofsImage.open(damaged)) {
        walk(image, image.root(), 0, new int[] {20_000});
      } catch (ErofsException e) {
        // as it should
      }
    }
  }

  private static void walk(ErofsImage image, ErofsInode inode, int depth, int[] budget) {
    inode.xattrs();
    inode.mtimeSeconds();
    if (!inode.isDirectory()) {
      if ((inode.mode() & 0170000) == 0120000) {
        inode.readlink();
      }
      return;
    }
    ErofsDirectory children = inode.directory();
    ErofsDirectory.Cursor cursor = children.cursor();
    while (cursor.advance() && budget[0]-- > 0) {
      children.lookup(cursor.name());
      if (depth < 8) {
        walk(image, image.inode(cursor.nid()), depth + 1, budget);
      }
    }
  }
}
