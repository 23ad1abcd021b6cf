package dev.vivarium.image.store;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a new image's configuration says otherwise than its base's; what is empty stays.
 *
 * @param env variables to set, besides those that are there
 * @param labels to set, besides those that are there
 * @param createdBy what made the image's last layer, for its history
 * @param comment for its history
 */
public record ConfigChange(
    Optional<List<String>> entrypoint,
    Optional<List<String>> cmd,
    Map<String, String> env,
    Optional<String> user,
    Optional<String> workingDir,
    Map<String, String> labels,
    String createdBy,
    String comment) {
  public ConfigChange {
    env = Collections.unmodifiableMap(new LinkedHashMap<>(env));
    labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
  }

  /** Changes nothing. */
  public static ConfigChange none(String createdBy) {
    return new ConfigChange(
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        createdBy,
        "");
  }
}
