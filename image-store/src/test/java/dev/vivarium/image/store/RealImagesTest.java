package dev.vivarium.image.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.image.Digests;
import dev.vivarium.image.HostTools;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.TestLayout;
import dev.vivarium.image.TestRegistry;
import dev.vivarium.image.TestTar;
import dev.vivarium.image.TreeListing;
import dev.vivarium.image.view.RootView;
import dev.vivarium.image.view.RootViews;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Images made by other tools, from a real registry, against what those tools unpack. */
class RealImagesTest {
  @TempDir static Path shared;
  private static TestRegistry registry;
  @TempDir Path directory;

  @BeforeAll
  static void start() throws Exception {
    for (String tool : List.of("docker-registry", "skopeo", "umoci", "python3", "setfattr")) {
      HostTools.need(tool);
    }
    HostTools.needRoot();
    HostTools.run("src/test/sh/make-test-images", shared.toString());
    registry = TestRegistry.start(shared.resolve("registry"));
    for (String name : List.of("busybox", "debian-mini", "layers")) {
      registry.push(layout(name), name + ":1");
    }
    registry.push(layout("layers"), "layers:docker", "--format", "v2s2");
    registry.push(layout("layers"), "layers:zstd", "--dest-compress-format", "zstd");
  }

  @AfterAll
  static void stop() {
    if (registry != null) {
      registry.close();
    }
  }

  private static String layout(String name) {
    return "oci:" + shared.resolve(name) + ":latest";
  }

  @ParameterizedTest
  @ValueSource(strings = {"busybox:1", "debian-mini:1", "layers:1", "layers:docker", "layers:zstd"})
  void aPulledImageIsWhatUmociUnpacks(String image) throws Exception {
    String name = image.substring(0, image.indexOf(':'));
    Path bundle = directory.resolve("bundle");
    HostTools.run(
        "umoci", "unpack", "--image", shared.resolve(name) + ":latest", bundle.toString());
    Map<String, String> expected = TreeListing.ofHost(bundle.resolve("rootfs"));
    try (ImageStore store = ImageStore.open(directory.resolve("store"))) {
      ImageRecord pulled =
          store.pull(
              ImageReference.parse(registry.host() + "/" + image),
              PullOptions.DEFAULT,
              Progress.NONE);
      for (Path layer : store.layers(pulled)) {
        HostTools.fsck(layer);
      }
      try (RootView view = RootViews.open(store.layers(pulled))) {
        TreeListing.assertSame(expected, TreeListing.of(view));
      }
      TreeListing.assertSame(expected, kernel(store.layers(pulled), expected));
      assertEquals(pulled, store.find(registry.host() + "/" + image).orElseThrow());
    }
    HostTools.run("rm", "-rf", bundle.toString());
  }

  /** What a real kernel shows: each layer mounted from its file, and an overlay of all. */
  private Map<String, String> kernel(List<Path> layers, Map<String, String> expected)
      throws Exception {
    Path mounts = Files.createDirectory(directory.resolve("mounts"));
    List<Path> mounted = new ArrayList<>();
    try {
      StringBuilder lower = new StringBuilder();
      for (Path layer : layers.reversed()) {
        Path at = Files.createDirectory(mounts.resolve("l" + mounted.size()));
        HostTools.run("mount", "-t", "erofs", "-o", "loop,ro", layer.toString(), at.toString());
        mounted.add(at);
        lower.append(lower.isEmpty() ? "" : ":").append(at);
      }
      // An overlay needs two; an empty one below changes nothing.
      lower.append(':').append(Files.createDirectory(mounts.resolve("empty")));
      Path all = Files.createDirectory(mounts.resolve("all"));
      HostTools.run(
          "mount", "-t", "overlay", "-o", "ro,lowerdir=" + lower, "overlay", all.toString());
      mounted.add(all);
      Map<String, String> listing = TreeListing.ofHost(all);
      // Where the highest layer with a directory does not describe it, only the view looks further
      // down for its attributes; the kernel has no such rule.
      listing.replaceAll((path, line) ->
          line.contains("trusted.vivarium.implied=eQ==") && line.startsWith(path + "\t4")
              ? expected.getOrDefault(path, "nothing")
              : line);
      return listing;
    } finally {
      for (Path at : mounted.reversed()) {
        HostTools.run("umount", at.toString());
      }
    }
  }

  @Test
  void theSameImageByEveryWayHasTheSameLayers() throws Exception {
    Path archive = directory.resolve("oci.tar");
    Path docker = directory.resolve("docker.tar");
    HostTools.run("skopeo", "copy", "-q", layout("layers"), "oci-archive:" + archive + ":some:tag");
    HostTools.run(
        "skopeo", "copy", "-q", layout("layers"), "docker-archive:" + docker + ":example/layers:2");
    HostTools.run("gzip", "-k", docker.toString());
    try (ImageStore store = ImageStore.open(directory.resolve("store"))) {
      ImageRecord first = store.importArchive(layout("layers"), true, Progress.NONE);
      ImageRecord second = store.importArchive("oci-archive:" + archive, true, Progress.NONE);
      ImageRecord third = store.importArchive("docker-archive:" + docker, true, Progress.NONE);
      ImageRecord fourth =
          store.importArchive("docker-archive:" + docker + ".gz", false, Progress.NONE);
      assertEquals(first.id(), second.id());
      assertEquals(first.layers(), third.layers());
      assertEquals(third.id(), fourth.id());
      assertEquals(List.of("docker.io/library/some:tag"), second.tags());
      assertEquals(
          List.of("docker.io/example/layers:2", "docker.io/library/some:tag"), third.tags());
      assertEquals("/data", third.config().workingDir());
      assertEquals(List.of("PATH=/bin", "GREETING=hello world"), third.config().env());
      assertEquals(List.of("/bin/sh"), third.config().entrypoint());
      assertEquals(List.of("-c", "echo hello"), third.config().cmd());
      assertEquals("user", third.config().user());
      assertEquals(third.id(), store.find("example/layers:2").orElseThrow().id());
    }
  }

  @Test
  void removingTheLastNameGivesTheSpaceBack() throws Exception {
    try (ImageStore store = ImageStore.open(directory.resolve("store"))) {
      ImageReference name = ImageReference.parse(registry.host() + "/layers:1");
      ImageRecord image = store.pull(name, PullOptions.DEFAULT, Progress.NONE);
      assertTrue(Files.exists(store.layers(image).getFirst()));
      assertEquals(List.of(name.toString(), image.id()), store.remove(image.shortId()));
      assertEquals(List.of(), store.list());
      try (var files = Files.walk(directory.resolve("store"))) {
        assertEquals(
            List.of(),
            files
                .filter(Files::isRegularFile)
                .map(Path::getFileName)
                .map(Path::toString)
                .filter(file -> !file.startsWith("index.db"))
                .toList());
      }
    }
  }

  @Test
  void othersTakeWhatIsSaved() throws Exception {
    try (ImageStore store = ImageStore.open(directory.resolve("store"))) {
      ImageRecord image = store.importArchive(layout("layers"), true, Progress.NONE);
      image = store.tag(image.id(), "example/layers:1");
      Map<String, String> expected;
      try (RootView view = RootViews.open(store.layers(image))) {
        expected = TreeListing.of(view);
      }
      for (SaveFormat format : SaveFormat.values()) {
        Path file = directory.resolve("saved.tar");
        store.save(List.of(image), format, file, Progress.NONE);
        String source =
            format == SaveFormat.OCI_ARCHIVE
                ? "oci-archive:" + file
                : "docker-archive:" + file + ":example/layers:1";
        Path copy = directory.resolve("copy" + format);
        HostTools.run("skopeo", "copy", "-q", source, "oci:" + copy + ":latest");
        Path bundle = directory.resolve("bundle" + format);
        HostTools.run("umoci", "unpack", "--image", copy + ":latest", bundle.toString());
        TreeListing.assertSame(expected, TreeListing.ofHost(bundle.resolve("rootfs")));
        HostTools.run("rm", "-rf", bundle.toString());
      }
    }
  }

  @Test
  void aDamagedLayerIsPulledAgain() throws Exception {
    try (ImageStore store = ImageStore.open(directory.resolve("store"))) {
      ImageReference name = ImageReference.parse(registry.host() + "/layers:1");
      ImageRecord image = store.pull(name, PullOptions.DEFAULT, Progress.NONE);
      Files.delete(store.layers(image).get(1));
      assertEquals(1, store.verify(Optional.empty(), Progress.NONE).problems().size());
      Verification repaired = store.verify(Optional.of(PullOptions.DEFAULT), Progress.NONE);
      assertEquals(1, repaired.problems().size());
      assertTrue(repaired.sound(), repaired.toString());
      assertEquals(List.of(), store.verify(Optional.empty(), Progress.NONE).problems());
    }
  }

  @Test
  void othersTakeWhatIsPushed() throws Exception {
    try (ImageStore store = ImageStore.open(directory.resolve("store"))) {
      ImageRecord image =
          store.pull(
              ImageReference.parse(registry.host() + "/layers:docker"),
              PullOptions.DEFAULT,
              Progress.NONE);
      // Where all blobs are, the manifest stays the same; elsewhere it is made anew.
      String same =
          store.push(
              image,
              ImageReference.parse(registry.host() + "/layers:again"),
              PullOptions.DEFAULT,
              Progress.NONE);
      assertEquals(image.manifestDigest(), same);
      ImageReference elsewhere = ImageReference.parse(registry.host() + "/else/where:1");
      String digest = store.push(image, elsewhere, PullOptions.DEFAULT, Progress.NONE);
      assertEquals(digest, store.push(image, elsewhere, PullOptions.DEFAULT, Progress.NONE));
      String inspected =
          HostTools.run("skopeo", "inspect", "--tls-verify=false", "docker://" + elsewhere);
      assertTrue(inspected.contains(digest), inspected);
      Map<String, String> expected;
      try (RootView view = RootViews.open(store.layers(image))) {
        expected = TreeListing.of(view);
      }
      Path copy = directory.resolve("copy");
      HostTools.run(
          "skopeo",
          "copy",
          "-q",
          "--src-tls-verify=false",
          "docker://" + elsewhere,
          "oci:" + copy + ":latest");
      Path bundle = directory.resolve("bundle");
      HostTools.run("umoci", "unpack", "--image", copy + ":latest", bundle.toString());
      TreeListing.assertSame(expected, TreeListing.ofHost(bundle.resolve("rootfs")));
      HostTools.run("rm", "-rf", bundle.toString());
      try (ImageStore other = ImageStore.open(directory.resolve("other"))) {
        ImageRecord back = other.pull(elsewhere, PullOptions.DEFAULT, Progress.NONE);
        assertEquals(image.id(), back.id());
        assertEquals(image.layers(), back.layers());
      }
    }
  }

  /**
   * As many layers as that, each with a file of its own, one of all, and now and then a whiteout.
   */
  private static TestLayout layered(int count, String architecture) {
    TestLayout layout = new TestLayout().platform("linux", architecture);
    for (int i = 0; i < count; i++) {
      TestTar tar = new TestTar().directory(".").directory("shared");
      tar.file("shared/" + i, TestTar.content(5000, i)).file("last", architecture + i);
      if (i % 3 == 2) {
        tar.file("shared/.wh." + (i - 2), "");
      }
      layout.layer(tar.end());
    }
    return layout;
  }

  @ParameterizedTest
  @CsvSource({"1, gzip", "2, gzip", "40, gzip", "1, zstd", "40, zstd"})
  void anyNumberOfLayersIsOneRoot(int count, String compression) throws Exception {
    Path source = directory.resolve("source");
    layered(count, "amd64").write(source);
    String name = "many" + count + compression + ":1";
    registry.push("oci:" + source, name, "--dest-compress-format", compression);
    isWhatUmociUnpacks(name, "amd64", count);
  }

  @ParameterizedTest
  @ValueSource(strings = {"amd64", "arm64"})
  void anImageForSeveralMachinesIsTheOneThatWasAskedFor(String architecture) throws Exception {
    Path source = directory.resolve("source");
    List<String> manifests = new ArrayList<>();
    for (String machine : List.of("arm64", "amd64")) {
      TestLayout layout = layered(3, machine);
      byte[] manifest = layout.manifest();
      layout.write(source);
      manifests.add(
          TestLayout.descriptor(
                  "application/vnd.oci.image.manifest.v1+json",
                  Digests.of(manifest),
                  manifest.length)
              .replaceFirst(
                  "}$", ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" + machine + "\"}}"));
    }
    byte[] index =
        ("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
                + "\"manifests\":["
                + String.join(",", manifests)
                + "]}")
            .getBytes(StandardCharsets.UTF_8);
    Files.write(source.resolve("blobs/" + Digests.of(index).replace(':', '/')), index);
    Files.writeString(
        source.resolve("index.json"),
        "{\"schemaVersion\":2,\"manifests\":["
            + TestLayout.descriptor(
                "application/vnd.oci.image.index.v1+json", Digests.of(index), index.length)
            + "]}");
    registry.push("oci:" + source, "machines:1", "--all");
    isWhatUmociUnpacks("machines:1", architecture, 3);
  }

  /** Pulls an image that the registry has, and looks at it as we see it and as the kernel does. */
  private void isWhatUmociUnpacks(String name, String architecture, int layers) throws Exception {
    Path copy = directory.resolve("copy");
    HostTools.run(
        "skopeo",
        "--override-arch",
        architecture,
        "copy",
        "-q",
        "--src-tls-verify=false",
        "docker://" + registry.host() + "/" + name,
        "oci:" + copy + ":l");
    Path bundle = directory.resolve("bundle");
    HostTools.run("umoci", "unpack", "--image", copy + ":l", bundle.toString());
    Map<String, String> expected = TreeListing.ofHost(bundle.resolve("rootfs"));
    try (ImageStore store = ImageStore.open(directory.resolve("store"))) {
      ImageRecord image =
          store.pull(
              ImageReference.parse(registry.host() + "/" + name),
              PullOptions.DEFAULT.withArchitecture(architecture),
              Progress.NONE);
      assertEquals(layers, image.layers().size());
      for (Path layer : store.layers(image)) {
        HostTools.fsck(layer);
      }
      try (RootView view = RootViews.open(store.layers(image))) {
        TreeListing.assertSame(expected, TreeListing.of(view));
      }
      TreeListing.assertSame(expected, kernel(store.layers(image), expected));
    }
    HostTools.run("rm", "-rf", bundle.toString());
  }
}
