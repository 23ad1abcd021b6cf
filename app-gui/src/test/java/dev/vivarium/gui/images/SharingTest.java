package dev.vivarium.gui.images;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.image.store.ImageSummary;
import dev.vivarium.image.store.LayerRecord;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SharingTest {
  private static ImageSummary image(String id, List<String> tags, String... layers) {
    return new ImageSummary(
        id,
        "sha256:m",
        tags,
        Optional.empty(),
        Instant.EPOCH,
        0,
        0,
        List.of(layers),
        Optional.empty());
  }

  private static LayerRecord layer(String diffId, long bytes) {
    return new LayerRecord(diffId, 10 * bytes, bytes);
  }

  private final Sharing sharing =
      new Sharing(
          List.of(
              image("sha256:a", List.of("docker.io/library/debian:12"), "base"),
              image("sha256:b", List.of("docker.io/my/tool:1"), "base", "tools"),
              image("sha256:0123456789abcdef", List.of(), "base", "tools", "more", "tools")));

  @Test
  void aLayerIsOfAllImagesThatHaveIt() {
    assertEquals(List.of("0123456789ab", "my/tool:1"), sharing.others("base", "sha256:a"));
    assertEquals(List.of(), sharing.others("more", "sha256:0123456789abcdef"));
    assertEquals(List.of(), sharing.others("unheard of", "sha256:a"));
  }

  @Test
  void whatIsSharedIsCountedOnceAndTheMostComesFirst() {
    assertEquals(
        List.of(new Sharing.With("my/tool:1", 2, 105), new Sharing.With("debian:12", 1, 100)),
        sharing.with(
            "sha256:0123456789abcdef",
            List.of(layer("base", 100), layer("tools", 5), layer("more", 7), layer("tools", 5))));
  }
}
