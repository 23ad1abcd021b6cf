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

  /** As the gofer's command line has it. */
  default String argument() {
    return switch (this) {
      case Host h -> "host";
      case Bind b -> (b.writable() ? "rw:" : "ro:") + b.path();
    };
  }
}
