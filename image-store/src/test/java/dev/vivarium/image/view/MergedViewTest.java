package dev.vivarium.image.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.vivarium.image.HostTools;
import dev.vivarium.image.TestLayers;
import dev.vivarium.image.TestTar;
import dev.vivarium.image.TreeListing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MergedViewTest {
  @TempDir Path directory;

  private Set<String> paths(TestTar... layers) throws IOException {
    try (RootView view = TestLayers.view(directory, layers)) {
      return TreeListing.of(view).keySet();
    }
  }

  private static TestTar lower() {
    return new TestTar().directory("d").file("d/a", "a").file("d/b", "b").file("f", "f");
  }

  @Test
  void noLayerIsAnEmptyRoot() throws IOException {
    assertEquals(Set.of(""), paths());
  }

  @Test
  void aWhiteoutRemovesANameOfALowerLayer() throws IOException {
    assertEquals(Set.of("", "/d", "/d/b", "/f"), paths(lower(), new TestTar().file("d/.wh.a", "")));
    assertEquals(Set.of("", "/f"), paths(lower(), new TestTar().file(".wh.d", "")));
  }

  @Test
  void aWhiteoutOfNothingShowsNothing() throws IOException {
    assertEquals(
        Set.of("", "/d", "/d/a", "/d/b", "/f"), paths(lower(), new TestTar().file("d/.wh.x", "")));
  }

  @Test
  void anOpaqueDirectoryShowsOnlyItsOwn() throws IOException {
    TestTar upper = new TestTar().file("d/.wh..wh..opq", "").file("d/c", "c");
    assertEquals(Set.of("", "/d", "/d/c", "/f"), paths(lower(), upper));
  }

  @Test
  void aDirectoryRemovedAndMadeAgainShowsOnlyItsOwn() throws IOException {
    Set<String> expected = Set.of("", "/d", "/d/c", "/f");
    assertEquals(expected, paths(lower(), new TestTar().file(".wh.d", "").file("d/c", "c")));
    assertEquals(expected, paths(lower(), new TestTar().file("d/c", "c").file(".wh.d", "")));
    assertEquals(
        expected, paths(lower(), new TestTar().directory("d").file(".wh.d", "").file("d/c", "c")));
  }

  @Test
  void whiteoutsInsideARemovedDirectoryDoNotBringItBack() throws IOException {
    TestTar upper = new TestTar().file("d/.wh.a", "").file(".wh.d", "");
    assertEquals(Set.of("", "/f"), paths(lower(), upper));
    upper = new TestTar().file(".wh.d", "").file("d/x/.wh.a", "");
    assertEquals(Set.of("", "/f"), paths(lower(), upper));
  }

  @Test
  void aFileReplacesADirectoryAndTheOtherWayRound() throws IOException {
    TestTar upper = new TestTar().file("d", "now a file").directory("f").file("f/x", "x");
    assertEquals(Set.of("", "/d", "/f", "/f/x"), paths(lower(), upper));
    TestTar third = new TestTar().directory("d").file("d/n", "n");
    assertEquals(Set.of("", "/d", "/d/n", "/f", "/f/x"), paths(lower(), upper, third));
  }

  @Test
  void aDirectoryThatNoEntryNamesHasTheAttributesOfTheOneBelow() throws IOException {
    TestTar below = new TestTar().mode(0700).owner(5, 6).directory("d");
    try (RootView view = TestLayers.view(directory, below, new TestTar().file("d/x/y", "y"))) {
      RootNode d = view.root().lookup("d");
      assertEquals(040700, d.mode());
      assertEquals(5, d.uid());
      assertEquals(6, d.gid());
      assertEquals(040755, d.lookup("x").mode());
      assertEquals(Map.of(), d.xattrs());
    }
  }

  @Test
  void linksOfOneInodeAreEqualAndOthersAreNot() throws IOException {
    TestTar tar = new TestTar().file("a", "1").link("b", "a").file("c", "1");
    try (RootView view = TestLayers.view(directory, tar, new TestTar().file("d", "1"))) {
      RootNode root = view.root();
      assertEquals(root.lookup("a"), root.lookup("b"));
      assertEquals(2, root.lookup("b").nlink());
      assertNotEquals(root.lookup("a"), root.lookup("c"));
      assertNotEquals(root.lookup("c").ino(), root.lookup("d").ino());
      assertNull(root.lookup("e"));
      assertEquals(1, root.lookup("d").layer());
    }
  }

  @Test
  void anImageCannotSteerTheOverlayByAttributes() throws IOException {
    TestTar upper =
        new TestTar()
            .xattr("trusted.overlay.redirect", "/f".getBytes())
            .xattr("trusted.vivarium.implied", "y".getBytes())
            .mode(0711)
            .directory("d");
    try (RootView view = TestLayers.view(directory, lower(), upper)) {
      assertEquals(040711, view.root().lookup("d").mode());
      assertEquals(Map.of(), view.root().lookup("d").xattrs());
    }
  }

  @Test
  void aLargeDirectoryFindsEveryName() throws IOException {
    TestTar tar = new TestTar();
    List<String> names = new ArrayList<>();
    Random random = new Random(7);
    for (int i = 0; i < 5000; i++) {
      String name = Integer.toString(i) + "x".repeat(random.nextInt(240));
      names.add(name);
      tar.file("d/" + name, name);
    }
    try (RootView view = TestLayers.view(directory, tar)) {
      RootNode d = view.root().lookup("d");
      for (String name : names) {
        assertEquals(name.length(), d.lookup(name).size());
        assertNull(d.lookup(name + "~"));
      }
      List<String> listed = new ArrayList<>();
      d.readdir((name, node) -> listed.add(name));
      names.sort(null);
      assertEquals(names, listed);
    }
  }

  /** Random layers: the view must be what overlayfs shows of the very same files. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void theViewIsWhatOverlayfsShows(long seed) throws Exception {
    HostTools.needRoot();
    Random random = new Random(seed);
    TestTar[] layers = new TestTar[2 + random.nextInt(4)];
    for (int i = 0; i < layers.length; i++) {
      layers[i] = randomLayer(random);
    }
    List<Path> files = TestLayers.convert(directory, layers);
    List<String> mounts = new ArrayList<>();
    try {
      for (int i = 0; i < files.size(); i++) {
        HostTools.fsck(files.get(i));
        Path mount = Files.createDirectory(directory.resolve("layer" + i));
        HostTools.run(
            "mount", "-t", "erofs", "-o", "loop,ro", files.get(i).toString(), mount.toString());
        mounts.addFirst(mount.toString());
      }
      // Highest first, as they were put in.
      String lowerdir = String.join(":", mounts);
      Path merged = Files.createDirectory(directory.resolve("merged"));
      HostTools.run(
          "mount", "-t", "overlay", "overlay", "-o", "ro,lowerdir=" + lowerdir, merged.toString());
      mounts.addFirst(merged.toString());
      try (RootView view = RootViews.open(files)) {
        TreeListing.assertSame(
            comparable(TreeListing.ofHost(merged)), comparable(TreeListing.of(view)));
      }
    } finally {
      for (String mount : mounts) {
        HostTools.run("umount", mount);
      }
    }
  }

  /** Every directory is named by an entry, as overlayfs knows no implied ones. */
  private static TestTar randomLayer(Random random) {
    TestTar tar = new TestTar().directory(".");
    String[] directories = {"a", "b", "a/c", "a/c/d"};
    for (String name : directories) {
      int what = random.nextInt(5);
      if (what > 0) {
        tar.mode(0700 + random.nextInt(64)).owner(random.nextInt(9), 0).directory(name);
        if (what == 1) {
          tar.file(name + "/.wh..wh..opq", "");
        }
        for (int i = 0; i < 6; i++) {
          String child = name + "/" + (char) ('p' + random.nextInt(8));
          switch (random.nextInt(6)) {
            case 0 -> tar.file(name + "/.wh." + (char) ('p' + random.nextInt(8)), "");
            case 1 -> tar.symlink(child, "target" + random.nextInt(9));
            case 2 -> tar.directory(child);
            case 3 -> tar.xattr("user.x", TestTar.content(5, random.nextInt())).file(child, "x");
            default -> tar.file(child, TestTar.content(random.nextInt(9000), random.nextInt()));
          }
        }
      } else {
        // The parent may be missing in this layer; then the entry below would imply it.
        if (name.indexOf('/') < 0) {
          tar.file(".wh." + name, "");
        }
        if (name.equals("a")) {
          break;
        }
        if (name.equals("a/c")) {
          break;
        }
      }
    }
    return tar;
  }

  /** Without what overlayfs does not keep across layers: which names are one inode. */
  private static Map<String, String> comparable(Map<String, String> lines) {
    Map<String, String> result = new TreeMap<>();
    lines.forEach((path, line) -> result.put(path, line.substring(0, line.lastIndexOf('\t'))));
    return result;
  }

  @Test
  void whatIsNoLayerIsRefused() throws IOException {
    Path file = Files.write(directory.resolve("x"), new byte[8192]);
    assertThrows(IOException.class, () -> RootViews.open(List.of(file)));
    assertThrows(IOException.class, () -> RootViews.open(List.of(directory.resolve("none"))));
    Path empty = Files.createFile(directory.resolve("empty"));
    assertThrows(IOException.class, () -> RootViews.open(List.of(empty)));
  }
}
