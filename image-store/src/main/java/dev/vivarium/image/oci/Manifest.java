package dev.vivarium.image.oci;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A manifest (one image) or an index (a choice of manifests), in OCI's or Docker's words. */
public sealed interface Manifest {
  String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
  String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
  String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
  String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
  String DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
  String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";

  /** No manifest is longer; registries set the same limit. */
  int MAX_SIZE = 4 << 20;

  int MAX_LAYERS = 500;

  String mediaType();

  /**
   * One image.
   *
   * @param layers lowest first
   */
  record Image(
      String mediaType, Descriptor config, List<Descriptor> layers, Optional<String> artifactType)
      implements Manifest {}

  /** A choice, mostly by platform. */
  record Index(String mediaType, List<Descriptor> manifests) implements Manifest {}

  /**
   * Reads either.
   *
   * @param servedAs the media type that came with it, which counts when it names none itself
   */
  static Manifest parse(byte[] document, String servedAs) throws BadDocumentException {
    JsonObject json = Json.parse(document);
    if (json.has("schemaVersion") && json.requiredLong("schemaVersion") != 2) {
      throw new BadDocumentException("a manifest of schema version 1, which is long withdrawn");
    }
    String mediaType = json.string("mediaType").orElse(servedAs);
    // A document that could be read as both is an attack on whoever reads it the other way.
    if (json.has("manifests") && (json.has("config") || json.has("layers"))) {
      throw new BadDocumentException("a manifest and an index in one document");
    }
    if (json.has("manifests")) {
      return new Index(
          mediaType.isEmpty() ? OCI_INDEX : mediaType, descriptors(json, "manifests", 10_000));
    }
    Optional<JsonObject> config = json.object("config");
    if (config.isEmpty()) {
      throw new BadDocumentException("neither a manifest nor an index");
    }
    return new Image(
        mediaType.isEmpty() ? OCI_MANIFEST : mediaType,
        Descriptor.of(config.get()),
        descriptors(json, "layers", MAX_LAYERS),
        json.string("artifactType"));
  }

  private static List<Descriptor> descriptors(JsonObject json, String name, int limit)
      throws BadDocumentException {
    List<JsonObject> items = json.objects(name);
    if (items.size() > limit) {
      throw new BadDocumentException(
          items.size() + " " + name + "; at most " + limit + " are taken");
    }
    List<Descriptor> descriptors = new ArrayList<>();
    for (JsonObject item : items) {
      descriptors.add(Descriptor.of(item));
    }
    return descriptors;
  }
}
