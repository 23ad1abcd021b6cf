package dev.vivarium.gui.run;

import dev.vivarium.engine.compare.Advisor;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.profiles.Quantity;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Asks the advisor as the command line does, for what stands in the form. Not on the JavaFX thread.
 */
final class Advice {
  private Advice() {}

  static Advisor.Advice of(Workbench bench, String image, List<String> command, String memory)
      throws IOException, ImageException {
    String reference = image.strip();
    List<String> words = new ArrayList<>(command);
    if (!reference.equals("host") && !ImageStore.isArchive(reference)) {
      try (ImageStore store = ImageStore.open()) {
        Optional<ImageRecord> found = store.find(reference);
        if (found.isPresent()) {
          words.addAll(0, found.get().config().entrypoint());
          if (command.isEmpty()) {
            words.addAll(found.get().config().cmd());
          }
        }
      }
    }
    return new Advisor().advise(bench.directories(), reference, words, bytes(memory));
  }

  private static long bytes(String memory) {
    try {
      return memory.isBlank() ? 0 : Quantity.bytes(memory.strip());
    } catch (IllegalArgumentException e) {
      // Not a size yet; the run will say so.
      return 0;
    }
  }
}
