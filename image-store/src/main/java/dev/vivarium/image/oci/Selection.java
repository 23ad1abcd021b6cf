package dev.vivarium.image.oci;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** What can be run, and which of several manifests is for this machine. */
public final class Selection {
  /** The longest media type there can be (RFC 6838, 4.2); of longer ones the beginning is kept. */
  private static final int MAX_TYPE = 255;

  private Selection() {}

  /**
   * The manifest for Linux on that architecture.
   *
   * @param wanted an architecture, with {@code /VARIANT} if that matters
   */
  public static Descriptor platform(String image, Manifest.Index index, String wanted)
      throws ImageException {
    TreeSet<String> others = new TreeSet<>();
    int slash = wanted.indexOf('/');
    String architecture = slash < 0 ? wanted : wanted.substring(0, slash);
    String variant = slash < 0 ? "" : wanted.substring(slash + 1);
    for (Descriptor manifest : index.manifests()) {
      String os = manifest.os().orElse("");
      String machine = manifest.architecture().orElse("");
      if (os.equals("linux")
          && machine.equals(architecture)
          && (variant.isEmpty() || variant.equals(manifest.variant().orElse("")))) {
        return manifest;
      }
      if (!os.isEmpty() && !os.equals("unknown")) {
        others.add(os + "/" + machine + manifest.variant().map(v -> "/" + v).orElse(""));
      }
    }
    if (index.manifests().size() == 1 && index.manifests().getFirst().os().isEmpty()) {
      return index.manifests().getFirst();
    }
    throw new ImageException(
        Kind.UNSUPPORTED,
        "no image for linux/"
            + wanted
            + ": "
            + image
            + "; there is "
            + (others.isEmpty() ? "none for any platform" : String.join(", ", others)));
  }

  /** What a manifest's content is if it is no container image. */
  public static Optional<String> artifactType(Manifest.Image manifest) {
    String config = manifest.config().mediaType();
    return config.equals(Manifest.OCI_CONFIG)
            || config.equals(Manifest.DOCKER_CONFIG)
            || config.isEmpty()
        ? Optional.empty()
        : Optional.of(
            bounded(manifest.artifactType().filter(type -> !type.isEmpty()).orElse(config)));
  }

  private static String bounded(String type) {
    return type.substring(0, Math.min(type.length(), MAX_TYPE));
  }

  /** Refuses layers that cannot be read. */
  public static void check(String image, Manifest.Image manifest) throws ImageException {
    for (Descriptor layer : manifest.layers()) {
      String type = layer.mediaType();
      if (type.contains("foreign") || type.contains("nondistributable")) {
        throw new ImageException(
            Kind.UNSUPPORTED,
            "a layer that registries do not hand out ("
                + type
                + "): "
                + image
                + "; import the image from an archive that contains it");
      }
      if (!readable(type)) {
        throw new ImageException(
            Kind.UNSUPPORTED,
            "a layer of unknown type " + type + ": " + image + "; it cannot be read");
      }
    }
  }

  private static boolean readable(String type) {
    return List.of(
            Manifest.OCI_LAYER,
            Manifest.OCI_LAYER + "+gzip",
            Manifest.OCI_LAYER + "+zstd",
            "application/vnd.docker.image.rootfs.diff.tar",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.diff.tar.zstd",
            "application/vnd.docker.image.rootfs.diff.tar+zstd")
        .contains(type);
  }
}
