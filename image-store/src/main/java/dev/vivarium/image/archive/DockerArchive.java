package dev.vivarium.image.archive;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.layer.Compression;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Blobs;
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.oci.ImageSource;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import dev.vivarium.image.oci.Manifest;
import dev.vivarium.image.oci.ManifestWriter;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An image in an archive of {@code docker save}. It has no manifest with digests; one is written
 * from the diff ids, and the layers are held to those.
 */
final class DockerArchive implements ImageSource {
  private static final String INDEX = "manifest.json";

  private final String name;
  private final BlobFiles files;
  private final Optional<String> selector;
  private final Map<String, String> paths = new HashMap<>();

  DockerArchive(String name, BlobFiles files, Optional<String> selector) {
    this.name = name;
    this.files = files;
    this.selector = selector;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Resolved resolve(String architecture) throws ImageException {
    try {
      JsonObject image = choose(index(files));
      byte[] config = document(files, image.requiredString("Config"), Blobs.MAX_CONFIG);
      List<String> layerPaths = image.strings("Layers");
      List<String> diffIds =
          Json.parse(config)
              .object("rootfs")
              .orElseThrow(() -> new BadDocumentException("a configuration without 'rootfs'"))
              .strings("diff_ids");
      if (diffIds.size() != layerPaths.size() || diffIds.size() > Manifest.MAX_LAYERS) {
        throw new BadDocumentException(
            diffIds.size() + " diff ids for " + layerPaths.size() + " layers");
      }
      List<Descriptor> layers = new ArrayList<>();
      for (int i = 0; i < diffIds.size(); i++) {
        layers.add(layer(layerPaths.get(i), diffIds.get(i)));
      }
      byte[] manifest = ManifestWriter.manifest(config, layers);
      return new Resolved(
          List.of(Digests.of(manifest)),
          manifest,
          Manifest.OCI_MANIFEST,
          config,
          Digests.of(config),
          layers,
          names(image));
    } catch (IOException e) {
      throw Archives.failure(name, e);
    }
  }

  @Override
  public InputStream open(Descriptor blob) throws IOException {
    String path = paths.get(blob.digest());
    if (path == null) {
      throw new IOException("no such layer: " + blob.digest());
    }
    return Compression.decompress(files.open(path));
  }

  @Override
  public void close() {
    files.close();
  }

  /** A layer as the tar that it is, whether or not it is compressed here. */
  private Descriptor layer(String path, String diffId) throws IOException {
    if (!Digests.valid(diffId)) {
      throw new BadDocumentException("a diff id of unknown form: " + diffId);
    }
    paths.put(diffId, path);
    long size = files.size(path);
    try (InputStream in = files.open(path)) {
      byte[] magic = in.readNBytes(4);
      if (Compression.of(magic) != Compression.NONE) {
        size = uncompressedSize(path, diffId);
      }
    }
    return new Descriptor(
        Manifest.OCI_LAYER,
        diffId,
        size,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Map.of());
  }

  /** Reads a compressed layer once to know how long it is, since no document says so. */
  private long uncompressedSize(String path, String diffId) throws IOException {
    MessageDigest digest = Digests.forDigest(diffId);
    long size = 0;
    try (InputStream in = Compression.decompress(files.open(path))) {
      byte[] buffer = new byte[64 << 10];
      int n;
      while ((n = in.read(buffer)) >= 0) {
        digest.update(buffer, 0, n);
        size += n;
        if (size > MAX_LAYER) {
          throw new BadDocumentException("a layer of more than " + MAX_LAYER + " bytes");
        }
      }
    }
    if (!Digests.finish(digest).equals(diffId)) {
      throw new BadDocumentException("a layer with another digest than its image says: " + path);
    }
    return size;
  }

  private static final long MAX_LAYER = 64L << 30;

  private static List<JsonObject> index(BlobFiles files) throws IOException {
    return Json.parseArray(document(files, INDEX, Manifest.MAX_SIZE));
  }

  /** How many images the archive has. */
  static int count(BlobFiles files) throws IOException {
    return index(files).size();
  }

  private static byte[] document(BlobFiles files, String path, int limit) throws IOException {
    try (InputStream in = files.open(path)) {
      byte[] content = in.readNBytes(limit + 1);
      if (content.length > limit) {
        throw new BadDocumentException(path + " has more than " + limit + " bytes");
      }
      return content;
    }
  }

  private JsonObject choose(List<JsonObject> images) throws ImageException, BadDocumentException {
    if (selector.isPresent() && selector.get().startsWith("@")) {
      return images.get(Integer.parseInt(selector.get().substring(1)));
    }
    if (selector.isEmpty() && images.size() == 1) {
      return images.getFirst();
    }
    List<String> tags = new ArrayList<>();
    for (JsonObject image : images) {
      for (String tag : image.strings("RepoTags")) {
        tags.add(tag);
        if (selector.isPresent()
            && (tag.equals(selector.get()) || tag.endsWith(":" + selector.get()))) {
          return image;
        }
      }
    }
    throw new ImageException(
        selector.isPresent() ? Kind.NOT_FOUND : Kind.BAD_REFERENCE,
        (selector.isPresent() ? "no such tag: " : "not exactly one image: ")
            + name
            + "; the archive has "
            + (tags.isEmpty() ? "none" : String.join(", ", tags)));
  }

  private static List<String> names(JsonObject image) throws BadDocumentException {
    List<String> names = new ArrayList<>();
    for (String tag : image.strings("RepoTags")) {
      try {
        names.add(ImageReference.parse(tag).toString());
      } catch (ImageException e) {
        // not a name that could be asked for
      }
    }
    return names;
  }
}
