package dev.vivarium.cli.run;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * This process's own output and error, for what a sandbox writes; held back while a person is asked
 * something, so that the question stays as it was written.
 */
final class HeldOutput {
  // Not closed: they are this process's own.
  private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);
  private final FileOutputStream error = new FileOutputStream(FileDescriptor.err);
  private @Nullable PersonAtTerminal person;
  private boolean open;

  void holdFor(PersonAtTerminal asked) {
    person = asked;
  }

  /** Some bytes of stream 1 or 2, when they may be shown. */
  void write(int stream, byte[] bytes) throws IOException {
    PersonAtTerminal asked = person;
    if (asked == null) {
      put(stream, bytes);
      return;
    }
    try {
      asked.whenNothingIsAsked(() -> put(stream, bytes));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void put(int stream, byte[] bytes) throws IOException {
    (stream == 1 ? out : error).write(bytes);
    open = bytes.length > 0 ? bytes[bytes.length - 1] != '\n' : open;
  }

  /** What is written next begins a line. */
  void startLine() {
    if (open) {
      open = false;
      try {
        error.write('\n');
      } catch (IOException e) {
        // The terminal is gone, which others will see.
      }
    }
  }
}
