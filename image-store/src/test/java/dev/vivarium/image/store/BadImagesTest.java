package dev.vivarium.image.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.TestLayout;
import dev.vivarium.image.TestTar;
import dev.vivarium.image.erofs.EntryMemory;
import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.layer.LayerConverter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every bad image gets one clear line, and leaves the store as it was. */
class BadImagesTest {
  @TempDir Path directory;
  private ImageStore store;

  @BeforeEach
  void open() throws ImageException {
    store = ImageStore.open(directory.resolve("store"));
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    assertEquals(List.of(), store.list());
    store.close();
    assertEquals(List.of(), names(directory.resolve("store/layers")));
    assertEquals(List.of(), names(directory.resolve("store/tmp")));
  }

  private static List<String> names(Path path) throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private void refused(Kind kind, String message, TestLayout layout) {
    String source = layout.write(directory.resolve("layout"));
    refused(kind, message, source);
  }

  private void refused(Kind kind, String message, String source) {
    ImageException e =
        assertThrows(ImageException.class, () -> store.importArchive(source, true, Progress.NONE));
    assertTrue(e.getMessage().contains(message), e.getMessage());
    assertTrue(e.getMessage().contains("; "), e.getMessage());
    assertFalse(e.getMessage().contains("\n"));
    assertEquals(kind, e.kind(), e.getMessage());
  }

  static Stream<Arguments> badTars() {
    String deep = "d/".repeat(2000);
    return Stream.of(
        Arguments.of("leads out of the image", new TestTar().file("../evil", "x")),
        Arguments.of("leads out of the image", new TestTar().file("a/../../evil", "x")),
        Arguments.of("leads out of the image", new TestTar().directory("a/..")),
        Arguments.of("leads out of the image", new TestTar().file("/../evil", "x")),
        Arguments.of("NUL", new TestTar().pax("path", "a\0b").file("a", "x")),
        Arguments.of("255 bytes", new TestTar().file("n".repeat(256), "x")),
        Arguments.of(
            "4095", new TestTar().file(deep + "abcdefghijklmnopqrstuvwxyz".repeat(5), "x")),
        Arguments.of("does not come before it", new TestTar().link("a", "b").file("b", "x")),
        Arguments.of("does not come before it", new TestTar().link("a", "a")),
        Arguments.of("leads out of the image", new TestTar().link("a", "../../etc/shadow")),
        Arguments.of("hard link to a directory", new TestTar().directory("d").link("a", "d")),
        Arguments.of("hard link to a directory", new TestTar().link("a", "")),
        Arguments.of("does not come before it", new TestTar().file("d/.wh.x", "").link("a", "d/x")),
        Arguments.of(
            "below what is not a directory", new TestTar().file("a", "x").file("a/b", "y")),
        Arguments.of(
            "leads nowhere", new TestTar().symlink("a", "b").symlink("b", "a").file("a/c", "y")),
        Arguments.of("whiteout of nothing", new TestTar().file("d/.wh.", "")),
        Arguments.of("whiteout of nothing", new TestTar().file("d/.wh...", "")),
        Arguments.of("target of 0 bytes", new TestTar().symlink("a", "")),
        Arguments.of("target of 5000 bytes", new TestTar().symlink("a", "x".repeat(5000))),
        Arguments.of("sparse", new TestTar().pax("GNU.sparse.major", "1").file("a", "x")),
        Arguments.of("sparse", new TestTar().entry("a", 'S', "", new byte[0])),
        Arguments.of("unknown type", new TestTar().entry("a", 'Q', "", new byte[0])),
        Arguments.of("32 bits", new TestTar().pax("uid", "4294967296").file("a", "x")),
        Arguments.of("32 bits", new TestTar().pax("gid", "-1").file("a", "x")),
        Arguments.of("impossible size", new TestTar().pax("size", "-5").file("a", "x")),
        Arguments.of(
            "impossible size", new TestTar().pax("size", "9223372036854775807").file("a", "")),
        Arguments.of("not a number", new TestTar().pax("size", "many").file("a", "x")),
        Arguments.of("not a number", new TestTar().pax("mtime", "1.x").file("a", "x")),
        Arguments.of("wrong length", new TestTar().entry("p", 'x', "", "999 path=a\n".getBytes())),
        Arguments.of("without a key", new TestTar().entry("p", 'x', "", "5 ab\n".getBytes())),
        Arguments.of(
            "its end of line", new TestTar().entry("p", 'x', "", "10 path=abc".getBytes())),
        Arguments.of(
            "two extended headers",
            new TestTar()
                .entry("p", 'x', "", "9 path=a\n".getBytes())
                .pax("path", "b")
                .file("a", "")),
        Arguments.of("followed by no entry", new TestTar().entry("p", 'L', "", "name".getBytes())),
        Arguments.of("1 MiB", new TestTar().entry("p", 'x', "", new byte[(1 << 20) + 1])),
        Arguments.of("128 KiB", bigAttributes()),
        Arguments.of("the root is not a directory", new TestTar().file(".", "x")),
        Arguments.of(
            "wrong checksum", new TestTar().file("a", "x").raw(new byte[] {1}).raw(new byte[511])),
        Arguments.of(
            "in the middle of a header", new TestTar().file("a", "x").raw(new byte[] {1})));
  }

  private static TestTar bigAttributes() {
    TestTar tar = new TestTar();
    for (int i = 0; i < 3; i++) {
      tar.xattr("user.a" + i, new byte[60_000]);
    }
    return tar.file("a", "x");
  }

  @ParameterizedTest
  @MethodSource("badTars")
  void aBadTarIsRefused(String message, TestTar tar) {
    byte[] content = message.contains("middle") ? tar.cut() : tar.end();
    refused(Kind.BAD_IMAGE, message, new TestLayout().layer(content));
  }

  @Test
  void aTarThatEndsInAFileIsRefused() {
    byte[] tar = new TestTar().file("a", TestTar.content(10_000, 1)).cut();
    refused(
        Kind.BAD_IMAGE,
        "in the middle of a file",
        new TestLayout().layer(Arrays.copyOf(tar, 5000)));
  }

  @Test
  void aTruncatedGzipStreamIsRefused() {
    byte[] tar = new TestTar().file("a", TestTar.content(10_000, 1)).end();
    byte[] gzip = TestLayout.gzip(tar);
    refused(
        Kind.BAD_IMAGE,
        "ends too early",
        new TestLayout().layer(tar, Arrays.copyOf(gzip, gzip.length - 3000)));
  }

  @Test
  void garbageBehindAGzipStreamIsRefused() {
    byte[] tar = new TestTar().file("a", "x").end();
    byte[] gzip = TestLayout.gzip(tar);
    byte[] longer = Arrays.copyOf(gzip, gzip.length + 10);
    longer[gzip.length] = 'x';
    refused(Kind.BAD_IMAGE, "garbage", new TestLayout().layer(tar, longer));
  }

  @Test
  void aLayerWithAnotherDiffIdThanTheImageSaysIsRefused() {
    byte[] tar = new TestTar().file("a", "x").end();
    byte[] other = new TestTar().file("b", "x").end();
    refused(Kind.BAD_IMAGE, "diff id", new TestLayout().layer(other, TestLayout.gzip(tar)));
  }

  @Test
  void aBlobWithAnotherDigestThanItsNameIsRefused() throws IOException {
    byte[] tar = new TestTar().file("a", "x").end();
    TestLayout layout = new TestLayout().layer(tar);
    String source = layout.write(directory.resolve("layout"));
    byte[] other = TestLayout.gzip(new TestTar().file("a", "y").end());
    Path blob =
        directory.resolve("layout/blobs/" + Digests.of(TestLayout.gzip(tar)).replace(':', '/'));
    Files.write(blob, Arrays.copyOf(other, (int) Files.size(blob)));
    refused(Kind.BAD_IMAGE, "", source);
  }

  @Test
  void aBlobOfAnotherLengthIsRefused() {
    byte[] tar = new TestTar().file("a", TestTar.content(100_000, 1)).end();
    byte[] gzip = TestLayout.gzip(tar);
    TestLayout layout = new TestLayout();
    String type = "application/vnd.oci.image.layer.v1.tar+gzip";
    layout.layer(type, layout.blob(gzip), gzip.length - 1, Digests.of(tar));
    refused(Kind.BAD_IMAGE, "longer than", layout);
  }

  @Test
  void aMissingBlobIsNamed() {
    TestLayout layout = new TestLayout();
    String none = Digests.of(new byte[0]);
    layout.layer("application/vnd.oci.image.layer.v1.tar+gzip", none, 10, none);
    refused(Kind.NOT_FOUND, none.substring(7), layout);
  }

  @Test
  void anImageForAnotherMachineIsRefused() {
    byte[] tar = new TestTar().file("a", "x").end();
    refused(
        Kind.UNSUPPORTED, "linux/arm64", new TestLayout().platform("linux", "arm64").layer(tar));
    refused(Kind.UNSUPPORTED, "windows", new TestLayout().platform("windows", "amd64").layer(tar));
  }

  @Test
  void aForeignLayerIsRefused() {
    String none = Digests.of(new byte[0]);
    refused(
        Kind.UNSUPPORTED,
        "do not hand out",
        new TestLayout()
            .layer("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", none, 9, none));
  }

  @Test
  void noArchiveIsNamedSo() throws IOException {
    Path file =
        Files.writeString(directory.resolve("file"), "not an archive at all, but text".repeat(50));
    refused(Kind.BAD_IMAGE, "not a tar archive", "oci-archive:" + file);
    refused(Kind.BAD_IMAGE, "not a tar archive", "docker-archive:" + file);
    refused(Kind.NOT_FOUND, "nowhere", "oci:" + directory.resolve("nowhere"));
    refused(Kind.NOT_FOUND, "oci-layout", "oci:" + directory);
    refused(Kind.BAD_REFERENCE, "no path", "oci:");
  }

  @Test
  void aBombStopsAtTheLimit() {
    byte[] tar = new TestTar().file("zeros", new byte[4 << 20]).end();
    LayerLimits limits = new LayerLimits(1 << 20, 1000, 1000);
    IOException e =
        assertThrows(
            IOException.class,
            () ->
                LayerConverter.convert(
                    new ByteArrayInputStream(TestLayout.gzip(tar)),
                    directory.resolve("a"),
                    directory.resolve("b"),
                    limits));
    assertTrue(e.getMessage().contains("the limit"), e.getMessage());
  }

  @Test
  void tooManyEntriesStopAtTheLimit() {
    TestTar tar = new TestTar();
    for (int i = 0; i < 1001; i++) {
      tar.file("f" + i, "");
    }
    LayerLimits limits = new LayerLimits(1 << 20, 1000, 100_000);
    IOException e =
        assertThrows(
            IOException.class,
            () ->
                LayerConverter.convert(
                    new ByteArrayInputStream(tar.end()),
                    directory.resolve("a"),
                    directory.resolve("b"),
                    limits));
    assertTrue(e.getMessage().contains("1000 entries"), e.getMessage());
  }

  @Test
  void aZstdBombStopsAtTheLimit() {
    byte[] tar = new TestTar().file("zeros", new byte[4 << 20]).end();
    LayerLimits limits = new LayerLimits(1 << 20, 1000, 1000);
    IOException e =
        assertThrows(
            IOException.class,
            () ->
                LayerConverter.convert(
                    new ByteArrayInputStream(com.github.luben.zstd.Zstd.compress(tar)),
                    directory.resolve("a"),
                    directory.resolve("b"),
                    limits));
    assertTrue(e.getMessage().contains("the limit"), e.getMessage());
  }

  @Test
  void aZstdWindowLargerThanAnybodyNeedsIsRefused() {
    // A frame header that asks for a window of 2 GiB, and one raw block.
    byte[] frame = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, (byte) (21 << 3), 9, 0, 0, 'x'};
    IOException e =
        assertThrows(
            IOException.class,
            () ->
                LayerConverter.convert(
                    new ByteArrayInputStream(frame),
                    directory.resolve("a"),
                    directory.resolve("b"),
                    LayerLimits.standard()));
    assertTrue(e.getMessage().contains("zstd"), e.getMessage());
  }

  @Test
  void aBlobMayUnpackToSoManyTimesItsLength() {
    LayerLimits limits = LayerLimits.standard();
    assertEquals(1L << 30, limits.forBlob(1000).maxTarBytes());
    assertEquals(200L * (100 << 20), limits.forBlob(100 << 20).maxTarBytes());
    assertEquals(64L << 30, limits.forBlob(Long.MAX_VALUE).maxTarBytes());
  }

  /** Ten million empty files, as a stream that is made while it is read. */
  private static InputStream manyEntries(long count) {
    byte[] header = new TestTar().file("f0000000000", "").cut();
    return new InputStream() {
      private long entry;
      private int at = header.length;

      @Override
      public int read() {
        throw new UnsupportedOperationException();
      }

      @Override
      public int read(byte[] buffer, int offset, int length) {
        if (at == header.length) {
          if (entry == count) {
            return -1;
          }
          byte[] digits = String.format("%010d", entry++).getBytes();
          System.arraycopy(digits, 0, header, 1, digits.length);
          int sum = 8 * ' ';
          for (int i = 0; i < 512; i++) {
            sum += i >= 148 && i < 156 ? 0 : header[i];
          }
          System.arraycopy(String.format("%06o\0 ", sum).getBytes(), 0, header, 148, 8);
          at = 0;
        }
        int n = Math.min(length, header.length - at);
        System.arraycopy(header, at, buffer, offset, n);
        at += n;
        return n;
      }
    };
  }

  @Test
  void tenMillionEntriesEndWhereTheMemoryForThemDoes() {
    EntryMemory memory = new EntryMemory(16 << 20);
    LayerLimits limits = new LayerLimits(64L << 30, 10_000_000, 1 << 30, memory);
    for (int i = 0; i < 2; i++) { // the second finds what the first gave back
      IOException e =
          assertThrows(
              IOException.class,
              () ->
                  LayerConverter.convert(
                      manyEntries(10_000_000),
                      directory.resolve("a"),
                      directory.resolve("b"),
                      limits));
      assertTrue(e.getMessage().contains("16 MiB"), e.getMessage());
    }
  }

  @Test
  void oddNamesAndDevicesAreContained() throws Exception {
    TestTar tar = new TestTar().file("line\nbreak", "x").file("tab\t\u0007bell", "x");
    tar.device("null", '3', 1, 3).device("disk", '4', 8, 0).fifo("fifo");
    tar.directory("/").file("//abs/olute", "x").link("linked", "/abs/olute");
    tar.symlink("out", "../../../etc/shadow").symlink("loop", "loop").file(".wh.nothing", "");
    Path file = dev.vivarium.image.TestLayers.convert(directory, tar).getFirst();
    try (var view = dev.vivarium.image.view.RootViews.open(List.of(file))) {
      assertEquals("x".length(), view.root().lookup("line\nbreak").size());
      assertEquals(1, view.root().lookup("abs").lookup("olute").size());
      assertEquals(view.root().lookup("abs").lookup("olute"), view.root().lookup("linked"));
      assertEquals("../../../etc/shadow", view.root().lookup("out").readlink());
      assertEquals(0x103, view.root().lookup("null").rdev());
      assertEquals(null, view.root().lookup("nothing"));
    }
    // Nothing of it is on this machine but the one file.
    assertFalse(Files.exists(directory.resolve("null")));
  }

  @Test
  void aNameOfAMebibyteIsRefused() {
    byte[] name = "n".repeat(1 << 20).getBytes();
    refused(
        Kind.BAD_IMAGE,
        "has 1048576 bytes",
        new TestLayout().layer(new TestTar().entry("p", 'L', "", name).file("x", "").end()));
  }
}
