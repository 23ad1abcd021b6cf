package dev.vivarium.image.store;

import dev.vivarium.image.registry.Mirrors;
import dev.vivarium.image.signature.TrustedSigner;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How to pull.
 *
 * @param plainHttp whether a registry that is not on this machine may be spoken to without TLS
 * @param architecture in OCI's words, such as amd64
 * @param authFile credentials, instead of the usual Docker and Podman files
 * @param trusted an image must be signed by one of these; none: it need not be signed
 * @param mirrors the file that lists mirrors; it need not be there
 * @param artifacts whether what is no container image is taken too
 */
public record PullOptions(
    boolean plainHttp,
    String architecture,
    Optional<Path> authFile,
    List<? extends TrustedSigner> trusted,
    Path mirrors,
    boolean artifacts) {
  public static final PullOptions DEFAULT = new PullOptions(false, "amd64", Optional.empty());

  public PullOptions {
    trusted = List.copyOf(trusted);
  }

  public PullOptions(boolean plainHttp, String architecture, Optional<Path> authFile) {
    this(plainHttp, architecture, authFile, List.of(), Mirrors.file(System.getenv()), false);
  }

  public PullOptions withPlainHttp(boolean allowed) {
    return new PullOptions(allowed, architecture, authFile, trusted, mirrors, artifacts);
  }

  public PullOptions withArchitecture(String name) {
    return new PullOptions(plainHttp, name, authFile, trusted, mirrors, artifacts);
  }

  public PullOptions withTrusted(List<? extends TrustedSigner> keys) {
    return new PullOptions(plainHttp, architecture, authFile, keys, mirrors, artifacts);
  }

  public PullOptions withMirrors(Path file) {
    return new PullOptions(plainHttp, architecture, authFile, trusted, file, artifacts);
  }

  public PullOptions withArtifacts(boolean taken) {
    return new PullOptions(plainHttp, architecture, authFile, trusted, mirrors, taken);
  }
}
