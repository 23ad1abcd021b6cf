package dev.vivarium.engine.open;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.ImageSummary;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Which images of the store have a program. */
public final class StoredPrograms {
  private static final List<String> DIRECTORIES =
      List.of("/usr/local/bin/", "/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/");

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
      Set<String> withShell = ids(having(store, "sh"));
      return having(store, program).stream()
          .filter(image -> withShell.contains(image.id()))
          .max(Comparator.comparing(ImageSummary::pulled))
          .map(image -> image.tags().isEmpty() ? image.shortId() : image.tags().getFirst());
    } catch (ImageException e) {
      // What is wrong with it shows when an image is asked for.
      return Optional.empty();
    }
  }

  private static List<ImageSummary> having(ImageStore store, String program) throws ImageException {
    if (program.startsWith("/")) {
      return store.havingPath(program);
    }
    List<ImageSummary> found = new ArrayList<>();
    for (String directory : DIRECTORIES) {
      found.addAll(store.havingPath(directory + program));
    }
    return found;
  }

  private static Set<String> ids(List<ImageSummary> images) {
    return images.stream().map(ImageSummary::id).collect(Collectors.toSet());
  }
}
