package dev.vivarium.image.oci;

import com.google.gson.stream.JsonWriter;
import dev.vivarium.image.Digests;
import java.io.IOException;
import java.util.List;

/** Writes manifests; the same image always gives the same bytes. */
public final class ManifestWriter {
  private ManifestWriter() {}

  /** An OCI manifest of a configuration and its layers. */
  public static byte[] manifest(byte[] config, List<Descriptor> layers) {
    return JsonDocument.write(json -> {
      json.beginObject();
      json.name("schemaVersion").value(2);
      json.name("mediaType").value(Manifest.OCI_MANIFEST);
      json.name("config");
      descriptor(json, Manifest.OCI_CONFIG, Digests.of(config), config.length);
      json.name("layers").beginArray();
      for (Descriptor layer : layers) {
        descriptor(json, layer.mediaType(), layer.digest(), layer.size());
      }
      json.endArray();
      json.endObject();
    });
  }

  private static void descriptor(JsonWriter json, String mediaType, String digest, long size)
      throws IOException {
    json.beginObject();
    json.name("mediaType").value(mediaType);
    json.name("digest").value(digest);
    json.name("size").value(size);
    json.endObject();
  }
}
