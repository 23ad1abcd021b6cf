package dev.vivarium.image.layer;

import dev.vivarium.image.tar.BadArchiveException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decompresses gzip: one member or several, each checked by its CRC and length. What follows the
 * last member must be nothing. (The JDK's own stream guesses the end from {@code available()},
 * which a network stream cannot answer.)
 */
final class GzipStream extends InputStream {
  private final InputStream in;
  private final Inflater inflater = new Inflater(true);
  private final CRC32 crc = new CRC32();
  private final byte[] input = new byte[64 << 10];
  private final byte[] one = new byte[1];
  private int at;
  private int end;
  private boolean inMember;
  private boolean first = true;

  GzipStream(InputStream in) {
    this.in = in;
  }

  @Override
  public int read() throws IOException {
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    try {
      while (true) {
        if (!inMember && !startMember()) {
          return -1;
        }
        int n = inflater.inflate(buffer, offset, length);
        if (n > 0) {
          crc.update(buffer, offset, n);
          return n;
        }
        if (inflater.finished()) {
          at = end - inflater.getRemaining();
          endMember();
        } else if (inflater.needsDictionary()) {
          throw new BadArchiveException("gzip data that needs a dictionary");
        } else if (inflater.needsInput()) {
          if (!fill()) {
            throw new EOFException("the gzip stream ends too early");
          }
          inflater.setInput(input, at, end - at);
          at = end;
        }
      }
    } catch (DataFormatException e) {
      throw new BadArchiveException("damaged gzip data");
    }
  }

  @Override
  public void close() throws IOException {
    inflater.end();
    in.close();
  }

  private boolean startMember() throws IOException {
    if (at == end && !fill()) {
      if (first) {
        throw new EOFException("the gzip stream is empty");
      }
      return false;
    }
    if (next() != 0x1f || next() != 0x8b || next() != 8) {
      throw new BadArchiveException(first ? "not gzip data" : "garbage behind the gzip data");
    }
    int flags = next();
    skip(6);
    if ((flags & 4) != 0) {
      skip(next() | next() << 8);
    }
    for (int text = (flags >> 3 & 1) + (flags >> 4 & 1); text > 0; text--) {
      int limit = 64 << 10;
      while (next() != 0) {
        if (--limit == 0) {
          throw new BadArchiveException("an endless gzip header");
        }
      }
    }
    if ((flags & 2) != 0) {
      skip(2);
    }
    inflater.reset();
    inflater.setInput(input, at, end - at);
    at = end;
    crc.reset();
    inMember = true;
    first = false;
    return true;
  }

  private void endMember() throws IOException {
    long wanted = next() | next() << 8 | next() << 16 | (long) next() << 24;
    long length = next() | next() << 8 | next() << 16 | (long) next() << 24;
    if (wanted != crc.getValue() || length != (inflater.getBytesWritten() & 0xffff_ffffL)) {
      throw new BadArchiveException("gzip data with a wrong checksum");
    }
    inMember = false;
  }

  private void skip(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      next();
    }
  }

  private int next() throws IOException {
    if (at == end && !fill()) {
      throw new EOFException("the gzip stream ends too early");
    }
    return input[at++] & 0xff;
  }

  private boolean fill() throws IOException {
    int n = in.read(input, 0, input.length);
    at = 0;
    end = Math.max(n, 0);
    return n > 0;
  }
}
