package dev.vivarium.engine.watch.export;

import java.io.Closeable;
import java.io.Flushable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Where events are written to as text: chars below 256 are gathered, and written as that many bytes
 * in large pieces. Whoever reads a trace shares the processors with what is traced, and a {@link
 * java.io.Writer} turns every char around three times on its way to a file.
 */
public final class AsciiSink implements Appendable, Flushable, Closeable {
  private static final int PIECE = 1 << 16;

  private final OutputStream out;
  private final StringBuilder gathered = new StringBuilder(PIECE + 4096);

  /** Writes to a stream that needs no buffer of its own. */
  public AsciiSink(OutputStream out) {
    this.out = out;
  }

  @Override
  public AsciiSink append(CharSequence text) throws IOException {
    gathered.append(text);
    return full();
  }

  @Override
  public AsciiSink append(CharSequence text, int start, int end) throws IOException {
    gathered.append(text, start, end);
    return full();
  }

  @Override
  public AsciiSink append(char c) throws IOException {
    gathered.append(c);
    return full();
  }

  private AsciiSink full() throws IOException {
    if (gathered.length() >= PIECE) {
      write();
    }
    return this;
  }

  private void write() throws IOException {
    if (!gathered.isEmpty()) {
      out.write(gathered.toString().getBytes(StandardCharsets.ISO_8859_1));
      gathered.setLength(0);
    }
  }

  @Override
  public void flush() throws IOException {
    if (!gathered.isEmpty()) {
      write();
      out.flush();
    }
  }

  @Override
  public void close() throws IOException {
    try (out) {
      write();
    }
  }
}
