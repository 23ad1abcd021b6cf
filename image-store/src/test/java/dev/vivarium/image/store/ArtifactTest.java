package dev.vivarium.image.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.image.Digests;
import dev.vivarium.image.FakeRegistry;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.TestLayout;
import dev.vivarium.image.TestTar;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What registries keep besides images: charts, SBOMs, signatures. It is kept and shown, not run.
 */
class ArtifactTest {
  private static final String TYPE = "application/vnd.example.chart.v1";
  private static final PullOptions TAKEN = PullOptions.DEFAULT.withArtifacts(true);

  @TempDir Path directory;
  private FakeRegistry registry;
  private ImageStore store;

  @BeforeEach
  void start() throws Exception {
    registry = new FakeRegistry();
    store = ImageStore.open(directory.resolve("store"));
  }

  @AfterEach
  void stop() {
    store.close();
    registry.close();
  }

  /** An artifact of these blobs, as OCI 1.1 has it; its manifest. */
  private byte[] artifact(byte[]... contents) {
    StringBuilder layers = new StringBuilder();
    for (byte[] content : contents) {
      String layer =
          TestLayout.descriptor("text/plain", registry.blob(content), content.length)
              .replace("}", ",\"annotations\":{\"org.opencontainers.image.title\":\"a.txt\"}}");
      layers.append(layers.isEmpty() ? "" : ",").append(layer);
    }
    String empty = registry.blob("{}".getBytes(UTF_8));
    return ("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
            + "\"artifactType\":\""
            + TYPE
            + "\",\"config\":"
            + TestLayout.descriptor("application/vnd.oci.empty.v1+json", empty, 2)
            + ",\"layers\":["
            + layers
            + "]}")
        .getBytes(UTF_8);
  }

  private ImageReference name() throws ImageException {
    return ImageReference.parse(registry.host() + "/team/chart:1");
  }

  @Test
  void anArtifactIsKeptAndShownAsSuch() throws Exception {
    byte[] manifest = artifact("hello".getBytes(UTF_8), "world".getBytes(UTF_8));
    String digest = registry.manifest("1", manifest);
    ImageRecord artifact = store.pull(name(), TAKEN, Progress.NONE);
    assertEquals(Optional.of(TYPE), artifact.artifactType());
    assertEquals(digest, artifact.id());
    assertEquals(digest, artifact.manifestDigest());
    assertEquals(12, artifact.size());
    assertArrayEquals(manifest, store.manifest(artifact));
    assertEquals(artifact, store.find(name().toString()).orElseThrow());
    assertEquals(artifact, store.find(name().name() + "@" + digest).orElseThrow());
    List<ArtifactBlob> blobs = store.blobs(artifact);
    assertEquals(3, blobs.size());
    assertEquals("text/plain", blobs.get(1).mediaType());
    assertEquals(Optional.of("a.txt"), blobs.get(1).title());
    assertEquals("hello", Files.readString(blobs.get(1).file()));
    assertEquals("world", Files.readString(blobs.get(2).file()));
    assertEquals(List.of(), store.layers(artifact));
    ImageSummary shown = ImageStore.summaries(store.root()).getFirst();
    assertEquals(Optional.of(TYPE), shown.artifactType());
    assertEquals(List.of(), store.havingPath("/"));
    assertTrue(store.verify(Optional.empty(), Progress.NONE).sound());
    // What was kept before is kept once.
    assertEquals(artifact.id(), store.pull(name(), TAKEN, Progress.NONE).id());
    store.remove(artifact.id());
    try (var files = Files.list(store.root().resolve("layers"))) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void whatIsToBeRunIsRefusedBeforeABlobIsFetched() throws Exception {
    registry.manifest("1", artifact("hello".getBytes(UTF_8)));
    ImageException e =
        assertThrows(
            ImageException.class, () -> store.pull(name(), PullOptions.DEFAULT, Progress.NONE));
    assertEquals(Kind.UNSUPPORTED, e.kind());
    assertTrue(e.getMessage().contains("an artifact of type " + TYPE), e.getMessage());
    assertTrue(registry.requests().stream().noneMatch(r -> r.contains("/blobs/")));
    assertEquals(List.of(), store.list());
    ImageRecord kept = store.pull(name(), TAKEN, Progress.NONE);
    assertThrows(ImageException.class, () -> kept.needImage("x"));
    assertThrows(ImageException.class, () -> store.history(kept));
    assertThrows(
        ImageException.class,
        () ->
            store.save(
                List.of(kept),
                SaveFormat.DOCKER_ARCHIVE,
                directory.resolve("a.tar"),
                Progress.NONE));
    assertFalse(Files.exists(directory.resolve("a.tar")));
  }

  @Test
  void aBlobThatIsNotWhatItsDigestSaysIsRefused() throws Exception {
    byte[] manifest = artifact("hello".getBytes(UTF_8));
    String lie = new String(manifest, UTF_8).replace(Digests.of("hello".getBytes(UTF_8)), zero());
    registry.manifest("1", lie.getBytes(UTF_8));
    assertThrows(ImageException.class, () -> store.pull(name(), TAKEN, Progress.NONE));
    registry.manifest("1", new String(manifest, UTF_8).replace(":5,", ":4,").getBytes(UTF_8));
    ImageException e =
        assertThrows(ImageException.class, () -> store.pull(name(), TAKEN, Progress.NONE));
    assertTrue(e.getMessage().contains("longer than the 4 bytes"), e.getMessage());
    assertEquals(List.of(), store.list());
  }

  private static String zero() {
    return "sha256:" + "0".repeat(64);
  }

  /** The same bytes may be a layer of an image; that is another thing, and neither breaks. */
  @Test
  void aBlobDoesNotStandInForALayerOfTheSameDigest() throws Exception {
    byte[] tar = new TestTar().file("a", "x").end();
    registry.manifest("1", artifact(tar));
    ImageRecord artifact = store.pull(name(), TAKEN, Progress.NONE);
    ImageRecord image =
        store.importArchive(
            new TestLayout().layer(tar).write(directory.resolve("image")), true, Progress.NONE);
    assertTrue(Files.exists(store.layers(image).getFirst()));
    assertEquals(
        List.of(image.id()), store.havingPath("/a").stream().map(ImageSummary::id).toList());
    store.remove(image.id());
    assertTrue(store.verify(Optional.empty(), Progress.NONE).sound());
    assertArrayEquals(tar, Files.readAllBytes(store.blobs(artifact).get(1).file()));
  }

  @Test
  void damageIsFoundAndRepaired() throws Exception {
    registry.manifest("1", artifact("hello".getBytes(UTF_8)));
    ImageRecord artifact = store.pull(name(), TAKEN, Progress.NONE);
    Path file = store.blobs(artifact).get(1).file();
    Files.delete(file);
    Files.writeString(file, "hullo");
    assertFalse(store.verify(Optional.empty(), Progress.NONE).sound());
    assertTrue(store.verify(Optional.of(PullOptions.DEFAULT), Progress.NONE).sound());
    assertEquals("hello", Files.readString(file));
  }

  @Test
  void anArchiveBringsItWhole() throws Exception {
    registry.manifest("1", artifact("hello".getBytes(UTF_8), "world".getBytes(UTF_8)));
    ImageRecord artifact = store.pull(name(), TAKEN, Progress.NONE);
    Path archive = directory.resolve("a.tar");
    store.save(List.of(artifact), SaveFormat.OCI_ARCHIVE, archive, Progress.NONE);
    try (ImageStore other = ImageStore.open(directory.resolve("other"))) {
      ImageRecord back = other.load(archive, Progress.NONE).getFirst();
      assertEquals(artifact.id(), back.id());
      assertEquals(artifact.artifactType(), back.artifactType());
      assertEquals(artifact.tags(), back.tags());
      assertEquals("world", Files.readString(other.blobs(back).get(2).file()));
      assertThrows(
          ImageException.class,
          () -> other.importArchive("oci-archive:" + archive, false, Progress.NONE));
    }
  }
}
