package dev.vivarium.engine.process;

import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;

/** A sandbox's log: one line per remark, bounded, since a guest may be what causes the remarks. */
final class SandboxLog implements Closeable {
  private static final long MAX_BYTES = 1 << 20;
  private static final int MAX_LINE = 4096;

  private final FileChannel channel;
  private long size;

  SandboxLog(Path file) throws IOException {
    channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    size = channel.size();
  }

  /** Adds a line; a failure to do so is no reason to end a sandbox. */
  synchronized void add(String line) {
    if (size > MAX_BYTES) {
      return;
    }
    try {
      write(Instant.now() + " " + printable(line) + "\n");
      if (size > MAX_BYTES) {
        write(Instant.now() + " the log is full; what follows is not written down\n");
      }
    } catch (IOException e) {
      size = MAX_BYTES + 1;
    }
  }

  /** Adds a failure with its stack, each line on its own. */
  void add(String what, Throwable failure) {
    StringWriter stack = new StringWriter();
    failure.printStackTrace(new PrintWriter(stack, true));
    add(what);
    stack.toString().lines().forEach(this::add);
  }

  private void write(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    size += bytes.remaining();
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Names and messages may come from the guest: no control character reaches a terminal. */
  private static String printable(String line) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < Math.min(line.length(), MAX_LINE); i++) {
      char c = line.charAt(i);
      out.append(Character.isISOControl(c) && c != '\t' ? '?' : c);
    }
    return out.toString();
  }

  @Override
  public synchronized void close() throws IOException {
    size = MAX_BYTES + 1;
    channel.close();
  }
}
