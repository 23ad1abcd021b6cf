package dev.vivarium.image.erofs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/** Appends to a file through one large buffer. */
final class BlockFile {
  private static final int CAPACITY = 1 << 20;

  private final FileChannel channel;
  private final ByteBuffer buffer =
      ByteBuffer.allocateDirect(CAPACITY).order(ByteOrder.LITTLE_ENDIAN);
  private long flushed;
  private @Nullable MessageDigest digest;

  BlockFile(FileChannel channel) {
    this.channel = channel;
  }

  long position() {
    return flushed + buffer.position();
  }

  /** The block that starts here; the position must be on a block. */
  int block() throws IOException {
    long position = position();
    if ((position & (ErofsFormat.BLOCK - 1)) != 0) {
      throw new IllegalStateException("not on a block: " + position);
    }
    long block = position >> ErofsFormat.BLOCK_BITS;
    if (block > Integer.MAX_VALUE) {
      throw new IOException("a layer of more than 8 TiB");
    }
    return (int) block;
  }

  void write(byte[] bytes, int offset, int length) throws IOException {
    int at = offset;
    int left = length;
    while (left > 0) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int n = Math.min(left, buffer.remaining());
      buffer.put(bytes, at, n);
      at += n;
      left -= n;
    }
  }

  /** The buffer, with room for that many bytes at least. */
  ByteBuffer room(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      flush();
    }
    return buffer;
  }

  /** From here on all that is appended goes through the digest too. */
  void digest(MessageDigest covering) throws IOException {
    flush();
    digest = covering;
  }

  /** Zeros up to a multiple of the alignment, a power of two. */
  void align(int alignment) throws IOException {
    skipTo((position() + alignment - 1) & -(long) alignment);
  }

  /** Zeros up to a position. */
  void skipTo(long target) throws IOException {
    long left = target - position();
    if (left < 0) {
      throw new IllegalStateException("behind " + target + ": " + position());
    }
    while (left > 0) {
      ByteBuffer out = room(1);
      int n = (int) Math.min(left, out.remaining());
      for (int i = 0; i < n; i++) {
        out.put((byte) 0);
      }
      left -= n;
    }
  }

  void flush() throws IOException {
    buffer.flip();
    if (digest != null) {
      digest.update(buffer.duplicate());
    }
    while (buffer.hasRemaining()) {
      flushed += channel.write(buffer, flushed);
    }
    buffer.clear();
  }

  /** Overwrites what is already in the file. */
  void writeAt(long position, ByteBuffer bytes) throws IOException {
    long at = position;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }
}
