package dev.vivarium.image.archive;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Writes the plain tar that an image archive is: regular files with short names. */
final class TarWriter {
  private static final int BLOCK = 512;
  private static final long MAX_OCTAL = 077777777777L;

  private final OutputStream out;

  TarWriter(OutputStream out) {
    this.out = out;
  }

  /** Writes a content whose length is known. */
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  void file(String name, byte[] content) throws IOException {
    file(name, content.length, stream -> stream.write(content));
  }

  void file(String name, InputStream content, long size) throws IOException {
    file(name, size, content::transferTo);
  }

  void file(String name, long size, Content content) throws IOException {
    out.write(header(name, size));
    Counted counted = new Counted(out);
    content.writeTo(counted);
    if (counted.count != size) {
      throw new IOException(name + " has " + counted.count + " bytes, not " + size);
    }
    out.write(new byte[(int) (-size & (BLOCK - 1))]);
  }

  /** The end mark. */
  void end() throws IOException {
    out.write(new byte[2 * BLOCK]);
  }

  private static byte[] header(String name, long size) {
    byte[] header = new byte[BLOCK];
    put(header, 0, 100, name);
    put(header, 100, 8, "0000644");
    put(header, 108, 8, "0000000");
    put(header, 116, 8, "0000000");
    if (size <= MAX_OCTAL) {
      put(header, 124, 12, String.format("%011o", size));
    } else {
      header[124] = (byte) 0x80;
      for (int i = 0; i < 8; i++) {
        header[128 + i] = (byte) (size >>> (56 - 8 * i));
      }
    }
    put(header, 136, 12, "00000000000");
    put(header, 148, 8, "        ");
    header[156] = '0';
    put(header, 257, 8, "ustar\00000");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    put(header, 148, 8, String.format("%06o\0 ", sum));
    return header;
  }

  private static void put(byte[] header, int offset, int length, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > length) {
      throw new IllegalArgumentException("too long for a tar header: " + text);
    }
    System.arraycopy(bytes, 0, header, offset, bytes.length);
  }

  private static final class Counted extends OutputStream {
    private final OutputStream out;
    private long count;

    Counted(OutputStream out) {
      this.out = out;
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
      count++;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
      count += length;
    }
  }
}
