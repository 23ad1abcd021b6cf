package dev.vivarium.sentry.trace;

import dev.vivarium.engine.watch.Payload;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.VfsPath;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What is kept for one task while somebody watches: it may be in the midst of a call. */
final class CallState {
  private static final byte[] NONE = {};

  final Payload payload = new Payload();

  private @Nullable VfsPath cwd;
  private byte[] cwdBytes = NONE;

  static CallState of(Task t) {
    if (t.watched instanceof CallState s) {
      return s;
    }
    CallState s = new CallState();
    t.watched = s;
    return s;
  }

  /** The task's working directory, as it sees it. */
  byte[] workingDirectory(Task t) {
    VfsPath now = t.fs.cwd();
    if (now != cwd) {
      cwd = now;
      cwdBytes = now.display(t.fs.root()).getBytes(StandardCharsets.ISO_8859_1);
    }
    return cwdBytes;
  }
}
