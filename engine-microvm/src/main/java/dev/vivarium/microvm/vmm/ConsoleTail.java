package dev.vivarium.microvm.vmm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Reads what a machine says on its serial console and its monitor on standard error, and keeps the
 * end of it: a guest may print for ever.
 */
final class ConsoleTail {
  private static final int KEPT = 16 << 10;
  private static final String PANIC = "Kernel panic - not syncing: ";
  private static final String AGENT = "vivarium-agent: ";

  private final byte[] kept = new byte[KEPT];
  private final Thread thread;
  private long written;

  /**
   * Begins to read.
   *
   * @param onPanic done when the guest's kernel has panicked
   */
  ConsoleTail(InputStream in, String name, Runnable onPanic) {
    thread = new Thread(null, () -> read(in, onPanic), name, 256 << 10);
    thread.setDaemon(true);
    thread.start();
  }

  private void read(InputStream in, Runnable onPanic) {
    boolean panicked = false;
    byte[] buffer = new byte[4096];
    try (in) {
      int n;
      while ((n = in.read(buffer)) >= 0) {
        synchronized (this) {
          for (int i = 0; i < n; i++) {
            kept[(int) (written++ % KEPT)] = buffer[i];
          }
        }
        int panic = panicked ? -1 : text().lastIndexOf(PANIC);
        if (panic >= 0 && text().indexOf('\n', panic) >= 0) {
          panicked = true;
          onPanic.run();
        }
      }
    } catch (IOException e) {
      // The monitor is gone; what it said is kept.
    }
  }

  /** Waits a moment for the last of it. */
  void finish() throws InterruptedException {
    thread.join(1000);
  }

  private synchronized String text() {
    int length = (int) Math.min(written, KEPT);
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = kept[(int) ((written - length + i) % KEPT)];
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** The kernel's last words, if it panicked; the agent's, if it gave up; else empty. */
  String verdict() {
    String text = text();
    int panic = text.lastIndexOf(PANIC);
    if (panic >= 0) {
      return "the guest's kernel panicked: " + firstLine(text.substring(panic + PANIC.length()));
    }
    int agent = text.lastIndexOf(AGENT);
    return agent < 0
        ? ""
        : "the agent in the guest: " + firstLine(text.substring(agent + AGENT.length()));
  }

  /** The last line that says anything; empty if there is none. */
  String lastLine() {
    List<String> lines = text().lines().filter(line -> !line.isBlank()).toList();
    return lines.isEmpty() ? "" : firstLine(lines.getLast());
  }

  /** One line without control characters, of bounded length. */
  private static String firstLine(String text) {
    String line = text.lines().findFirst().orElse("").strip();
    StringBuilder clean = new StringBuilder();
    line.codePoints()
        .limit(300)
        .forEach(c -> clean.appendCodePoint(Character.isISOControl(c) ? '?' : c));
    return clean.toString();
  }
}
