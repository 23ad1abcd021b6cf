package dev.vivarium.image.store;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.TestTar;
import dev.vivarium.image.view.RootView;
import dev.vivarium.image.view.RootViews;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A process of its own that works on a store, for tests of several and of dying ones. */
public final class StoreProcess {
  private StoreProcess() {}

  /** Starts {@code main} in another JVM. */
  static Process start(Path store, Path log, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "--enable-native-access=ALL-UNNAMED"));
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), StoreProcess.class.getName()));
    command.add(store.toString());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(new File(log.toString())))
        .start();
  }

  /**
   * Verbs: {@code import SOURCE}, {@code pull NAME}, {@code commit BASE NAME}, {@code remove NAME},
   * {@code prune}, {@code read TIMES}.
   */
  public static void main(String[] arguments) throws ImageException, IOException {
    Path directory = Path.of(arguments[0]);
    for (int i = 1; i < arguments.length; i++) {
      try (ImageStore store = ImageStore.open(directory)) {
        switch (arguments[i]) {
          case "import" -> store.importArchive(arguments[++i], true, Progress.NONE);
          case "pull" ->
              store.pull(ImageReference.parse(arguments[++i]), PullOptions.DEFAULT, Progress.NONE);
          case "commit" -> {
            Optional<ImageRecord> base = store.find(arguments[++i]);
            ImageReference name = ImageReference.parse(arguments[++i]);
            if (base.isPresent()) {
              byte[] changes =
                  new TestTar().file("made", TestTar.content(400_000, 1)).file(".wh.d2", "").end();
              store.commit(base, tar -> tar.write(changes), name, ConfigChange.none("commit"));
            }
          }
          case "remove" -> {
            String name = arguments[++i];
            if (store.find(name).isPresent()) {
              store.remove(name);
            }
          }
          case "prune" ->
              store.prune(
                  new PruneOptions(false, Optional.empty(), Optional.empty(), Set.of(), false));
          case "read" -> read(store, Integer.parseInt(arguments[++i]));
          default -> throw new IllegalArgumentException(arguments[i]);
        }
      }
    }
  }

  /** Reads every named image whole, again and again. */
  private static void read(ImageStore store, int times) throws ImageException, IOException {
    for (int i = 0; i < times; i++) {
      for (ImageRecord image : store.list()) {
        if (image.tags().isEmpty()) {
          continue;
        }
        try (RootView view = RootViews.open(store.layers(image))) {
          dev.vivarium.image.TreeListing.of(view);
        }
      }
    }
  }
}
