package dev.vivarium.image.registry;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** A repository that takes images. */
public final class RegistryTarget implements AutoCloseable {
  private final ImageReference image;
  private final RegistryHttp http;

  public RegistryTarget(ImageReference image, boolean plainHttp, Optional<Path> authFile)
      throws ImageException {
    this.image = image;
    this.http = new RegistryHttp(image, plainHttp, authFile);
    http.connect();
  }

  /** Whether the repository has the blob, at that length. */
  public boolean hasBlob(String digest, long size) throws ImageException {
    try (Answer answer =
        http.send(
            "HEAD", http.uri("blobs/" + digest), Map.of(), HttpRequest.BodyPublishers::noBody)) {
      if (answer.status() == 200) {
        String length = answer.first("Content-Length");
        return length == null || length.equals(Long.toString(size));
      }
      if (answer.status() == 404) {
        return false;
      }
      throw http.failure(answer, "a look for the blob " + digest);
    } catch (IOException e) {
      throw http.unreachable(e);
    }
  }

  /** Uploads a small blob. */
  public void putBlob(byte[] content) throws ImageException {
    String digest = Digests.of(content);
    if (!hasBlob(digest, content.length)) {
      upload(digest, () -> HttpRequest.BodyPublishers.ofByteArray(content));
    }
  }

  /** Uploads a blob that is in a file. */
  public void putBlob(String digest, Path file) throws ImageException {
    upload(digest, () -> HttpRequest.BodyPublishers.ofFile(file));
  }

  /** Puts the manifest under the image's tag, or under its digest; the digest that it has there. */
  public String putManifest(byte[] manifest, String mediaType) throws ImageException {
    String digest = Digests.of(manifest);
    String selector = image.tag().orElse(digest);
    try (Answer answer =
        http.send(
            "PUT",
            http.uri("manifests/" + selector),
            Map.of("Content-Type", mediaType),
            () -> HttpRequest.BodyPublishers.ofByteArray(manifest))) {
      if (answer.status() != 201 && answer.status() != 200) {
        throw http.failure(answer, "the manifest of " + image.familiar());
      }
      return digest;
    } catch (IOException e) {
      throw http.unreachable(e);
    }
  }

  @Override
  public void close() {
    http.close();
  }

  private void upload(String digest, RegistryHttp.Body body) throws ImageException {
    try {
      URI start = http.uri("blobs/uploads/");
      URI target;
      try (Answer answer = http.send("POST", start, Map.of(), HttpRequest.BodyPublishers::noBody)) {
        String location = answer.first("Location");
        if (answer.status() != 202 || location == null) {
          throw http.failure(answer, "an upload to " + image.familiar());
        }
        target = http.resolve(start, location);
      }
      String separator = target.getRawQuery() == null ? "?" : "&";
      URI complete = URI.create(target + separator + "digest=" + digest.replace(":", "%3A"));
      try (Answer answer =
          http.send("PUT", complete, Map.of("Content-Type", "application/octet-stream"), body)) {
        if (answer.status() != 201 && answer.status() != 204) {
          throw http.failure(answer, "the blob " + digest);
        }
      }
    } catch (IOException e) {
      throw http.unreachable(e);
    } catch (IllegalArgumentException e) {
      throw new ImageException(
          Kind.REGISTRY,
          "an upload address that is none: " + image.registry() + "; the registry is broken",
          e);
    }
  }
}
