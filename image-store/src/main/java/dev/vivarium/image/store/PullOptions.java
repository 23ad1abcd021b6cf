package dev.vivarium.image.store;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How to pull.
 *
 * @param plainHttp whether a registry that is not on this machine may be spoken to without TLS
 * @param architecture in OCI's words, such as amd64
 * @param authFile credentials, instead of the usual Docker and Podman files
 */
public record PullOptions(boolean plainHttp, String architecture, Optional<Path> authFile) {
  public static final PullOptions DEFAULT = new PullOptions(false, "amd64", Optional.empty());

  public PullOptions withPlainHttp(boolean allowed) {
    return new PullOptions(allowed, architecture, authFile);
  }

  public PullOptions withArchitecture(String name) {
    return new PullOptions(plainHttp, name, authFile);
  }
}
