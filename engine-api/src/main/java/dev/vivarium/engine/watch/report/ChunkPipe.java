package dev.vivarium.engine.watch.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** From one thread, which writes, to another, which reads; a few pieces at a time. */
final class ChunkPipe extends OutputStream {
  private static final int MOST_CHUNKS = 4;
  private static final int CHUNK = 1 << 16;

  /** The reader has closed its end. */
  static final class ClosedException extends IOException {
    private static final long serialVersionUID = 1;

    ClosedException() {
      super("nobody reads");
    }
  }

  private final Deque<byte[]> chunks = new ArrayDeque<>();
  private final byte[] current = new byte[CHUNK];
  private int length;
  private boolean over;
  private boolean unread;

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int count) throws IOException {
    int at = offset;
    int left = count;
    while (left > 0) {
      int n = Math.min(left, CHUNK - length);
      System.arraycopy(bytes, at, current, length, n);
      length += n;
      at += n;
      left -= n;
      if (length == CHUNK) {
        pass();
      }
    }
  }

  private synchronized void pass() throws IOException {
    while (chunks.size() >= MOST_CHUNKS && !unread) {
      await();
    }
    if (unread) {
      throw new ClosedException();
    }
    chunks.add(Arrays.copyOf(current, length));
    length = 0;
    notifyAll();
  }

  private void await() throws IOException {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Ends what the reader reads; what was not whole before is read as being so. */
  @Override
  public void close() throws IOException {
    synchronized (this) {
      if (over) {
        return;
      }
    }
    try {
      if (length > 0) {
        pass();
      }
    } finally {
      synchronized (this) {
        over = true;
        notifyAll();
      }
    }
  }

  /** The other end. */
  InputStream input() {
    return new Input();
  }

  private final class Input extends InputStream {
    private byte @Nullable [] chunk;
    private int at;

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      byte[] from = chunk;
      if (from == null || at == from.length) {
        from = next();
        if (from == null) {
          return -1;
        }
        chunk = from;
        at = 0;
      }
      int n = Math.min(count, from.length - at);
      System.arraycopy(from, at, bytes, offset, n);
      at += n;
      return n;
    }

    private byte @Nullable [] next() throws IOException {
      synchronized (ChunkPipe.this) {
        while (chunks.isEmpty() && !over) {
          ChunkPipe.this.await();
        }
        byte[] found = chunks.poll();
        ChunkPipe.this.notifyAll();
        return found;
      }
    }

    @Override
    public void close() {
      synchronized (ChunkPipe.this) {
        unread = true;
        chunks.clear();
        ChunkPipe.this.notifyAll();
      }
    }
  }
}
