package dev.vivarium.image.store;

import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes the configuration of an image that is a base's with one layer more. */
final class ConfigWriter {
  private ConfigWriter() {}

  /**
   * The document.
   *
   * @param base the base's configuration, of which all that is not changed stays
   */
  static byte[] write(Optional<byte[]> base, String diffId, ConfigChange change, Instant now)
      throws BadDocumentException {
    JsonObject document =
        base.isPresent()
            ? Json.parse(base.get())
            : JsonObject.of(Map.of("architecture", "amd64")).with("os", "linux");
    String time = now.truncatedTo(ChronoUnit.SECONDS).toString();
    Optional<JsonObject> rootfs = document.object("rootfs");
    List<Object> diffIds =
        new ArrayList<>(rootfs.isPresent() ? rootfs.get().strings("diff_ids") : List.of());
    diffIds.add(diffId);
    List<Object> history = new ArrayList<>(document.objects("history"));
    JsonObject step = JsonObject.of(Map.of("created", time)).with("created_by", change.createdBy());
    history.add(change.comment().isEmpty() ? step : step.with("comment", change.comment()));
    return Json.write(
        document
            .with("created", time)
            .with("config", config(document.object("config"), change))
            .with("rootfs", JsonObject.of(Map.of("type", "layers")).with("diff_ids", diffIds))
            .with("history", history));
  }

  private static JsonObject config(Optional<JsonObject> base, ConfigChange change)
      throws BadDocumentException {
    JsonObject config = base.orElse(JsonObject.of(Map.of()));
    if (change.entrypoint().isPresent()) {
      config = config.with("Entrypoint", change.entrypoint().get());
      if (change.cmd().isEmpty()) {
        // Arguments of another program make no sense, as Docker holds too.
        config = config.with("Cmd", null);
      }
    }
    if (change.cmd().isPresent()) {
      config = config.with("Cmd", change.cmd().get());
    }
    if (change.user().isPresent()) {
      config = config.with("User", change.user().get());
    }
    if (change.workingDir().isPresent()) {
      config = config.with("WorkingDir", change.workingDir().get());
    }
    if (!change.env().isEmpty()) {
      Map<String, String> environment = new LinkedHashMap<>();
      for (String variable : config.strings("Env")) {
        int equals = variable.indexOf('=');
        environment.put(
            equals < 0 ? variable : variable.substring(0, equals),
            equals < 0 ? "" : variable.substring(equals + 1));
      }
      environment.putAll(change.env());
      List<String> variables = new ArrayList<>();
      environment.forEach((name, value) -> variables.add(name + "=" + value));
      config = config.with("Env", variables);
    }
    if (!change.labels().isEmpty()) {
      Map<String, String> labels = new LinkedHashMap<>(config.stringMap("Labels"));
      labels.putAll(change.labels());
      config = config.with("Labels", JsonObject.of(labels));
    }
    return config;
  }
}
