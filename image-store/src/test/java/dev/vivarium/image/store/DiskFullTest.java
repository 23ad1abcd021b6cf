package dev.vivarium.image.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.image.FakeRegistry;
import dev.vivarium.image.HostTools;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.TestLayout;
import dev.vivarium.image.TestTar;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiskFullTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFullDiskIsOneLineAndGivesItsSpaceBack(boolean fromRegistry) throws Exception {
    HostTools.needRoot();
    Path disk = Files.createDirectory(directory.resolve("disk"));
    HostTools.run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.toString());
    try (FakeRegistry registry = new FakeRegistry();
        ImageStore store = ImageStore.open(disk.resolve("store"))) {
      TestLayout small = new TestLayout().layer(new TestTar().file("a", "x").end());
      String id =
          store.importArchive(small.write(directory.resolve("small")), true, Progress.NONE).id();
      long free = disk.toFile().getUsableSpace();
      TestLayout large =
          new TestLayout()
              .layer(new TestTar().file("a", TestTar.content(1_000_000, 1)).end())
              .layer(new TestTar().file("b", TestTar.content(20_000_000, 2)).end());
      String source = large.write(directory.resolve("large"));
      registry.image("1", large);
      ImageReference name = ImageReference.parse(registry.host() + "/team/large:1");
      ImageException e =
          assertThrows(
              ImageException.class,
              () -> {
                if (fromRegistry) {
                  store.pull(name, PullOptions.DEFAULT, Progress.NONE);
                } else {
                  store.importArchive(source, true, Progress.NONE);
                }
              });
      assertEquals(ImageException.Kind.STORE, e.kind(), e.getMessage());
      assertTrue(e.getMessage().contains("the disk is full"), e.getMessage());
      assertEquals(List.of(id), store.list().stream().map(ImageRecord::id).toList());
      store.prune(new PruneOptions(false, Optional.empty(), Optional.empty(), Set.of(id), false));
      long lost = free - disk.toFile().getUsableSpace();
      assertTrue(lost < 256 << 10, "lost " + lost + " bytes");
      assertTrue(store.verify(Optional.empty(), Progress.NONE).sound());
    } finally {
      HostTools.run("umount", "-l", disk.toString());
    }
  }
}
