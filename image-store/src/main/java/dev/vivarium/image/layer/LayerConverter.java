package dev.vivarium.image.layer;

import dev.vivarium.image.Digests;
import dev.vivarium.image.erofs.ErofsWriter;
import dev.vivarium.image.erofs.LayerLimits;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/** A layer's blob becomes its EROFS file and its tar split in one pass. */
public final class LayerConverter {
  private LayerConverter() {}

  /**
   * What came of a layer.
   *
   * @param diffId digest of the uncompressed tar
   * @param splitSize of the tar split
   */
  public record Converted(String diffId, ErofsWriter.Result erofs, long splitSize) {}

  /**
   * Reads the blob to its end and writes both files, which reach the disk before this returns.
   *
   * @param blob compressed or not
   */
  public static Converted convert(InputStream blob, Path erofs, Path split, LayerLimits limits)
      throws IOException {
    MessageDigest digest = Digests.sha256();
    try (FileChannel image =
            FileChannel.open(
                erofs,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
        FileChannel splitFile =
            FileChannel.open(
                split,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
      ErofsWriter.Result result;
      OutputStream splitStream = Channels.newOutputStream(splitFile);
      TarSplit.Writer sink = new TarSplit.Writer(splitStream);
      try (InputStream tar = new Digesting(Compression.decompress(new Unclosed(blob)), digest)) {
        result = ErofsWriter.write(tar, image, sink, limits);
      }
      // A decompressor may stop at its own end; the blob's digest covers all of it.
      byte[] rest = new byte[8192];
      while (blob.read(rest) >= 0) {
        // read on
      }
      long splitSize;
      // Closing the writer closes its file, so it is forced through a descriptor of its own.
      sink.close();
      try (FileChannel again = FileChannel.open(split, StandardOpenOption.WRITE)) {
        again.force(true);
        splitSize = again.size();
      }
      image.force(true);
      return new Converted(Digests.finish(digest), result, splitSize);
    }
  }

  /** Lets a decompressor free what it holds, and leaves the source open. */
  private static final class Unclosed extends FilterInputStream {
    Unclosed(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      return in.read(buffer, offset, length);
    }

    @Override
    public void close() {}
  }

  private static final class Digesting extends FilterInputStream {
    private final MessageDigest digest;

    Digesting(InputStream in, MessageDigest digest) {
      super(in);
      this.digest = digest;
    }

    @Override
    public int read() throws IOException {
      throw new UnsupportedOperationException();
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int n = in.read(buffer, offset, length);
      if (n > 0) {
        digest.update(buffer, offset, n);
      }
      return n;
    }
  }
}
