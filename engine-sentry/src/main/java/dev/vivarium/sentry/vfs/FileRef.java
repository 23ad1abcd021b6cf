package dev.vivarium.sentry.vfs;

import org.jspecify.annotations.Nullable;

/** Where an operation that returns an errno leaves the open file that it made. */
public final class FileRef {
  public @Nullable File file;
}
