package dev.vivarium.image.archive;

import dev.vivarium.image.Digests;
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.oci.Manifest;
import dev.vivarium.image.oci.ManifestWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes images into one file, in OCI's form or Docker's. Layers are written as the plain tars that
 * their diff ids name, so the same image always gives the same archive.
 */
public final class ArchiveWriter {
  private static final String REF_NAME = "org.opencontainers.image.ref.name";

  private ArchiveWriter() {}

  /** Gives the tar of a layer, or an artifact's blob. */
  public interface Tars {
    void write(String key, OutputStream out) throws IOException;
  }

  /**
   * An image to write.
   *
   * @param names complete tags
   * @param config or an artifact's manifest
   * @param layers lowest first; of an artifact its blobs
   */
  public record Image(List<String> names, byte[] config, List<Layer> layers, boolean isArtifact) {}

  /**
   * A layer's tar or an artifact's blob.
   *
   * @param key what {@link Tars} knows it by
   */
  public record Layer(String diffId, long size, String key) {}

  public static void writeOci(List<Image> images, Tars tars, OutputStream out) throws IOException {
    TarWriter tar = new TarWriter(out);
    tar.file("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8));
    record Entry(byte[] manifest, String name) {}
    List<Entry> entries = new ArrayList<>();
    Set<String> written = new HashSet<>();
    for (Image image : images) {
      byte[] manifest = image.isArtifact ? image.config : manifest(image);
      for (byte[] document : List.of(image.config, manifest)) {
        if (written.add(Digests.of(document))) {
          tar.file(blob(Digests.of(document)), document);
        }
      }
      for (Layer layer : image.layers) {
        if (written.add(layer.diffId)) {
          tar.file(blob(layer.diffId), layer.size, stream -> tars.write(layer.key, stream));
        }
      }
      for (String name : image.names.isEmpty() ? List.of("") : image.names) {
        entries.add(new Entry(manifest, name));
      }
    }
    ByteArrayOutputStream index = new ByteArrayOutputStream();
    try (JsonGenerator json = generator(index)) {
      json.writeStartObject();
      json.writeNumberProperty("schemaVersion", 2);
      json.writeStringProperty("mediaType", Manifest.OCI_INDEX);
      json.writeArrayPropertyStart("manifests");
      for (Entry entry : entries) {
        json.writeStartObject();
        json.writeStringProperty("mediaType", Manifest.OCI_MANIFEST);
        json.writeStringProperty("digest", Digests.of(entry.manifest));
        json.writeNumberProperty("size", entry.manifest.length);
        if (!entry.name.isEmpty()) {
          json.writeObjectPropertyStart("annotations");
          json.writeStringProperty(REF_NAME, entry.name);
          json.writeEndObject();
        }
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    tar.file("index.json", index.toByteArray());
    tar.end();
  }

  public static void writeDocker(List<Image> images, Tars tars, OutputStream out)
      throws IOException {
    TarWriter tar = new TarWriter(out);
    Set<String> written = new HashSet<>();
    ByteArrayOutputStream list = new ByteArrayOutputStream();
    try (JsonGenerator json = generator(list)) {
      json.writeStartArray();
      for (Image image : images) {
        String config = hex(Digests.of(image.config)) + ".json";
        if (written.add(config)) {
          tar.file(config, image.config);
        }
        json.writeStartObject();
        json.writeStringProperty("Config", config);
        json.writeArrayPropertyStart("RepoTags");
        for (String name : image.names) {
          json.writeString(name);
        }
        json.writeEndArray();
        json.writeArrayPropertyStart("Layers");
        for (Layer layer : image.layers) {
          String path = hex(layer.diffId) + ".tar";
          if (written.add(path)) {
            tar.file(path, layer.size, stream -> tars.write(layer.key, stream));
          }
          json.writeString(path);
        }
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
    }
    tar.file("manifest.json", list.toByteArray());
    tar.end();
  }

  /** The manifest of an image whose layers are plain tars. */
  static byte[] manifest(Image image) {
    List<Descriptor> layers = new ArrayList<>();
    for (Layer layer : image.layers) {
      layers.add(
          new Descriptor(
              Manifest.OCI_LAYER,
              layer.diffId,
              layer.size,
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              java.util.Map.of()));
    }
    return ManifestWriter.manifest(image.config, layers);
  }

  private static JsonGenerator generator(OutputStream out) {
    return new JsonFactory().createGenerator(ObjectWriteContext.empty(), out);
  }

  private static String blob(String digest) {
    return "blobs/" + digest.replace(':', '/');
  }

  private static String hex(String digest) {
    return digest.substring(digest.indexOf(':') + 1);
  }
}
