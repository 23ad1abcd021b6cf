package dev.vivarium.image.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.TestLayout;
import dev.vivarium.image.TestTar;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageStoreTest {
  @TempDir Path directory;
  private ImageStore store;
  private int layouts;

  @BeforeEach
  void open() throws ImageException {
    store = ImageStore.open(directory.resolve("store"));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static byte[] layer(int seed) {
    return new TestTar().file("f" + seed, TestTar.content(20_000, seed)).end();
  }

  private ImageRecord add(byte[]... tars) throws ImageException {
    TestLayout layout = new TestLayout();
    for (byte[] tar : tars) {
      layout.layer(tar);
    }
    return store.importArchive(
        layout.write(directory.resolve("layout" + layouts++)), true, Progress.NONE);
  }

  private List<String> layerFiles() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("store/layers"))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void anImageIsFoundByNameIdAndBeginningOfItsId() throws ImageException {
    ImageRecord image = add(layer(1));
    ImageRecord named = store.tag(image.shortId(), "me/tool:1");
    assertEquals(List.of("docker.io/me/tool:1"), named.tags());
    for (String name : List.of("me/tool:1", image.id(), image.id().substring(7), image.shortId())) {
      assertEquals(named, store.find(name).orElseThrow());
    }
    assertEquals(Optional.empty(), store.find("me/tool:2"));
    assertEquals(Optional.empty(), store.find("0000"));
    assertEquals(Instant.parse("2024-01-02T03:04:05Z"), image.created().orElseThrow());
    assertThrows(ImageException.class, () -> store.find("No Name"));
  }

  @Test
  void aNameMovesToTheImageThatGotItLast() throws ImageException {
    ImageRecord first = add(layer(1));
    ImageRecord second = add(layer(2));
    store.tag(first.id(), "a");
    store.tag(second.id(), "a");
    assertEquals(second.id(), store.find("a").orElseThrow().id());
    assertEquals(List.of(), store.find(first.id()).orElseThrow().tags());
  }

  @Test
  void removingANameKeepsTheImageWhileItHasAnother() throws Exception {
    ImageRecord image = add(layer(1));
    store.tag(image.id(), "a");
    store.tag(image.id(), "b");
    assertEquals(List.of("docker.io/library/a:latest"), store.remove("a"));
    assertTrue(store.find(image.id()).isPresent());
    assertEquals(List.of("docker.io/library/b:latest", image.id()), store.remove("b"));
    assertEquals(List.of(), layerFiles());
    ImageException e = assertThrows(ImageException.class, () -> store.remove("b"));
    assertEquals(Kind.NOT_FOUND, e.kind());
  }

  @Test
  void sharedLayersAreStoredOnceAndStayWhileAnImageHasThem() throws Exception {
    ImageRecord small = add(layer(1));
    ImageRecord large = add(layer(1), layer(2));
    assertEquals(4, layerFiles().size());
    DiskUse use = store.diskUse();
    assertEquals(large.size(), use.total());
    for (DiskUse.Image image : use.images()) {
      assertEquals(small.size(), image.shared());
      assertEquals(image.image().size() - small.size(), image.own());
    }
    store.remove(large.id());
    assertEquals(2, layerFiles().size());
    assertTrue(store.verify(Optional.empty(), Progress.NONE).sound());
  }

  @Test
  void pruneTakesWhatHasNoNameAndIsNotInUse() throws Exception {
    ImageRecord named = add(layer(1));
    store.tag(named.id(), "a");
    ImageRecord unnamed = add(layer(1), layer(2));
    ImageRecord used = add(layer(3));
    PruneOptions options =
        new PruneOptions(false, Optional.empty(), Optional.empty(), Set.of(used.id()), true);
    PruneReport planned = store.prune(options);
    assertEquals(List.of(unnamed.id()), planned.images().stream().map(ImageRecord::id).toList());
    assertEquals(unnamed.size() - named.size(), planned.bytes());
    assertEquals(3, store.list().size());
    PruneReport done =
        store.prune(
            new PruneOptions(false, Optional.empty(), Optional.empty(), Set.of(used.id()), false));
    assertEquals(planned.images(), done.images());
    assertEquals(planned.bytes(), done.bytes());
    assertEquals(4, layerFiles().size());
    store.prune(
        new PruneOptions(true, Optional.of(Duration.ofDays(1)), Optional.empty(), Set.of(), false));
    assertEquals(2, store.list().size());
    store.prune(new PruneOptions(true, Optional.empty(), Optional.empty(), Set.of(), false));
    assertEquals(List.of(), layerFiles());
  }

  @Test
  void pruneToASizeTakesTheOldestFirst() throws Exception {
    ImageRecord first = add(layer(1));
    Thread.sleep(5);
    ImageRecord second = add(layer(2));
    long limit = second.size();
    PruneReport report =
        store.prune(new PruneOptions(true, Optional.empty(), Optional.of(limit), Set.of(), false));
    assertEquals(List.of(first.id()), report.images().stream().map(ImageRecord::id).toList());
  }

  @Test
  void pruneDeletesWhatDeadProcessesLeft() throws Exception {
    ImageRecord image = add(layer(1));
    Path stray = directory.resolve("store/layers/sha256-" + "0".repeat(64) + ".erofs");
    Files.writeString(stray, "half");
    Path work = Files.createDirectory(directory.resolve("store/tmp/1-2b3-4"));
    Files.writeString(work.resolve("x"), "half");
    assertEquals(1, store.prune(PruneOptions.UNNAMED).strayFiles());
    assertFalse(Files.exists(stray));
    assertFalse(Files.exists(work));
    assertFalse(store.find(image.id()).isPresent());
  }

  @Test
  void verifyFindsEveryDamagedByteOfALayer() throws Exception {
    ImageRecord image = add(layer(1));
    store.tag(image.id(), "a");
    Path erofs = store.layers(image).getFirst();
    assertTrue(store.verify(Optional.empty(), Progress.NONE).sound());
    long size = Files.size(erofs);
    // Superblock, content, the zeros behind it, inodes.
    for (long at : List.of(1030L, 4096L, 24_095L, 24_500L, size - 4096, size - 1)) {
      damage(erofs, at);
      Verification found = store.verify(Optional.empty(), Progress.NONE);
      assertEquals(1, found.problems().size(), "at " + at);
      assertEquals(List.of("docker.io/library/a:latest"), found.problems().getFirst().images());
      damage(erofs, at);
    }
    assertTrue(store.verify(Optional.empty(), Progress.NONE).sound());
    damage(Path.of(erofs.toString().replace(".erofs", ".tar-split")), 30);
    assertFalse(store.verify(Optional.empty(), Progress.NONE).sound());
    Files.delete(erofs);
    assertFalse(store.verify(Optional.empty(), Progress.NONE).sound());
  }

  private static void damage(Path file, long at) throws IOException {
    file.toFile().setWritable(true);
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(at);
      int value = bytes.read();
      bytes.seek(at);
      bytes.write(value ^ 0xff);
    }
  }

  @Test
  void imagesAreFoundByPath() throws ImageException {
    ImageRecord one = add(layer(1));
    ImageRecord both = add(layer(1), layer(2));
    assertEquals(Set.of(one.id(), both.id()), having("/f1"));
    assertEquals(Set.of(both.id()), having("/f2"));
    assertEquals(Set.of(), having("/f2/x"));
    assertEquals(2, having("/").size());
    assertEquals(Optional.of(both.id()), latest(List.of(List.of("/none", "/f1"), List.of("/f2"))));
    assertEquals(Optional.of(both.id()), latest(List.of(List.of("/f1"))));
    assertEquals(Optional.empty(), latest(List.of(List.of("/f1"), List.of("/none"))));
  }

  private Optional<String> latest(List<List<String>> wanted) throws ImageException {
    return store.latestWith(wanted).map(ImageSummary::id);
  }

  private Set<String> having(String path) throws ImageException {
    return store.havingPath(path).stream().map(ImageSummary::id).collect(Collectors.toSet());
  }

  @Test
  void theListIsNeverOlderThanTheStore() throws Exception {
    Path root = directory.resolve("store");
    for (int i = 0; i < 30; i++) {
      ImageRecord image = i % 3 == 2 ? store.list().getFirst() : add(layer(i % 4), layer(i));
      if (i % 3 == 2) {
        store.remove(image.id());
      } else {
        store.tag(image.id(), "name" + i % 5);
      }
      for (int round = 0; round < 2; round++) {
        List<ImageRecord> truth = store.list();
        List<ImageSummary> shown = ImageStore.summaries(root);
        assertEquals(
            truth.stream().map(r -> r.id() + r.tags() + r.size() + r.created()).toList(),
            shown.stream().map(r -> r.id() + r.tags() + r.size() + r.created()).toList());
        if (i % 10 == 3) {
          Thread.sleep(250); // long enough for the list to be kept
        }
      }
      for (DiskUse.Image use : store.diskUse().images()) {
        ImageSummary summary =
            ImageStore.summaries(root).stream()
                .filter(s -> s.id().equals(use.image().id()))
                .findFirst()
                .orElseThrow();
        assertEquals(use.shared(), summary.shared());
      }
    }
    assertTrue(Files.exists(root.resolve("images.list")));
    Files.write(root.resolve("images.list"), new byte[] {1, 2, 3});
    assertEquals(store.list().size(), ImageStore.summaries(root).size());
  }

  @Test
  void whatIsSavedComesBackTheSame() throws Exception {
    ImageRecord image = add(layer(1), layer(2), layer(1));
    store.tag(image.id(), "a/b:1");
    image = store.tag(image.id(), "c");
    for (SaveFormat format : SaveFormat.values()) {
      Path file = directory.resolve(format + ".tar");
      store.save(List.of(image), format, file, Progress.NONE);
      byte[] first = Files.readAllBytes(file);
      store.save(List.of(image), format, file, Progress.NONE);
      assertArrayEquals(first, Files.readAllBytes(file));
      String kind = format == SaveFormat.OCI_ARCHIVE ? "oci-archive:" : "docker-archive:";
      String suffix = format == SaveFormat.OCI_ARCHIVE ? ":docker.io/a/b:1" : "";
      try (ImageStore other = ImageStore.open(directory.resolve("other" + format))) {
        ImageRecord back = other.importArchive(kind + file + suffix, true, Progress.NONE);
        assertEquals(image.id(), back.id());
        assertEquals(image.layers(), back.layers());
        assertTrue(back.tags().contains("docker.io/a/b:1"), back.tags().toString());
      }
    }
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(
          List.of(), files.filter(file -> file.getFileName().toString().startsWith(".")).toList());
    }
  }

  @Test
  void anArchiveOfSeveralImagesIsLoadedWhole() throws Exception {
    ImageRecord one = store.tag(add(layer(1)).id(), "one");
    store.tag(one.id(), "also:1");
    ImageRecord two = store.tag(add(layer(1), layer(2)).id(), "two");
    one = store.find("one").orElseThrow();
    for (SaveFormat format : SaveFormat.values()) {
      Path file = directory.resolve(format + ".tar");
      store.save(List.of(one, two), format, file, Progress.NONE);
      try (ImageStore other = ImageStore.open(directory.resolve("other" + format))) {
        List<ImageRecord> loaded = other.load(file, Progress.NONE);
        assertEquals(List.of(one.id(), two.id()), loaded.stream().map(ImageRecord::id).toList());
        assertEquals(one.tags(), loaded.getFirst().tags());
        assertEquals(two.id(), other.find("two").orElseThrow().id());
      }
    }
  }

  @Test
  void twoStoresOnOneDirectoryFetchASharedLayerOnce() throws Exception {
    byte[] shared = new TestTar().file("big", TestTar.content(3_000_000, 1)).end();
    List<String> sources = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      sources.add(new TestLayout().layer(shared).layer(layer(i)).write(directory.resolve("l" + i)));
    }
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
    List<Long> read = java.util.Collections.synchronizedList(new ArrayList<>());
    for (String source : sources) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                try (ImageStore own = ImageStore.open(directory.resolve("store"))) {
                  own.importArchive(source, true, new Count(read));
                } catch (ImageException | RuntimeException e) {
                  failures.add(e);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(List.of(), failures);
    assertEquals(4, store.list().size());
    assertEquals(10, layerFiles().size());
    assertEquals(1, read.stream().filter(bytes -> bytes > 0).count(), read.toString());
  }

  /** Notes how much of the largest layer was read before it was there. */
  private static final class Count implements Progress {
    private final List<Long> read;
    private long steps;
    private String large = "";

    Count(List<Long> read) {
      this.read = read;
    }

    @Override
    public void started(String name, List<Layer> layers) {
      large = layers.getFirst().digest();
    }

    @Override
    public void advanced(String digest, long bytes) {
      // Whoever waits for another hears of the whole at once.
      if (digest.equals(large)) {
        steps++;
      }
    }

    @Override
    public void finished(String digest) {
      if (digest.equals(large)) {
        read.add(steps > 1 ? steps : 0);
      }
    }
  }

  @Test
  void theConfigurationIsKeptAsItCame() throws ImageException {
    ImageRecord image = add(layer(1));
    assertEquals(image.id(), Digests.of(store.config(image.id())));
    assertEquals(image.manifestDigest(), Digests.of(store.manifest(image)));
    List<HistoryEntry> history = store.history(image);
    assertEquals(1, history.size());
    assertEquals(image.layers().getFirst(), history.getFirst().layer().orElseThrow());
  }
}
