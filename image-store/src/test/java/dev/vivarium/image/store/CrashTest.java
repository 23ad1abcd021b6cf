package dev.vivarium.image.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.image.FakeRegistry;
import dev.vivarium.image.TestLayout;
import dev.vivarium.image.TestTar;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Processes die at any moment, and many work at once. How many deaths are tried is set by {@code
 * vivarium.test.kills}; with {@code vivarium.long} it is 200.
 */
class CrashTest {
  private static final int KILLS =
      Integer.getInteger("vivarium.test.kills", Boolean.getBoolean("vivarium.long") ? 200 : 12);

  @TempDir Path directory;

  private String layout(String name, int... seeds) {
    return image(seeds).write(directory.resolve(name));
  }

  private static TestLayout image(int... seeds) {
    TestLayout layout = new TestLayout();
    for (int seed : seeds) {
      TestTar tar = new TestTar();
      for (int i = 0; i < 300; i++) {
        tar.file("d" + seed + "/" + i, TestTar.content(7000, seed * 1000 + i));
      }
      layout.layer(tar.end());
    }
    return layout;
  }

  @Test
  void aKilledProcessLeavesEachImageWholeOrAbsent() throws Exception {
    Path root = directory.resolve("store");
    Path log = directory.resolve("log");
    String one = layout("one", 1, 2, 3);
    String two = layout("two", 2, 3, 4);
    String idOne;
    String idTwo;
    try (ImageStore other = ImageStore.open(directory.resolve("other"))) {
      idOne = other.importArchive(one, true, Progress.NONE).id();
      idTwo = other.importArchive(two, true, Progress.NONE).id();
    }
    // How long it takes undisturbed, so that deaths come all along the way.
    long start = System.nanoTime();
    FakeRegistry registry = new FakeRegistry();
    registry.image("1", image(4, 5, 6));
    String remote = registry.host() + "/team/image:1";
    String[] work = {
      "import", one, "import", two, "remove", idOne, "import", one, "commit", idOne, "made:1",
      "pull", remote, "remove", "made:1", "remove", idTwo, "prune", "pull", remote, "remove",
      remote, "import", two, "commit", idTwo, "made:2", "import", one
    };
    assertEquals(0, StoreProcess.start(root, log, work).waitFor(), () -> read(log));
    long whole = System.nanoTime() - start;
    Random random = new Random(42);
    for (int i = 0; i < KILLS; i++) {
      Process process = StoreProcess.start(root, log, work);
      process.waitFor((long) (random.nextDouble() * whole), TimeUnit.NANOSECONDS);
      process.destroyForcibly();
      process.waitFor();
      try (ImageStore store = ImageStore.open(root)) {
        Verification found = store.verify(Optional.empty(), Progress.NONE);
        assertEquals(List.of(), found.problems());
        for (ImageRecord image : store.list()) {
          boolean made = image.tags().stream().anyMatch(t -> t.contains("made"));
          assertEquals(made || image.layers().size() == 4 ? 4 : 3, image.layers().size());
          for (Path layer : store.layers(image)) {
            assertTrue(Files.exists(layer));
          }
        }
        // The next command needs no repair.
        assertEquals(idOne, store.importArchive(one, true, Progress.NONE).id());
      }
    }
    registry.close();
    try (ImageStore store = ImageStore.open(root)) {
      for (ImageRecord image : store.list()) {
        store.remove(image.id());
      }
      store.prune(PruneOptions.UNNAMED);
    }
    try (var files = Files.list(root.resolve("layers"))) {
      assertEquals(0, files.count());
    }
    try (var files = Files.list(root.resolve("tmp"))) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void twoPullsAtOnceFetchSharedLayersOnce() throws Exception {
    Path root = directory.resolve("store");
    Path log = directory.resolve("log");
    try (FakeRegistry registry = new FakeRegistry()) {
      registry.image("a", image(1, 2, 3));
      registry.image("b", image(2, 3, 4));
      // Nobody gets a blob before both have begun.
      CountDownLatch begun = new CountDownLatch(2);
      registry.before(uri -> {
        if (uri.contains("/manifests/")) {
          begun.countDown();
        } else if (uri.contains("/blobs/")) {
          try {
            assertTrue(begun.await(60, TimeUnit.SECONDS));
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        }
      });
      List<Process> processes = new ArrayList<>();
      for (String tag : List.of("a", "b")) {
        processes.add(
            StoreProcess.start(root, log, "pull", registry.host() + "/team/image:" + tag));
      }
      for (Process process : processes) {
        assertEquals(0, process.waitFor(), () -> read(log));
      }
      List<String> blobs =
          registry.requests().stream().filter(r -> r.contains("/blobs/")).sorted().toList();
      assertEquals(blobs.stream().distinct().toList(), blobs);
      assertEquals(4 + 2, blobs.size(), "four layers and two configurations");
    }
    try (ImageStore store = ImageStore.open(root)) {
      assertEquals(2, store.list().size());
      assertTrue(store.verify(Optional.empty(), Progress.NONE).sound());
    }
  }

  @Test
  void manyProcessesWorkAtOnce() throws Exception {
    Path root = directory.resolve("store");
    Path log = directory.resolve("log");
    String one = layout("one", 1, 2);
    String two = layout("two", 2, 3);
    // The very first opening of the store is a race too.
    List<Process> processes = new ArrayList<>();
    processes.add(StoreProcess.start(root, log, "import", one, "import", two));
    processes.add(StoreProcess.start(root, log, "import", two, "import", one));
    processes.add(StoreProcess.start(root, log, "import", one));
    for (Process process : processes) {
      assertEquals(0, process.waitFor(), () -> read(log));
    }
    try (ImageStore store = ImageStore.open(root)) {
      assertEquals(2, store.list().size());
      store.tag(store.importArchive(one, true, Progress.NONE).id(), "stays:1");
    }
    processes.clear();
    for (int i = 0; i < 10; i++) {
      processes.add(StoreProcess.start(root, log, "read", "4"));
    }
    processes.add(
        StoreProcess.start(root, log, "prune", "import", two, "prune", "import", two, "prune"));
    for (Process process : processes) {
      assertEquals(0, process.waitFor(), () -> read(log));
    }
    try (ImageStore store = ImageStore.open(root)) {
      assertTrue(store.verify(Optional.empty(), Progress.NONE).sound());
      assertTrue(store.find("stays:1").isPresent());
    }
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (java.io.IOException e) {
      return e.toString();
    }
  }
}
