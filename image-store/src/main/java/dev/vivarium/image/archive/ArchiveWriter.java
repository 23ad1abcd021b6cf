package dev.vivarium.image.archive;

import dev.vivarium.image.Digests;
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.oci.JsonDocument;
import dev.vivarium.image.oci.Manifest;
import dev.vivarium.image.oci.ManifestWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

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
    byte[] index =
        JsonDocument.write(json -> {
          json.beginObject();
          json.name("schemaVersion").value(2);
          json.name("mediaType").value(Manifest.OCI_INDEX);
          json.name("manifests").beginArray();
          for (Entry entry : entries) {
            json.beginObject();
            json.name("mediaType").value(Manifest.OCI_MANIFEST);
            json.name("digest").value(Digests.of(entry.manifest));
            json.name("size").value(entry.manifest.length);
            if (!entry.name.isEmpty()) {
              json.name("annotations").beginObject();
              json.name(REF_NAME).value(entry.name);
              json.endObject();
            }
            json.endObject();
          }
          json.endArray();
          json.endObject();
        });
    tar.file("index.json", index);
    tar.end();
  }

  public static void writeDocker(List<Image> images, Tars tars, OutputStream out)
      throws IOException {
    TarWriter tar = new TarWriter(out);
    Set<String> written = new HashSet<>();
    byte[] list =
        JsonDocument.write(json -> {
          json.beginArray();
          for (Image image : images) {
            String config = hex(Digests.of(image.config)) + ".json";
            if (written.add(config)) {
              tar.file(config, image.config);
            }
            json.beginObject();
            json.name("Config").value(config);
            json.name("RepoTags").beginArray();
            for (String name : image.names) {
              json.value(name);
            }
            json.endArray();
            json.name("Layers").beginArray();
            for (Layer layer : image.layers) {
              String path = hex(layer.diffId) + ".tar";
              if (written.add(path)) {
                tar.file(path, layer.size, stream -> tars.write(layer.key, stream));
              }
              json.value(path);
            }
            json.endArray();
            json.endObject();
          }
          json.endArray();
        });
    tar.file("manifest.json", list);
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

  private static String blob(String digest) {
    return "blobs/" + digest.replace(':', '/');
  }

  private static String hex(String digest) {
    return digest.substring(digest.indexOf(':') + 1);
  }
}
