package dev.vivarium.image.layer;

import dev.vivarium.image.erofs.LayerSink;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * What a layer's tar has besides file contents. A gzip stream of records: {@code R, length, bytes}
 * for bytes as they are; {@code C, offset, length} for content that stands in the EROFS file;
 * {@code E} at the end. Numbers are 8 bytes, big-endian.
 */
public final class TarSplit {
  private static final int MAGIC = 0x56545331; // "VTS1"
  private static final int COPY = 64 << 10;
  private static final int PAGE = 4096;

  private TarSplit() {}

  /** Writes records as a layer is taken apart. */
  public static final class Writer implements LayerSink, AutoCloseable {
    private final DataOutputStream out;
    private final byte[] pending = new byte[16 << 10];
    private int pendingLength;

    public Writer(OutputStream file) throws IOException {
      out =
          new DataOutputStream(
              new BufferedOutputStream(new GZIPOutputStream(file, 16 << 10), 16 << 10));
      out.writeInt(MAGIC);
    }

    @Override
    public void raw(byte[] bytes, int offset, int length) throws IOException {
      if (length > pending.length - pendingLength) {
        flushRaw();
      }
      if (length > pending.length) {
        out.writeByte('R');
        out.writeLong(length);
        out.write(bytes, offset, length);
      } else {
        System.arraycopy(bytes, offset, pending, pendingLength, length);
        pendingLength += length;
      }
    }

    @Override
    public void content(long offset, long length) throws IOException {
      flushRaw();
      out.writeByte('C');
      out.writeLong(offset);
      out.writeLong(length);
    }

    @Override
    public void end() throws IOException {
      flushRaw();
      out.writeByte('E');
    }

    @Override
    public void close() throws IOException {
      out.close();
    }

    private void flushRaw() throws IOException {
      if (pendingLength > 0) {
        out.writeByte('R');
        out.writeLong(pendingLength);
        out.write(pending, 0, pendingLength);
        pendingLength = 0;
      }
    }
  }

  /**
   * Puts the tar together again. Damage that the tar's digest would not show is looked for too:
   * what fills up the last page of a file must be zero.
   */
  public static void join(InputStream split, FileChannel erofs, OutputStream tar)
      throws IOException {
    DataInputStream in =
        new DataInputStream(new BufferedInputStream(new GZIPInputStream(split, COPY), COPY));
    if (in.readInt() != MAGIC) {
      throw new IOException("not a tar split");
    }
    byte[] buffer = new byte[COPY];
    while (true) {
      int kind = in.readUnsignedByte();
      if (kind == 'E') {
        return;
      }
      if (kind == 'R') {
        long left = in.readLong();
        while (left > 0) {
          int n = (int) Math.min(left, buffer.length);
          in.readFully(buffer, 0, n);
          tar.write(buffer, 0, n);
          left -= n;
        }
      } else if (kind == 'C') {
        long at = in.readLong();
        long length = in.readLong();
        copy(erofs, at, length, buffer, tar);
        copy(erofs, at + length, -length & (PAGE - 1), buffer, ZEROS);
      } else {
        throw new IOException("damaged tar split");
      }
    }
  }

  private static void copy(
      FileChannel from, long offset, long length, byte[] buffer, OutputStream out)
      throws IOException {
    long at = offset;
    long left = length;
    while (left > 0) {
      int n = from.read(ByteBuffer.wrap(buffer, 0, (int) Math.min(left, buffer.length)), at);
      if (n <= 0) {
        throw new IOException("a layer file shorter than its tar split says");
      }
      out.write(buffer, 0, n);
      at += n;
      left -= n;
    }
  }

  /** Takes nothing but zeros. */
  private static final OutputStream ZEROS =
      new OutputStream() {
        @Override
        public void write(int b) throws IOException {
          if (b != 0) {
            throw new IOException("something behind the end of a file");
          }
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          for (int i = offset; i < offset + length; i++) {
            write(bytes[i]);
          }
        }
      };
}
