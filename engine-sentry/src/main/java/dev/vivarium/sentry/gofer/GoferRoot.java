package dev.vivarium.sentry.gofer;

import java.nio.file.Path;

/** What a gofer serves: a tree or a file of the host. */
public sealed interface GoferRoot {
  /** This machine's own "/", read-only and without anything personal. */
  record Host() implements GoferRoot {
    @Override
    public boolean isWritable() {
      return false;
    }

    @Override
    public String argument() {
      return "host";
    }
  }

  /** A directory or a single file that the user named. */
  record Bind(Path path, boolean writable) implements GoferRoot {
    public Bind {
      if (!path.isAbsolute()) {
        throw new IllegalArgumentException("not absolute: " + path);
      }
    }

    @Override
    public boolean isWritable() {
      return writable;
    }

    @Override
    public String argument() {
      return (writable ? "rw:" : "ro:") + path;
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

    @Override
    public boolean isWritable() {
      return true;
    }

    @Override
    public String argument() {
      return "tree:" + path;
    }
  }

  /** Whether the guest may change it. */
  boolean isWritable();

  /** As the gofer's command line has it. */
  String argument();
}
