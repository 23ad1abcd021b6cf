package dev.vivarium.sentry.gofer;

import java.nio.file.Path;

/** What a gofer serves: a tree or a file of the host. */
public sealed interface GoferRoot {
  /** This machine's own "/", read-only and without anything personal. */
  record Host() implements GoferRoot {}

  /** A directory or a single file that the user named. */
  record Bind(Path path, boolean writable) implements GoferRoot {
    public Bind {
      if (!path.isAbsolute()) {
        throw new IllegalArgumentException("not absolute: " + path);
      }
    }
  }

  /**
   * A whole root directory that somebody unpacked for a container: writable, with everything that
   * such a tree has, programs that set the user id included.
   */
  record Tree(Path path) implements GoferRoot {
    public Tree {
      if (!path.isAbsolute()) {
        throw new IllegalArgumentException("not absolute: " + path);
      }
    }
  }

  /** Whether the guest may change it. */
  default boolean isWritable() {
    return switch (this) {
      case Host h -> false;
      case Bind b -> b.writable();
      case Tree t -> true;
    };
  }

  /** As the gofer's command line has it. */
  default String argument() {
    return switch (this) {
      case Host h -> "host";
      case Bind b -> (b.writable() ? "rw:" : "ro:") + b.path();
      case Tree t -> "tree:" + t.path();
    };
  }
}
