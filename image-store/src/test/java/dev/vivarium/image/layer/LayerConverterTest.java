package dev.vivarium.image.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.image.Digests;
import dev.vivarium.image.HostTools;
import dev.vivarium.image.TestTar;
import dev.vivarium.image.TreeListing;
import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.layer.LayerConverter.Converted;
import dev.vivarium.image.view.RootView;
import dev.vivarium.image.view.RootViews;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayerConverterTest {
  private static final byte[] CAPABILITY =
      HexFormat.of().parseHex("0100000200200000000000000000000000000000");

  @TempDir Path directory;

  private static TestTar everyKind() {
    TestTar tar = new TestTar().mode(0750).owner(1, 2).directory(".");
    tar.directory("d").mode(04755).owner(65534, 3_000_000).mtime("1234567890.123456789");
    tar.file("d/setuid", TestTar.content(5000, 1));
    tar.file("d/empty", "").file("d/page", TestTar.content(4096, 2));
    tar.file("d/large", TestTar.content(3_000_000, 3));
    tar.symlink("d/link", "../elsewhere").symlink("d/long-link", "x".repeat(4095));
    tar.link("hard", "d/setuid").link("d/hard2", "./hard");
    tar.device("null", '3', 1, 3).device("block", '4', 259, 70000).fifo("fifo");
    tar.mtime("-1.5").file("before-the-epoch", "old");
    tar.mtime("8999999999.000000001").file("far", "ahead");
    tar.file("n".repeat(255), "long name").file("caf\u00c3\u00a9 \u0001\u00ff\n", "bytes");
    tar.xattr("user.a", new byte[] {0, 1, 2}).xattr("security.capability", CAPABILITY);
    tar.xattr("trusted.overlay.redirect", new byte[] {'/'}).file("attributes", "x");
    tar.xattr("user.big", TestTar.content(9000, 4)).directory("with-attributes");
    for (int i = 0; i < 3000; i++) {
      tar.file("many/" + "x".repeat(i % 90) + i, "" + i);
    }
    tar.directory("a/b/c/d").file("a/b/file", "1").file("a/b/file", "2");
    return tar;
  }

  private Converted convert(byte[] blob, String name) throws IOException {
    return LayerConverter.convert(
        new ByteArrayInputStream(blob),
        directory.resolve(name + ".erofs"),
        directory.resolve(name + ".split"),
        LayerLimits.standard());
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    }
    return out.toByteArray();
  }

  @Test
  void theReferenceImplementationAcceptsWhatIsWritten() throws Exception {
    HostTools.need("fsck.erofs");
    convert(everyKind().end(), "layer");
    HostTools.fsck(directory.resolve("layer.erofs"));
  }

  @Test
  void theViewShowsWhatTheKernelShows() throws Exception {
    HostTools.needRoot();
    convert(everyKind().end(), "layer");
    Path mount = Files.createDirectory(directory.resolve("mount"));
    HostTools.run(
        "mount", "-t", "erofs", "-o", "loop,ro", directory + "/layer.erofs", mount.toString());
    try (RootView view = RootViews.open(List.of(directory.resolve("layer.erofs")))) {
      Map<String, String> kernel = TreeListing.ofHost(mount);
      assertEquals(3025, kernel.size());
      // The kernel shows what makes the overlay work, the view does not.
      kernel.replaceAll((path, line) -> line.replace("trusted.vivarium.implied=eQ==", ""));
      TreeListing.assertSame(kernel, TreeListing.of(view));
    } finally {
      HostTools.run("umount", mount.toString());
    }
  }

  @Test
  void theTarComesBackAsItWas() throws Exception {
    byte[] tar = everyKind().end();
    Converted plain = convert(tar, "plain");
    assertEquals(Digests.of(tar), plain.diffId());
    assertEquals(tar.length, plain.erofs().tarBytes());
    Converted compressed = convert(gzip(tar), "compressed");
    assertEquals(plain.diffId(), compressed.diffId());
    assertEquals(
        -1,
        Files.mismatch(directory.resolve("plain.erofs"), directory.resolve("compressed.erofs")));
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    try (FileChannel erofs = FileChannel.open(directory.resolve("plain.erofs"));
        var split = Files.newInputStream(directory.resolve("plain.split"))) {
      TarSplit.join(split, erofs, joined);
    }
    assertArrayEquals(tar, joined.toByteArray());
  }

  @Test
  void aTarThatEndsWithoutPaddingIsWhole() throws Exception {
    byte[] whole = new TestTar().file("a", "content").end();
    byte[] cut = java.util.Arrays.copyOf(whole, 512 + "content".length());
    assertEquals(Digests.of(cut), convert(cut, "cut").diffId());
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    try (FileChannel erofs = FileChannel.open(directory.resolve("cut.erofs"));
        var split = Files.newInputStream(directory.resolve("cut.split"))) {
      TarSplit.join(split, erofs, joined);
    }
    assertArrayEquals(cut, joined.toByteArray());
  }
}
