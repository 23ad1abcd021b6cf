package dev.vivarium.sentry.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.layer.LayerConverter;
import dev.vivarium.image.view.RootNode;
import dev.vivarium.image.view.RootView;
import dev.vivarium.image.view.RootViews;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.vfs.overlay.OverlayChanges;
import dev.vivarium.sentry.vfs.overlay.OverlayFs;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The layer that a guest's changes make, over the image below, is what the guest saw. */
class OverlayChangesTest {
  private static final long LIMIT = 64 << 20;

  @TempDir Path directory;
  private VfsWorld below;
  private OverlayChanges belowChanges;
  private VfsWorld w;
  private OverlayChanges changes;

  @BeforeEach
  void tree() {
    below = VfsWorld.overlayOver(VfsWorld.onTmpfs());
    belowChanges = changes(below);
    below.mkdir("/d");
    below.mkdir("/d/sub");
    below.mkdir("/e");
    below.write("/d/f", "below");
    below.link("/d/f", "/e/hard");
    below.write("/d/sub/deep", "deep");
    below.write("/e/large", "b".repeat(200_000));
    below.symlink("sub/deep", "/d/link");
    w = VfsWorld.overlayOver(below);
    changes = changes(w);
  }

  private static OverlayChanges changes(VfsWorld world) {
    return new OverlayChanges((OverlayFs) world.namespace.root().fs, java.util.Map.of(), world.t);
  }

  private static byte[] tar(OverlayChanges changes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    changes.write(out, LIMIT);
    return out.toByteArray();
  }

  private List<String> names() throws IOException {
    List<String> names = new ArrayList<>();
    var reader =
        new dev.vivarium.image.tar.TarReader(
            new ByteArrayInputStream(tar(changes)), (bytes, offset, length) -> {});
    for (var e = reader.next(); e != null; e = reader.next()) {
      names.add(e.name());
      reader.skipContent();
    }
    return names;
  }

  private Path layer(byte[] tar) throws IOException {
    Path file = Files.createTempFile(directory, "layer", ".erofs");
    Path split = Files.createTempFile(directory, "layer", ".split");
    LayerConverter.convert(new ByteArrayInputStream(tar), file, split, LayerLimits.standard());
    return file;
  }

  private void assertTheLayerIsWhatTheGuestSees() throws IOException {
    List<Path> layers = List.of(layer(tar(belowChanges)), layer(tar(changes)));
    try (RootView view = RootViews.open(layers)) {
      Map<String, String> merged = new TreeMap<>();
      list(view, view.root(), "", merged);
      Map<String, String> guest = new TreeMap<>();
      list(w.inode("/"), "/", guest);
      assertEquals(guest.toString().replace("}, ", "}\n"), merged.toString().replace("}, ", "}\n"));
    }
  }

  private static String line(int mode, int uid, long mtime, String content) {
    return "{%o %d %d %s}".formatted(mode, uid, mtime, content);
  }

  private static void list(RootView view, RootNode node, String path, Map<String, String> out)
      throws IOException {
    String content =
        switch (node.mode() & Stat.S_IFMT) {
          case Stat.S_IFREG -> {
            ByteBuffer bytes = ByteBuffer.allocate((int) node.size());
            try (FileChannel file = FileChannel.open(view.layers().get(node.layer()))) {
              file.read(bytes, node.dataOffset());
            }
            yield content(bytes.array());
          }
          case Stat.S_IFLNK -> node.readlink();
          default -> "";
        };
    out.put(path, line(node.mode(), node.uid(), node.mtimeNanos(), content));
    if ((node.mode() & Stat.S_IFMT) == Stat.S_IFDIR) {
      List<String> names = new ArrayList<>();
      node.readdir((name, child) -> names.add(name));
      for (String name : names) {
        list(view, node.lookup(name), path + "/" + name, out);
      }
    }
  }

  private void list(Inode inode, String path, Map<String, String> out) {
    String content =
        switch (inode.mode & Stat.S_IFMT) {
          case Stat.S_IFREG -> content(w.bytes(path));
          case Stat.S_IFLNK -> inode.readlink(w.t);
          default -> "";
        };
    String key = path.equals("/") ? "" : path;
    out.put(key, line(inode.mode, inode.uid, inode.mtimeNanos, content));
    if (inode.isDirectory()) {
      for (String name : w.names(path)) {
        if (!name.equals(".") && !name.equals("..")) {
          list(w.inode(key + "/" + name), key + "/" + name, out);
        }
      }
    }
  }

  private static String content(byte[] bytes) {
    return bytes.length + ":" + new String(bytes, StandardCharsets.ISO_8859_1).hashCode();
  }

  @Test
  void nothingChangedIsAnEmptyLayer() throws Exception {
    assertEquals(List.of(), names());
    w.bytes("/d/f");
    w.names("/d");
    assertEquals(List.of(), names());
  }

  @Test
  void whatWasThereBeforeTheGuestIsNoChange() throws Exception {
    w.mkdir("/proc");
    w.mkdir("/dev");
    w.mkdir("/dev/pts");
    changes = changes(w);
    assertEquals(List.of(), names());
    w.write("/dev/pts/made", "x");
    assertEquals(List.of("dev/", "dev/pts/", "dev/pts/made"), names());
  }

  @Test
  void onlyWhatChangedIsWritten() throws Exception {
    w.write("/d/sub/deep", "other");
    w.write("/e/new", "n");
    w.unlink("/d/link");
    assertEquals(List.of("d/", "d/.wh.link", "d/sub/deep", "e/", "e/new"), names());
    assertTheLayerIsWhatTheGuestSees();
  }

  @Test
  void allNamesOfAChangedFileAreWritten() throws Exception {
    w.write("/e/hard", "through one name");
    assertEquals(List.of("d/f", "e/hard"), names());
    assertTheLayerIsWhatTheGuestSees();
  }

  @Test
  void aMovedDirectoryIsWrittenWhole() throws Exception {
    w.rename("/d", "/e/moved", 0);
    w.write("/e/moved/sub/deep", "changed after the move");
    w.mkdir("/d");
    w.write("/d/other", "x");
    assertTrue(names().containsAll(List.of("d/.wh..wh..opq", "e/moved/f", "e/moved/sub/deep")));
    assertTheLayerIsWhatTheGuestSees();
  }

  @Test
  void aSparseFileDoesNotGrowTheLayerWithoutBound() {
    w.write("/sparse", "");
    w.truncate("/sparse", 1L << 40);
    IOException e = assertThrows(IOException.class, () -> tar(changes));
    assertTrue(e.getMessage().contains("64 MiB"), e.getMessage());
  }

  @Test
  void directoriesWithoutEndAreRefused() {
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      path.append("/x");
      w.mkdir(path.toString());
    }
    IOException e = assertThrows(IOException.class, () -> tar(changes));
    assertTrue(e.getMessage().contains("deep"), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whateverTheGuestDoes(long seed) throws Exception {
    Random random = new Random(seed);
    for (int i = 0; i < 150; i++) {
      String a = path(random);
      String b = path(random);
      switch (random.nextInt(10)) {
        case 0, 1 -> {
          if (w.tryOpen(a, Fcntl.O_WRONLY | Fcntl.O_CREAT) == 0) {
            w.pwrite(a, ("written " + i).getBytes(StandardCharsets.UTF_8), random.nextInt(9000));
          }
        }
        case 2 -> w.mkdir(a);
        case 3 -> w.unlink(a);
        case 4 -> w.rmdir(a);
        case 5 -> w.rename(a, b, 0);
        case 6 -> w.rename(a, b, Fcntl.RENAME_EXCHANGE);
        case 7 -> w.link(a, b);
        case 8 -> w.symlink(a, b);
        default -> {
          if (w.exists(a) && !w.inode(a).isSymlink()) {
            AttrChange change = new AttrChange();
            change.set = AttrChange.MODE | AttrChange.UID;
            change.mode = 0700 | random.nextInt(0100);
            change.uid = random.nextInt(3);
            w.inode(a).setattr(w.t, change);
          }
        }
      }
      if (random.nextInt(20) == 0) {
        w.namespace.root().fs.dentries().clear();
        System.gc();
      }
    }
    assertTheLayerIsWhatTheGuestSees();
  }

  private static String path(Random random) {
    StringBuilder path = new StringBuilder();
    List<String> names = List.of("d", "e", "f", "sub", "deep", "hard", "link", "new");
    int depth = 1 + random.nextInt(3);
    for (int i = 0; i < depth; i++) {
      path.append('/').append(names.get(random.nextInt(names.size())));
    }
    return path.toString();
  }
}
