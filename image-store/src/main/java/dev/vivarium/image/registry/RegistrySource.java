package dev.vivarium.image.registry;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Blobs;
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.oci.ImageSource;
import dev.vivarium.image.oci.Manifest;
import dev.vivarium.image.oci.Resolver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An image at a registry. */
public final class RegistrySource implements ImageSource {
  private static final String ACCEPT =
      String.join(
          ", ",
          Manifest.OCI_INDEX,
          Manifest.OCI_MANIFEST,
          Manifest.DOCKER_LIST,
          Manifest.DOCKER_MANIFEST);

  private static final int MAX_REFERRERS = 50;

  private final ImageReference image;
  private final RegistryHttp http;

  public RegistrySource(ImageReference image, boolean plainHttp, Optional<Path> authFile)
      throws ImageException {
    this.image = image;
    this.http = new RegistryHttp(image, plainHttp, authFile);
  }

  @Override
  public String name() {
    return image.familiar();
  }

  @Override
  public Resolved resolve(String architecture) throws ImageException {
    http.connect();
    String selector = image.manifestSelector();
    Document document = manifest(selector);
    String digest = Digests.of(document.content);
    if (image.digest().isPresent()) {
      String wanted = image.digest().get();
      Blobs.check(name(), descriptor(wanted, document.content.length), document.content);
      digest = wanted;
    }
    if (document.claimedDigest.isPresent()
        && document.claimedDigest.get().startsWith("sha256:")
        && digest.startsWith("sha256:")
        && !document.claimedDigest.get().equals(digest)) {
      throw new ImageException(
          Kind.BAD_IMAGE,
          "wrong digest: the manifest of "
              + name()
              + " came as "
              + digest
              + ", announced as "
              + document.claimedDigest.get()
              + "; the registry is broken or lies");
    }
    return Resolver.resolve(
        this, document.content, document.mediaType, digest, architecture, List.of(), this::fetch);
  }

  @Override
  public InputStream open(Descriptor blob) throws IOException, ImageException {
    return new BlobStream(http, blob);
  }

  /** What a tag of the same repository names; empty if there is no such tag. */
  public Optional<Manifest> tagged(String tag) throws ImageException {
    try {
      Document document = manifest(tag);
      return Optional.of(Manifest.parse(document.content, document.mediaType));
    } catch (ImageException e) {
      if (e.kind() == Kind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    } catch (BadDocumentException e) {
      throw unreadable(tag, e);
    }
  }

  /** The manifest that a descriptor names, digest checked. */
  public Manifest parsed(Descriptor manifest) throws ImageException {
    try {
      return Manifest.parse(fetch(manifest), manifest.mediaType());
    } catch (BadDocumentException e) {
      throw unreadable(manifest.digest(), e);
    }
  }

  /**
   * The artifacts of a type that say they belong to a manifest of this repository. A registry that
   * cannot list them keeps them in an index under the tag {@code sha256-HEX}.
   */
  public List<Descriptor> referrers(String digest, String artifactType) throws ImageException {
    Optional<Manifest> found;
    try (Answer answer = http.get("referrers/" + digest, Map.of("Accept", Manifest.OCI_INDEX))) {
      String type = Optional.ofNullable(answer.first("Content-Type")).orElse("");
      found =
          answer.status() == 200 && type.startsWith(Manifest.OCI_INDEX)
              ? Optional.of(Manifest.parse(answer.bytes(Manifest.MAX_SIZE), Manifest.OCI_INDEX))
              : tagged(digest.replace(':', '-'));
    } catch (BadDocumentException e) {
      throw unreadable("referrers of " + digest, e);
    } catch (IOException e) {
      throw http.unreachable(e);
    }
    if (found.isEmpty() || !(found.get() instanceof Manifest.Index index)) {
      return List.of();
    }
    // Many registries and clients leave out the type in the list: then the manifest says it.
    return index.manifests().stream()
        .filter(d -> d.artifactType().isEmpty() || d.artifactType().get().equals(artifactType))
        .limit(MAX_REFERRERS)
        .toList();
  }

  private ImageException unreadable(String what, BadDocumentException e) {
    return new ImageException(
        Kind.BAD_IMAGE,
        "a document that cannot be read: "
            + name()
            + ", "
            + what
            + ": "
            + e.getMessage()
            + "; the registry is broken or lies",
        e);
  }

  @Override
  public void close() {
    http.close();
  }

  private byte[] fetch(Descriptor manifest) throws ImageException {
    byte[] content = manifest(manifest.digest()).content;
    Blobs.check(name(), manifest, content);
    return content;
  }

  private Document manifest(String selector) throws ImageException {
    try (Answer answer = http.get("manifests/" + selector, Map.of("Accept", ACCEPT))) {
      if (answer.status() != 200) {
        throw http.failure(answer, "the manifest of " + name());
      }
      byte[] content;
      content = answer.bytes(Manifest.MAX_SIZE);
      String type = Optional.ofNullable(answer.first("Content-Type")).orElse("");
      int parameters = type.indexOf(';');
      return new Document(
          content,
          parameters < 0 ? type : type.substring(0, parameters).strip(),
          Optional.ofNullable(answer.first("Docker-Content-Digest")));
    } catch (IOException e) {
      throw http.unreachable(e);
    }
  }

  private static Descriptor descriptor(String digest, long size) {
    return new Descriptor(
        "", digest, size, Optional.empty(), Optional.empty(), Optional.empty(), Map.of());
  }

  private record Document(byte[] content, String mediaType, Optional<String> claimedDigest) {}
}
