package dev.vivarium.image.erofs;

import dev.vivarium.image.Digests;
import dev.vivarium.image.tar.BadArchiveException;
import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.image.tar.TarReader;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;

/** Turns the tar of a layer into an EROFS file, in one pass over both. */
public final class ErofsWriter {
  private ErofsWriter() {}

  /**
   * What was written.
   *
   * @param size of the EROFS file
   * @param metadataOffset where inodes and directories start in it
   * @param metadataDigest see {@link #metadataDigest}
   * @param entries names in the tree
   * @param tarBytes length of the tar
   */
  public record Result(
      long size, long metadataOffset, String metadataDigest, long entries, long tarBytes) {}

  /**
   * Writes the file; the channel must be empty.
   *
   * @param tar uncompressed; read to its end
   */
  public static Result write(InputStream tar, FileChannel file, LayerSink sink, LayerLimits limits)
      throws IOException {
    BlockFile out = new BlockFile(file);
    out.skipTo(ErofsFormat.BLOCK);
    Bounded bounded = new Bounded(tar, limits.maxTarBytes());
    TarReader reader = new TarReader(bounded, sink);
    LayerTree tree = new LayerTree(limits);
    try {
      return write(reader, tree, out, sink, bounded);
    } finally {
      tree.release();
    }
  }

  private static Result write(
      TarReader reader, LayerTree tree, BlockFile out, LayerSink sink, Bounded bounded)
      throws IOException {
    byte[] buffer = new byte[64 << 10];
    TarEntry entry;
    while ((entry = reader.next()) != null) {
      int firstBlock = out.block();
      tree.add(entry, firstBlock);
      if (entry.size() > 0) {
        sink.content((long) firstBlock << ErofsFormat.BLOCK_BITS, entry.size());
        int n;
        while ((n = reader.read(buffer, 0, buffer.length)) > 0) {
          out.write(buffer, 0, n);
        }
        out.align(ErofsFormat.BLOCK);
      }
    }
    sink.end();
    tree.finish();
    MetadataWriter metadata = new MetadataWriter(out);
    metadata.write(tree.root());
    return new Result(
        out.position(), metadata.start(), metadata.digest(), tree.entries(), bounded.count);
  }

  /** Digest of a file's metadata, superblock included, as {@link Result} has it. */
  public static String metadataDigest(FileChannel file, long metadataOffset) throws IOException {
    MessageDigest digest = Digests.sha256();
    ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
    long at = metadataOffset;
    while (file.read(buffer.clear(), at) > 0) {
      at += buffer.position();
      digest.update(buffer.flip());
    }
    buffer.clear().limit(ErofsFormat.BLOCK - ErofsFormat.SUPER_OFFSET);
    at = ErofsFormat.SUPER_OFFSET;
    while (buffer.hasRemaining()) {
      int n = file.read(buffer, at);
      if (n < 0) {
        break;
      }
      at += n;
    }
    digest.update(buffer.flip());
    return Digests.finish(digest);
  }

  /** Stops a stream that turns out longer than allowed. */
  private static final class Bounded extends FilterInputStream {
    private final long limit;
    private long count;

    Bounded(InputStream in, long limit) {
      super(in);
      this.limit = limit;
    }

    @Override
    public int read() throws IOException {
      throw new UnsupportedOperationException();
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int n = in.read(buffer, offset, length);
      if (n > 0) {
        count += n;
        if (count > limit) {
          throw BadArchiveException.limit(
              "more than " + limit + " bytes uncompressed, which is the limit");
        }
      }
      return n;
    }
  }
}
