package dev.vivarium.engine.open;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageStore;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;

/** Which images of the store have a program. */
public final class StoredPrograms {
  /**
   * The image pulled last that has a program, and a shell to prepare its start.
   *
   * @param program its name, or an absolute path inside
   * @return a name of the image; empty if there is none, or the store cannot be read
   */
  public Optional<String> imageWith(String program) {
    if (program.isEmpty() || !program.startsWith("/") && program.indexOf('/') >= 0) {
      return Optional.empty();
    }
    // Who has none has no store made by looking into it.
    if (!Files.exists(ImageStore.defaultRoot())) {
      return Optional.empty();
    }
    try (ImageStore store = ImageStore.open()) {
      return store
          .latestWith(List.of(places("sh"), places(program)))
          .map(image -> image.tags().isEmpty() ? image.shortId() : image.tags().getFirst());
    } catch (ImageException e) {
      // What is wrong with it shows when an image is asked for.
      return Optional.empty();
    }
  }

  private static List<String> places(String program) {
    return program.startsWith("/")
        ? List.of(program)
        : HostPrograms.PATH.stream().map(directory -> directory + "/" + program).toList();
  }
}
