package dev.vivarium.sentry.trace;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Writes every system call as one line of JSON: when it began (nanoseconds since the sandbox's
 * start), pid and tid, name, arguments (numbers; paths as text beside them), result or error, and
 * how long it took.
 *
 * <p>A call that never returns (exit, exit_group) is written when it begins, without a result.
 * Paths are guest data: escaped, and cut at {@value #MAX_PATH} bytes. On the kernel thread only.
 */
public final class TraceWriter implements AutoCloseable {
  private static final int MAX_PATH = 256;
  private static final int ARGUMENTS = 6;

  /** One call under way. */
  public static final class Call {
    private final long startNanos;
    private final int pid;
    private final int tid;
    private final int number;
    private final String name;
    private final long[] arguments;
    private final @Nullable String[] paths;

    Call(
        long startNanos,
        int pid,
        int tid,
        int number,
        String name,
        long[] arguments,
        @Nullable String[] paths) {
      this.startNanos = startNanos;
      this.pid = pid;
      this.tid = tid;
      this.number = number;
      this.name = name;
      this.arguments = arguments;
      this.paths = paths;
    }
  }

  private final BufferedWriter out;
  private final long origin = System.nanoTime();
  private final StringBuilder line = new StringBuilder(256);

  /**
   * @throws IOException if the file cannot be made
   */
  public TraceWriter(Path file) throws IOException {
    out = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
  }

  Call enter(
      Task t, int number, String name, long a0, long a1, long a2, long a3, long a4, long a5) {
    long[] arguments = {a0, a1, a2, a3, a4, a5};
    @Nullable String[] paths = null;
    int mask = PathArguments.of(number);
    if (mask != 0) {
      paths = new String[ARGUMENTS];
      for (int i = 0; i < ARGUMENTS; i++) {
        if ((mask >> i & 1) != 0 && arguments[i] != 0) {
          paths[i] = t.mm.copyInString(arguments[i], MAX_PATH);
        }
      }
    }
    Call call = new Call(System.nanoTime(), t.group.pid(), t.tid(), number, name, arguments, paths);
    if (neverReturns(number)) {
      write(call, 0, false);
    }
    return call;
  }

  void leave(Call call, long result) {
    if (!neverReturns(call.number)) {
      write(call, result, true);
    }
  }

  private static boolean neverReturns(int number) {
    return number == Sys.EXIT || number == Sys.EXIT_GROUP;
  }

  private void write(Call call, long result, boolean returned) {
    long now = System.nanoTime();
    line.setLength(0);
    line.append("{\"time\":").append(call.startNanos - origin);
    line.append(",\"pid\":").append(call.pid).append(",\"tid\":").append(call.tid);
    line.append(",\"nr\":")
        .append(call.number)
        .append(",\"call\":\"")
        .append(call.name)
        .append("\",\"args\":[");
    for (int i = 0; i < ARGUMENTS; i++) {
      if (i > 0) {
        line.append(',');
      }
      String path = call.paths == null ? null : call.paths[i];
      if (path != null) {
        quote(path);
      } else {
        line.append(call.arguments[i]);
      }
    }
    line.append(']');
    if (returned) {
      boolean failed = result < 0 && result >= -4095;
      line.append(",\"result\":").append(failed ? -1 : result);
      if (failed) {
        line.append(",\"errno\":\"").append(Errno.name((int) -result)).append('"');
      }
      line.append(",\"duration\":").append(now - call.startNanos);
    }
    line.append("}\n");
    try {
      out.append(line);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the trace", e);
    }
  }

  /**
   * Bytes of a path as JSON text: what is not printable ASCII is escaped, so no terminal is told
   * anything.
   */
  private void quote(String bytes) {
    line.append('"');
    for (int i = 0; i < bytes.length(); i++) {
      char c = bytes.charAt(i);
      if (c == '"' || c == '\\') {
        line.append('\\').append(c);
      } else if (c < 0x20 || c >= 0x7f) {
        line.append("\\u00")
            .append(Character.forDigit(c >> 4, 16))
            .append(Character.forDigit(c & 15, 16));
      } else {
        line.append(c);
      }
    }
    line.append('"');
  }

  /** Writes out what is buffered. */
  public void flush() throws IOException {
    out.flush();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
