package dev.vivarium.image.archive;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Blobs;
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.oci.ImageSource;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import dev.vivarium.image.oci.Manifest;
import dev.vivarium.image.oci.Resolver;
import dev.vivarium.image.oci.Selection;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** An image in an OCI layout. */
final class OciLayout implements ImageSource {
  static final String VERSION = "oci-layout";
  private static final String REF_NAME = "org.opencontainers.image.ref.name";
  private static final String FULL_NAME = "io.containerd.image.name";

  private final String name;
  private final BlobFiles files;
  private final Optional<String> selector;

  OciLayout(String name, BlobFiles files, Optional<String> selector) {
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
      JsonObject version = Json.parse(document(files, VERSION));
      String number = version.requiredString("imageLayoutVersion");
      if (!number.startsWith("1.")) {
        throw new BadDocumentException("a layout of unknown version " + number);
      }
      Manifest.Index index = index(files);
      Descriptor chosen = choose(index, architecture);
      return Resolver.resolve(
          this,
          fetch(chosen),
          chosen.mediaType(),
          chosen.digest(),
          architecture,
          names(index, chosen),
          this::fetch);
    } catch (IOException e) {
      throw Archives.failure(name, e);
    }
  }

  @Override
  public InputStream open(Descriptor blob) throws IOException {
    return files.open("blobs/" + blob.digest().replace(':', '/'));
  }

  @Override
  public void close() {
    files.close();
  }

  private static byte[] document(BlobFiles files, String path) throws IOException {
    try (InputStream in = files.open(path)) {
      byte[] content = in.readNBytes(Manifest.MAX_SIZE + 1);
      if (content.length > Manifest.MAX_SIZE) {
        throw new BadDocumentException(path + " has more than " + Manifest.MAX_SIZE + " bytes");
      }
      return content;
    }
  }

  private byte[] fetch(Descriptor manifest) throws ImageException {
    return Blobs.read(this, manifest, Manifest.MAX_SIZE);
  }

  private static Manifest.Index index(BlobFiles files) throws IOException {
    byte[] document = document(files, "index.json");
    if (Manifest.parse(document, Manifest.OCI_INDEX) instanceof Manifest.Index index) {
      return index;
    }
    throw new BadDocumentException("index.json is not an index");
  }

  /** How many images the layout has; each may have several names. */
  static int count(BlobFiles files) throws IOException {
    return distinct(index(files)).size();
  }

  private static List<Descriptor> distinct(Manifest.Index index) {
    List<Descriptor> manifests = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (Descriptor manifest : index.manifests()) {
      if (seen.add(manifest.digest())) {
        manifests.add(manifest);
      }
    }
    return manifests;
  }

  private Descriptor choose(Manifest.Index index, String architecture) throws ImageException {
    List<Descriptor> manifests = distinct(index);
    if (selector.isPresent() && selector.get().startsWith("@")) {
      return manifests.get(Integer.parseInt(selector.get().substring(1)));
    }
    List<String> tags = new ArrayList<>();
    for (Descriptor manifest : index.manifests()) {
      String tag = manifest.annotations().get(REF_NAME);
      if (tag != null) {
        tags.add(tag);
        if (selector.isPresent() && selector.get().equals(tag)) {
          return manifest;
        }
      }
    }
    if (selector.isPresent()) {
      throw new ImageException(
          Kind.NOT_FOUND,
          "no such tag: "
              + name
              + "; the layout has "
              + (tags.isEmpty() ? "none" : String.join(", ", tags)));
    }
    if (manifests.size() == 1) {
      return manifests.getFirst();
    }
    // Several manifests without tags are one image for several platforms.
    if (tags.isEmpty() && !manifests.isEmpty()) {
      return Selection.platform(name, index, architecture);
    }
    throw new ImageException(
        Kind.BAD_REFERENCE,
        manifests.isEmpty()
            ? "an empty layout: " + name + "; put an image into it"
            : "more than one image: " + name + "; add one of the tags " + String.join(", ", tags));
  }

  private static List<String> names(Manifest.Index index, Descriptor chosen) {
    Set<String> names = new LinkedHashSet<>();
    for (Descriptor manifest : index.manifests()) {
      if (manifest.digest().equals(chosen.digest())) {
        name(manifest).ifPresent(names::add);
      }
    }
    return List.copyOf(names);
  }

  private static Optional<String> name(Descriptor manifest) {
    for (String annotation : List.of(FULL_NAME, REF_NAME)) {
      String text = manifest.annotations().getOrDefault(annotation, "");
      // A bare tag such as "latest" names no image.
      if (text.indexOf('/') >= 0 || text.indexOf(':') >= 0) {
        try {
          ImageReference reference = ImageReference.parse(text);
          if (reference.tag().isPresent()) {
            return Optional.of(reference.name() + ":" + reference.tag().get());
          }
        } catch (ImageException e) {
          // not a name, then
        }
      }
    }
    return Optional.empty();
  }
}
