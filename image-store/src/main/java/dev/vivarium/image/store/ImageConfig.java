package dev.vivarium.image.store;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How an image wants to be run: the {@code config} part of its configuration.
 *
 * @param os such as linux
 * @param architecture such as amd64
 * @param env {@code NAME=VALUE}, in order
 * @param user UID, UID:GID, NAME or NAME:GROUP; empty for root
 * @param workingDir absolute; "/" if the image names none
 * @param stopSignal such as SIGTERM
 */
public record ImageConfig(
    String os,
    String architecture,
    List<String> entrypoint,
    List<String> cmd,
    List<String> env,
    String user,
    String workingDir,
    Map<String, String> labels,
    List<String> exposedPorts,
    List<String> volumes,
    Optional<String> stopSignal) {
  /** Of what wants nothing. */
  static final ImageConfig NONE =
      new ImageConfig(
          "",
          "",
          List.of(),
          List.of(),
          List.of(),
          "",
          "/",
          Map.of(),
          List.of(),
          List.of(),
          Optional.empty());

  public ImageConfig {
    entrypoint = List.copyOf(entrypoint);
    cmd = List.copyOf(cmd);
    env = List.copyOf(env);
    labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    exposedPorts = List.copyOf(exposedPorts);
    volumes = List.copyOf(volumes);
  }
}
