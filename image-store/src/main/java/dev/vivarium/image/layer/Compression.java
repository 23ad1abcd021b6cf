package dev.vivarium.image.layer;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.vivarium.image.tar.BadArchiveException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;

/** How a layer's blob is compressed; told by its first bytes, since media types lie. */
public enum Compression {
  NONE,
  GZIP,
  ZSTD;

  /** zstd asks for memory as large as its window; 128 MiB is what its own tools grant. */
  private static final int MAX_WINDOW_LOG = 27;

  /** The uncompressed content of a stream. */
  public static InputStream decompress(InputStream in) throws IOException {
    PushbackInputStream head = new PushbackInputStream(in, 4);
    byte[] magic = head.readNBytes(4);
    head.unread(magic);
    return switch (of(magic)) {
      case NONE -> head;
      case GZIP -> new GzipStream(head);
      case ZSTD -> new Zstd(new ZstdInputStreamNoFinalizer(head).setLongMax(MAX_WINDOW_LOG));
    };
  }

  /** What the first bytes of a stream, up to four, say. */
  public static Compression of(byte[] magic) {
    if (magic.length >= 2 && magic[0] == 0x1f && magic[1] == (byte) 0x8b) {
      return GZIP;
    }
    boolean zstd =
        magic.length == 4
            && magic[0] == 0x28
            && magic[1] == (byte) 0xb5
            && magic[2] == 0x2f
            && magic[3] == (byte) 0xfd;
    return zstd ? ZSTD : NONE;
  }

  /** Tells damaged data from a failing source. */
  private static final class Zstd extends java.io.FilterInputStream {
    Zstd(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      try {
        return in.read(buffer, offset, length);
      } catch (com.github.luben.zstd.ZstdIOException e) {
        throw new BadArchiveException("damaged zstd data: " + e.getMessage());
      }
    }
  }
}
