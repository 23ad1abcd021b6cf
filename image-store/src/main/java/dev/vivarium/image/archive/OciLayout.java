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
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An image in an OCI layout. */
final class OciLayout implements ImageSource {
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
      JsonObject version = Json.parse(document("oci-layout"));
      String number = version.requiredString("imageLayoutVersion");
      if (!number.startsWith("1.")) {
        throw new BadDocumentException("a layout of unknown version " + number);
      }
      if (!(Manifest.parse(document("index.json"), Manifest.OCI_INDEX)
          instanceof Manifest.Index index)) {
        throw new BadDocumentException("index.json is not an index");
      }
      Descriptor chosen = choose(index, architecture);
      return Resolver.resolve(
          this,
          fetch(chosen),
          chosen.mediaType(),
          chosen.digest(),
          architecture,
          names(chosen),
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

  private byte[] document(String path) throws IOException {
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

  private Descriptor choose(Manifest.Index index, String architecture) throws ImageException {
    List<Descriptor> manifests = index.manifests();
    List<String> tags = new ArrayList<>();
    for (Descriptor manifest : manifests) {
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
      return dev.vivarium.image.oci.Selection.platform(name, index, architecture);
    }
    throw new ImageException(
        Kind.BAD_REFERENCE,
        manifests.isEmpty()
            ? "an empty layout: " + name + "; put an image into it"
            : "more than one image: " + name + "; add one of the tags " + String.join(", ", tags));
  }

  private static List<String> names(Descriptor manifest) {
    for (String annotation : List.of(FULL_NAME, REF_NAME)) {
      String text = manifest.annotations().getOrDefault(annotation, "");
      // A bare tag such as "latest" names no image.
      if (text.indexOf('/') >= 0 || text.indexOf(':') >= 0) {
        try {
          ImageReference reference = ImageReference.parse(text);
          return reference
              .tag()
              .map(tag -> List.of(reference.name() + ":" + tag))
              .orElse(List.of());
        } catch (ImageException e) {
          // not a name, then
        }
      }
    }
    return List.of();
  }
}
