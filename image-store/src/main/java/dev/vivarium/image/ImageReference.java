package dev.vivarium.image;

import dev.vivarium.image.ImageException.Kind;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of an image at a registry, complete: {@code registry/repository[:tag][@digest]}.
 *
 * @param registry host, or host:port
 * @param repository path within the registry
 * @param tag empty when only a digest was given
 * @param digest of the manifest or index, as {@code sha256:…}
 */
public record ImageReference(
    String registry, String repository, Optional<String> tag, Optional<String> digest) {

  /** The registry of names that name none. */
  public static final String DEFAULT_REGISTRY = "docker.io";

  private static final int MAX_LENGTH = 1024;
  private static final Pattern HOST =
      Pattern.compile(
          "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
              + "(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:.]+\\])(?::[0-9]{1,5})?");
  private static final Pattern COMPONENT =
      Pattern.compile("[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*");
  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
  private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}");

  /** Reads a name as users write it: {@code debian}, {@code localhost:5000/a/b:1@sha256:…}. */
  public static ImageReference parse(String text) throws ImageException {
    if (text.isEmpty() || text.length() > MAX_LENGTH) {
      throw bad(text, "a name has 1 to " + MAX_LENGTH + " characters");
    }
    String rest = text;
    Optional<String> digest = Optional.empty();
    int at = rest.indexOf('@');
    if (at >= 0) {
      String value = rest.substring(at + 1);
      if (!DIGEST.matcher(value).matches()) {
        throw bad(text, "after @ comes sha256: and 64 hex digits");
      }
      digest = Optional.of(value);
      rest = rest.substring(0, at);
    }
    Optional<String> tag = Optional.empty();
    int colon = rest.lastIndexOf(':');
    if (colon > rest.lastIndexOf('/')) {
      String value = rest.substring(colon + 1);
      if (!TAG.matcher(value).matches()) {
        throw bad(text, "a tag has letters, digits, _ . and -, at most 128");
      }
      tag = Optional.of(value);
      rest = rest.substring(0, colon);
    }
    String registry = DEFAULT_REGISTRY;
    String repository = rest;
    int slash = rest.indexOf('/');
    if (slash > 0) {
      String first = rest.substring(0, slash);
      if (first.indexOf('.') >= 0 || first.indexOf(':') >= 0 || first.equals("localhost")) {
        if (!HOST.matcher(first).matches()) {
          throw bad(text, "'" + first + "' is not a registry's host[:port]");
        }
        registry = first.toLowerCase(Locale.ROOT);
        repository = rest.substring(slash + 1);
      }
    }
    if (registry.equals("index.docker.io") || registry.equals("registry-1.docker.io")) {
      registry = DEFAULT_REGISTRY;
    }
    if (repository.isEmpty() || repository.length() > 255) {
      throw bad(text, "the name has 1 to 255 characters");
    }
    for (String component : repository.split("/", -1)) {
      if (!COMPONENT.matcher(component).matches()) {
        throw bad(text, "a name has lower-case letters, digits, and single . _ - between them");
      }
    }
    if (registry.equals(DEFAULT_REGISTRY) && repository.indexOf('/') < 0) {
      repository = "library/" + repository;
    }
    if (tag.isEmpty() && digest.isEmpty()) {
      tag = Optional.of("latest");
    }
    return new ImageReference(registry, repository, tag, digest);
  }

  /** Registry and repository, without tag and digest. */
  public String name() {
    return registry + "/" + repository;
  }

  /** What to ask a registry for: the digest if there is one, otherwise the tag. */
  public String manifestSelector() {
    return digest.orElseGet(() -> tag.orElse("latest"));
  }

  /** The short form that users write: {@code debian:12} for {@code docker.io/library/debian:12}. */
  public String familiar() {
    return familiar(toString());
  }

  /** The short form of a complete name. */
  public static String familiar(String full) {
    if (full.startsWith("docker.io/library/")) {
      return full.substring("docker.io/library/".length());
    }
    return full.startsWith("docker.io/") ? full.substring("docker.io/".length()) : full;
  }

  @Override
  public String toString() {
    return name() + tag.map(t -> ":" + t).orElse("") + digest.map(d -> "@" + d).orElse("");
  }

  private static ImageException bad(String text, String why) {
    String shown = text.length() > 200 ? text.substring(0, 200) + "…" : text;
    return new ImageException(
        Kind.BAD_REFERENCE, "not the name of an image: '" + shown + "'; " + why);
  }
}
