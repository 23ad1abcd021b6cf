package dev.vivarium.image.layer;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.github.luben.zstd.Zstd;
import dev.vivarium.image.Digests;
import dev.vivarium.image.HostTools;
import dev.vivarium.image.TestLayout;
import dev.vivarium.image.TestTar;
import dev.vivarium.image.TreeListing;
import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.Manifest;
import dev.vivarium.image.view.RootView;
import dev.vivarium.image.view.RootViews;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Broken input by chance, from a seed: the readers refuse it with an IOException or make something
 * of it that holds together, and never crash or hang. How long is tried is set by {@code
 * vivarium.test.fuzz.seconds}; with {@code vivarium.long} it is ten minutes in all.
 */
@Timeout(value = 30, unit = MINUTES)
class MutationTest {
  private static final long SECONDS =
      Long.getLong("vivarium.test.fuzz.seconds", Boolean.getBoolean("vivarium.long") ? 300 : 4);
  private static final LayerLimits LIMITS = new LayerLimits(64 << 20, 100_000, 16 << 20);

  @TempDir Path directory;

  private static byte[] seed() {
    TestTar tar = new TestTar().directory(".").directory("a").file("a/f", TestTar.content(700, 1));
    tar.xattr("user.x", "value".getBytes(StandardCharsets.UTF_8)).mtime("-12.5").file("a/g", "g");
    tar.symlink("a/s", "../a/f").link("a/h", "a/f").device("dev", '3', 1, 3).fifo("fifo");
    tar.file("a/.wh.gone", "").file("b/.wh..wh..opq", "").file("n".repeat(200) + "/x", "x");
    tar.pax("path", "caf\u00c3\u00a9").owner(5_000_000, 1).file("p", "x");
    tar.entry("././@LongLink", 'L', "", "long/name\0".getBytes(StandardCharsets.UTF_8));
    return tar.file("cut", "x").end();
  }

  private static byte[] mutate(byte[] input, Random random) {
    byte[] bytes = input.clone();
    int changes = 1 + random.nextInt(8);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(6)) {
        case 0 -> bytes[at] = (byte) random.nextInt();
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> {
          int length = Math.min(random.nextInt(600), bytes.length - at);
          int from = random.nextInt(bytes.length - length + 1);
          System.arraycopy(bytes, from, bytes, at, length);
        }
        case 3 -> bytes = Arrays.copyOf(bytes, 1 + random.nextInt(bytes.length));
        case 4 ->
            Arrays.fill(bytes, at, Math.min(bytes.length, at + random.nextInt(20)), (byte) '7');
        default ->
            Arrays.fill(bytes, at, Math.min(bytes.length, at + random.nextInt(20)), (byte) 0);
      }
    }
    return bytes;
  }

  /** Makes header checksums right again, so that damage reaches what is behind them. */
  private static void repairChecksums(byte[] tar) {
    for (int at = 0; at + 512 <= tar.length; at += 512) {
      if (tar[at + 257] != 'u' || tar[at + 258] != 's') {
        continue;
      }
      Arrays.fill(tar, at + 148, at + 156, (byte) ' ');
      int sum = 0;
      for (int i = at; i < at + 512; i++) {
        sum += tar[i] & 0xff;
      }
      byte[] digits = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(digits, 0, tar, at + 148, 8);
    }
  }

  @Test
  void brokenTarsAreRefusedOrHoldTogether() throws Exception {
    byte[] seed = seed();
    Random random = new Random(20_261_120);
    long end = System.nanoTime() + SECONDS * 1_000_000_000L;
    Path erofs = directory.resolve("erofs");
    Path split = directory.resolve("split");
    int accepted = 0;
    while (System.nanoTime() < end) {
      byte[] tar = mutate(seed, random);
      if (random.nextInt(8) != 0) {
        repairChecksums(tar);
      }
      byte[] blob =
          switch (random.nextInt(8)) {
            case 0 -> mutate(TestLayout.gzip(tar), random);
            case 1 -> mutate(Zstd.compress(tar), random);
            case 2 -> Zstd.compress(tar);
            default -> tar;
          };
      LayerConverter.Converted converted;
      try {
        converted = LayerConverter.convert(new ByteArrayInputStream(blob), erofs, split, LIMITS);
      } catch (IOException e) {
        continue;
      }
      accepted++;
      try (RootView view = RootViews.open(List.of(erofs))) {
        TreeListing.of(view);
      }
      ByteArrayOutputStream joined = new ByteArrayOutputStream();
      try (FileChannel file = FileChannel.open(erofs);
          InputStream in = Files.newInputStream(split)) {
        TarSplit.join(in, file, joined);
      }
      assertEquals(converted.diffId(), Digests.of(joined.toByteArray()));
      if (accepted % 50 == 0) {
        HostTools.fsck(erofs);
      }
    }
  }

  @Test
  void aNumberWithoutBoundsIsRefused() {
    byte[] document = "{\"size\":1e99999999999}".getBytes(StandardCharsets.UTF_8);
    assertThrows(IOException.class, () -> Json.parse(document));
    byte[] large = "{\"size\":1e99999}".getBytes(StandardCharsets.UTF_8);
    assertThrows(IOException.class, () -> Json.parse(large).requiredLong("size"));
  }

  @Test
  void brokenManifestsAreRefusedOrRead() {
    TestLayout layout = new TestLayout().layer(new TestTar().file("a", "x").end());
    byte[] seed = layout.manifest();
    Random random = new Random(4711);
    long end = System.nanoTime() + SECONDS * 1_000_000_000L;
    while (System.nanoTime() < end) {
      byte[] document = mutate(seed, random);
      try {
        Manifest.parse(document, "");
        Json.write(Json.parse(document));
      } catch (IOException e) {
        // as it should
      }
    }
  }
}
