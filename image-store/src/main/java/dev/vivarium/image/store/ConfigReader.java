package dev.vivarium.image.store;

import dev.vivarium.image.Digests;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import dev.vivarium.image.oci.Manifest;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads an image's configuration document. */
final class ConfigReader {
  private final JsonObject document;

  ConfigReader(byte[] content) throws BadDocumentException {
    this.document = Json.parse(content);
  }

  /** Digests of the layers' tars, lowest first. */
  List<String> diffIds() throws BadDocumentException {
    JsonObject rootfs =
        document.object("rootfs").orElseThrow(() -> new BadDocumentException("no 'rootfs'"));
    List<String> diffIds = rootfs.strings("diff_ids");
    if (diffIds.size() > Manifest.MAX_LAYERS) {
      throw new BadDocumentException(
          diffIds.size() + " layers; at most " + Manifest.MAX_LAYERS + " are taken");
    }
    for (String diffId : diffIds) {
      if (!Digests.valid(diffId) || !diffId.startsWith("sha256:")) {
        throw new BadDocumentException("a diff id of unknown form: " + diffId);
      }
    }
    return diffIds;
  }

  Optional<Instant> created() throws BadDocumentException {
    return time(document.string("created"));
  }

  private static Optional<Instant> time(Optional<String> text) {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(OffsetDateTime.parse(text.get()).toInstant());
    } catch (DateTimeException e) {
      return Optional.empty(); // some builders write nonsense here, and nothing depends on it
    }
  }

  ImageConfig config() throws BadDocumentException {
    JsonObject config = document.object("config").orElse(null);
    String os = document.string("os").orElse("");
    String architecture = document.string("architecture").orElse("");
    if (config == null) {
      return new ImageConfig(
          os,
          architecture,
          List.of(),
          List.of(),
          List.of(),
          "",
          "/",
          java.util.Map.of(),
          List.of(),
          List.of(),
          Optional.empty());
    }
    String directory = config.string("WorkingDir").orElse("");
    return new ImageConfig(
        os,
        architecture,
        config.strings("Entrypoint"),
        config.strings("Cmd"),
        config.strings("Env"),
        config.string("User").orElse(""),
        directory.startsWith("/") ? directory : "/" + directory,
        config.stringMap("Labels"),
        names(config, "ExposedPorts"),
        names(config, "Volumes"),
        config.string("StopSignal").filter(signal -> !signal.isEmpty()));
  }

  /** What made the image, the first step first; sizes are those of the layers given. */
  List<HistoryEntry> history(List<LayerRecord> layers) throws BadDocumentException {
    List<HistoryEntry> history = new ArrayList<>();
    int next = 0;
    for (JsonObject step : document.objects("history")) {
      boolean empty = step.flag("empty_layer");
      Optional<LayerRecord> layer = Optional.empty();
      if (!empty && next < layers.size()) {
        layer = Optional.of(layers.get(next++));
      }
      history.add(
          new HistoryEntry(
              time(step.string("created")),
              step.string("created_by").orElse(""),
              step.string("comment").orElse(""),
              layer));
    }
    // Builders that keep no history still have layers.
    while (next < layers.size()) {
      history.add(new HistoryEntry(Optional.empty(), "", "", Optional.of(layers.get(next++))));
    }
    return history;
  }

  private static List<String> names(JsonObject config, String member) throws BadDocumentException {
    Optional<JsonObject> object = config.object(member);
    return object.isEmpty() ? List.of() : new ArrayList<>(object.get().names());
  }
}
