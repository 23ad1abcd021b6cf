package dev.vivarium.gui.images;

import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.ImageSummary;
import dev.vivarium.image.store.LayerRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which images have which layers. No control, and no thread of its own. */
final class Sharing {
  private final Map<String, List<ImageSummary>> byLayer = new HashMap<>();

  /** Layers that another image has too. */
  record With(String name, int layers, long bytes) {}

  Sharing(List<ImageSummary> images) {
    for (ImageSummary image : images) {
      image
          .layers()
          .forEach(l -> {
            List<ImageSummary> having = byLayer.computeIfAbsent(l, k -> new ArrayList<>());
            if (!having.contains(image)) {
              having.add(image);
            }
          });
    }
  }

  /** What an image is called where there is little room: its first name, else its number. */
  static String name(ImageSummary image) {
    return image.tags().isEmpty()
        ? image.shortId()
        : ImageReference.familiar(image.tags().getFirst());
  }

  /** The other images that have a layer, by name. */
  List<String> others(String diffId, String id) {
    return byLayer.getOrDefault(diffId, List.of()).stream()
        .filter(i -> !i.id().equals(id))
        .map(Sharing::name)
        .sorted()
        .toList();
  }

  /** With which images one shares how much, the most first. */
  List<With> with(String id, List<LayerRecord> layers) {
    Map<String, With> found = new HashMap<>();
    List<String> seen = new ArrayList<>();
    for (LayerRecord layer : layers) {
      if (seen.contains(layer.diffId())) {
        continue; // an image may have a layer twice; its space is there once
      }
      seen.add(layer.diffId());
      for (String other : others(layer.diffId(), id)) {
        found.merge(
            other,
            new With(other, 1, layer.diskSize()),
            (a, b) -> new With(other, a.layers + b.layers, a.bytes + b.bytes));
      }
    }
    return found.values().stream()
        .sorted(Comparator.comparingLong((With w) -> -w.bytes).thenComparing(With::name))
        .toList();
  }
}
