package dev.vivarium.image.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.image.HostTools;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.TestTar;
import dev.vivarium.image.TreeListing;
import dev.vivarium.image.view.RootView;
import dev.vivarium.image.view.RootViews;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BuilderTest {
  @TempDir Path directory;
  private ImageStore store;
  private ImageReference name;

  @BeforeEach
  void open() throws ImageException {
    store = ImageStore.open(directory.resolve("store"));
    name = ImageReference.parse("made:1");
  }

  @AfterEach
  void close() {
    store.close();
  }

  private Map<String, String> tree(ImageRecord image) throws IOException {
    try (RootView view = RootViews.open(store.layers(image))) {
      return TreeListing.of(view);
    }
  }

  @Test
  void anImageOfADirectoryIsWhatTheDirectoryIs() throws Exception {
    HostTools.need("python3");
    Path tree = Files.createDirectories(directory.resolve("tree"));
    Files.createDirectories(tree.resolve("a/b"));
    Files.write(tree.resolve("a/b/file"), TestTar.content(10_000, 1));
    Files.createLink(tree.resolve("link"), tree.resolve("a/b/file"));
    Files.createSymbolicLink(tree.resolve("symlink"), Path.of("a/b"));
    Files.writeString(tree.resolve("a/" + "long".repeat(50)), "long");
    Files.createDirectory(tree.resolve("empty"));
    HostTools.run(
        "touch", "-d", "1950-01-01 01:02:03.456 UTC", tree.resolve("a/b/file").toString());
    if (System.getProperty("user.name").equals("root")) {
      HostTools.run("mknod", tree.resolve("device").toString(), "b", "259", "70000");
      HostTools.run("chown", "-h", "12345:3000000", tree.resolve("symlink").toString());
      HostTools.run("chmod", "6755", tree.resolve("a").toString());
    }
    ImageRecord image = store.importTree(tree, name, ConfigChange.none("import"));
    TreeListing.assertSame(TreeListing.ofHost(tree), tree(image));
    assertEquals(List.of("docker.io/library/made:1"), image.tags());
    assertTrue(store.verify(Optional.empty(), Progress.NONE).sound());
  }

  @Test
  void anImageOfATarHasTheConfigurationThatWasAskedFor() throws Exception {
    Path tar = directory.resolve("tree.tar");
    Files.write(tar, new TestTar().file("bin/sh", "#!").end());
    ConfigChange change =
        new ConfigChange(
            Optional.of(List.of("/bin/sh")),
            Optional.of(List.of("-c", "true")),
            Map.of("A", "1"),
            Optional.of("1:2"),
            Optional.of("/bin"),
            Map.of("l", "v"),
            "import tree.tar",
            "a comment");
    ImageRecord image = store.importTree(tar, name, change);
    assertEquals(List.of("/bin/sh"), image.config().entrypoint());
    assertEquals(List.of("-c", "true"), image.config().cmd());
    assertEquals(List.of("A=1"), image.config().env());
    assertEquals("1:2", image.config().user());
    assertEquals("/bin", image.config().workingDir());
    assertEquals(Map.of("l", "v"), image.config().labels());
    assertEquals("linux", image.config().os());
    HistoryEntry history = store.history(image).getFirst();
    assertEquals("import tree.tar", history.createdBy());
    assertEquals("a comment", history.comment());
    // And it goes the way of every image.
    Path archive = directory.resolve("archive.tar");
    store.save(List.of(image), SaveFormat.OCI_ARCHIVE, archive, Progress.NONE);
    try (ImageStore other = ImageStore.open(directory.resolve("other"))) {
      assertEquals(image.id(), other.load(archive, Progress.NONE).getFirst().id());
    }
  }

  @Test
  void aCommitAddsOneLayerAndKeepsWhatItDoesNotChange() throws Exception {
    Path tar = directory.resolve("tree.tar");
    Files.write(tar, new TestTar().file("keep", "1").file("gone", "2").end());
    ImageRecord base =
        store.importTree(
            tar,
            name,
            new ConfigChange(
                Optional.empty(),
                Optional.of(List.of("sh")),
                Map.of("A", "1", "B", "2"),
                Optional.of("me"),
                Optional.empty(),
                Map.of(),
                "import",
                ""));
    byte[] changes = new TestTar().file(".wh.gone", "").file("new", "3").end();
    ImageRecord image =
        store.commit(
            Optional.of(base),
            out -> out.write(changes),
            ImageReference.parse("made:2"),
            new ConfigChange(
                Optional.empty(),
                Optional.empty(),
                Map.of("B", "3"),
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                "commit",
                ""));
    assertEquals(Set.of("", "/keep", "/new"), tree(image).keySet());
    assertEquals(base.layers().getFirst(), image.layers().getFirst());
    assertEquals(2, image.layers().size());
    assertEquals(Set.of("A=1", "B=3"), Set.copyOf(image.config().env()));
    assertEquals("me", image.config().user());
    assertEquals(List.of("sh"), image.config().cmd());
    assertEquals(2, store.history(image).size());
  }

  @Test
  void aWriterThatFailsLeavesNothing() throws Exception {
    byte[] half = new TestTar().file("a", TestTar.content(500_000, 1)).cut();
    for (byte[] content : List.of(new byte[0], half)) {
      ImageException e =
          assertThrows(
              ImageException.class,
              () ->
                  store.commit(
                      Optional.empty(),
                      out -> {
                        out.write(content);
                        out.flush();
                        throw new IOException("no more");
                      },
                      name,
                      ConfigChange.none("")));
      assertTrue(e.getMessage().contains("no more"), e.getMessage());
    }
    ImageException e =
        assertThrows(
            ImageException.class,
            () ->
                store.commit(
                    Optional.empty(),
                    out -> out.write("x".repeat(700).getBytes()),
                    name,
                    ConfigChange.none("")));
    assertEquals(ImageException.Kind.BAD_IMAGE, e.kind());
    assertEquals(List.of(), store.list());
    try (var files = Files.list(directory.resolve("store/layers"))) {
      assertEquals(0, files.count());
    }
  }
}
