package dev.vivarium.image.oci;

import dev.vivarium.image.Digests;
import java.io.ByteArrayOutputStream;
import java.util.List;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes manifests; the same image always gives the same bytes. */
public final class ManifestWriter {
  private ManifestWriter() {}

  /** An OCI manifest of a configuration and its layers. */
  public static byte[] manifest(byte[] config, List<Descriptor> layers) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeNumberProperty("schemaVersion", 2);
      json.writeStringProperty("mediaType", Manifest.OCI_MANIFEST);
      json.writeName("config");
      descriptor(json, Manifest.OCI_CONFIG, Digests.of(config), config.length);
      json.writeArrayPropertyStart("layers");
      for (Descriptor layer : layers) {
        descriptor(json, layer.mediaType(), layer.digest(), layer.size());
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return out.toByteArray();
  }

  private static void descriptor(JsonGenerator json, String mediaType, String digest, long size) {
    json.writeStartObject();
    json.writeStringProperty("mediaType", mediaType);
    json.writeStringProperty("digest", digest);
    json.writeNumberProperty("size", size);
    json.writeEndObject();
  }
}
