package dev.vivarium.sentry.vfs;

import java.util.ArrayList;
import java.util.List;

/**
 * A path as it was given, cut into its components. Slashes that follow each other count as one, and
 * so a path is here what it is to {@link PathWalker}.
 */
public final class PathName {
  private final String text;
  private final String[] names;
  private final boolean absolute;
  private final boolean trailingSlash;

  private PathName(String text, String[] names) {
    this.text = text;
    this.names = names;
    this.absolute = text.startsWith("/");
    this.trailingSlash = names.length > 0 && text.endsWith("/");
  }

  /** Any text, an empty one too. */
  public static PathName of(String text) {
    if (text.indexOf('/') < 0) {
      return new PathName(text, text.isEmpty() ? new String[0] : new String[] {text});
    }
    List<String> names = new ArrayList<>();
    for (int at = 0; at < text.length(); ) {
      int slash = text.indexOf('/', at);
      int end = slash < 0 ? text.length() : slash;
      if (end > at) {
        names.add(text.substring(at, end));
      }
      at = end + 1;
    }
    return new PathName(text, names.toArray(new String[0]));
  }

  /** The path with names of its components that are the same objects for the same texts. */
  PathName shared(NameTable table) {
    for (int i = 0; i < names.length; i++) {
      names[i] = table.shared(names[i]);
    }
    return this;
  }

  public boolean isEmpty() {
    return text.isEmpty();
  }

  boolean isAbsolute() {
    return absolute;
  }

  /** Whether slashes follow the last component; not for a path of nothing else. */
  boolean hasTrailingSlash() {
    return trailingSlash;
  }

  /** How many components it has, "." and ".." among them. */
  int count() {
    return names.length;
  }

  String name(int component) {
    return names[component];
  }

  /** Its length as it was given. */
  int length() {
    return text.length();
  }

  /** As it was given. */
  @Override
  public String toString() {
    return text;
  }
}
