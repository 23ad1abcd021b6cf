package dev.vivarium.profiles.network;

import java.util.Locale;
import java.util.Optional;

/**
 * A host name, or with {@code *.} before it every name below it (not the name itself).
 *
 * @param name lower case, without a dot at its end
 */
public record HostPattern(String name, boolean below) {
  private static final int MAX_NAME = 253;
  private static final int MAX_LABEL = 63;

  /** Reads {@code example.org} or {@code *.example.org}; empty if it is neither. */
  public static Optional<HostPattern> parse(String text) {
    boolean below = text.startsWith("*.");
    Optional<String> name = normalize(below ? text.substring(2) : text);
    return name.map(n -> new HostPattern(n, below));
  }

  /** A name in the form in which names are compared; empty if it is none. */
  public static Optional<String> normalize(String text) {
    String name = text.toLowerCase(Locale.ROOT);
    if (name.endsWith(".")) {
      name = name.substring(0, name.length() - 1);
    }
    if (name.isEmpty() || name.length() > MAX_NAME) {
      return Optional.empty();
    }
    int label = 0;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '.') {
        if (label == 0) {
          return Optional.empty();
        }
        label = 0;
      } else if (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
        label++;
        if (label > MAX_LABEL) {
          return Optional.empty();
        }
      } else {
        return Optional.empty();
      }
    }
    return label == 0 ? Optional.empty() : Optional.of(name);
  }

  /** Whether a name, in lower case and without a dot at its end, is meant. */
  public boolean matches(String other) {
    return below
        ? other.length() > name.length() + 1 && other.endsWith("." + name)
        : other.equals(name);
  }

  @Override
  public String toString() {
    return below ? "*." + name : name;
  }
}
