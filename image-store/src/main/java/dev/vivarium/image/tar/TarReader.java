package dev.vivarium.image.tar;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A strict reader of one tar stream. Everything that is not the content of a regular file (headers,
 * extensions, padding, what follows the end mark) goes to a {@link RawSink} byte for byte, so that
 * the stream can be put together again.
 */
public final class TarReader {
  private static final int BLOCK = 512;
  private static final int MAX_EXTENSION = 1 << 20;

  private final InputStream in;
  private final RawSink raw;
  private final byte[] header = new byte[BLOCK];
  private final byte[] scratch = new byte[8192];
  private long remaining;
  private int padding;
  private boolean ended;

  public TarReader(InputStream in, RawSink raw) {
    this.in = in;
    this.raw = raw;
  }

  /** Takes every byte of the stream that is not content of a regular file. */
  public interface RawSink {
    void raw(byte[] bytes, int offset, int length) throws IOException;
  }

  /**
   * The next entry, or null at the end of the archive, when the stream has been read to its very
   * end. Content of the entry before that was not read is an error of the caller.
   */
  public @Nullable TarEntry next() throws IOException {
    if (remaining != 0) {
      throw new IllegalStateException("content of the entry before was not read");
    }
    if (ended) {
      return null;
    }
    boolean padded = skipRaw(padding);
    padding = 0;
    if (!padded) {
      ended = true; // umoci insert leaves out the padding of the last file, and the end mark
      return null;
    }
    @Nullable PaxRecords pax = null;
    @Nullable String longName = null;
    @Nullable String longLink = null;
    while (true) {
      if (!readHeader()) {
        if (pax != null || longName != null || longLink != null) {
          throw new BadArchiveException("an extended header is followed by no entry");
        }
        drain();
        return null;
      }
      char type = (char) (header[156] & 0xff);
      switch (type) {
        case 'x' -> {
          if (pax != null) {
            throw new BadArchiveException("two extended headers for one entry");
          }
          pax = PaxRecords.parse(readExtension());
        }
        case 'g' -> readExtension();
        case 'L' -> longName = cString(readExtension());
        case 'K' -> longLink = cString(readExtension());
        default -> {
          TarEntry entry =
              HeaderParser.entry(
                  header, type, pax == null ? PaxRecords.EMPTY : pax, longName, longLink);
          remaining = entry.size();
          padding = (int) (-remaining & (BLOCK - 1));
          return entry;
        }
      }
    }
  }

  /** Reads content of the current entry; -1 at its end. */
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (remaining == 0) {
      return -1;
    }
    int n = in.read(buffer, offset, (int) Math.min(length, remaining));
    if (n < 0) {
      throw new EOFException("the archive ends in the middle of a file");
    }
    remaining -= n;
    return n;
  }

  /** Goes over the content of the current entry; a stream that can seek is not read for it. */
  public void skipContent() throws IOException {
    try {
      in.skipNBytes(remaining);
    } catch (EOFException e) {
      throw new EOFException("the archive ends in the middle of a file");
    }
    remaining = 0;
  }

  /** Reads a header block; false at the end of the archive. */
  private boolean readHeader() throws IOException {
    int n = in.readNBytes(header, 0, BLOCK);
    raw.raw(header, 0, n);
    if (n == 0) {
      return false;
    }
    if (n < BLOCK) {
      throw new EOFException("the archive ends in the middle of a header");
    }
    for (byte b : header) {
      if (b != 0) {
        HeaderParser.verifyChecksum(header);
        return true;
      }
    }
    return false;
  }

  private byte[] readExtension() throws IOException {
    long size = HeaderParser.number(header, 124, 12, "size");
    if (size < 0 || size > MAX_EXTENSION) {
      throw new BadArchiveException(
          "an extended header of " + size + " bytes; at most 1 MiB is taken");
    }
    byte[] body = in.readNBytes((int) size);
    raw.raw(body, 0, body.length);
    if (body.length < size) {
      throw new EOFException("the archive ends in an extended header");
    }
    if (!skipRaw((int) (-size & (BLOCK - 1)))) {
      throw new EOFException("the archive ends in padding");
    }
    return body;
  }

  /** Goes over padding; false if the stream ends in it. */
  private boolean skipRaw(int length) throws IOException {
    int n = in.readNBytes(scratch, 0, length);
    raw.raw(scratch, 0, n);
    return n == length;
  }

  /** What follows the end mark belongs to the stream's digest. */
  private void drain() throws IOException {
    ended = true;
    int n;
    while ((n = in.read(scratch)) >= 0) {
      raw.raw(scratch, 0, n);
    }
  }

  private static String cString(byte[] body) {
    int end = 0;
    while (end < body.length && body[end] != 0) {
      end++;
    }
    return new String(body, 0, end, StandardCharsets.ISO_8859_1);
  }

  /** The records of one PAX extended header that matter to a layer. */
  record PaxRecords(Map<String, String> fields, Map<String, byte[]> xattrs) {
    static final PaxRecords EMPTY = new PaxRecords(Map.of(), Map.of());

    static PaxRecords parse(byte[] body) throws BadArchiveException {
      return PaxParser.parse(body);
    }
  }
}
