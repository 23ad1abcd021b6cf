package dev.vivarium.image.archive;

import dev.vivarium.image.layer.Compression;
import dev.vivarium.image.tar.BadArchiveException;
import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.image.tar.TarReader;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * The files inside a tar archive, found where they stand: the archive is gone through once, header
 * by header, and never unpacked. A compressed archive is decompressed to a file that has no name.
 */
final class ArchiveFiles implements BlobFiles {
  private static final int MAX_FILES = 100_000;
  private static final int MAX_LINKS = 8;
  private static final long MAX_BYTES = 256L << 30;

  private final Path archive;
  private final FileChannel channel;
  private final Map<String, Extent> files = new HashMap<>();
  private final Map<String, String> links = new HashMap<>();

  private record Extent(long offset, long size) {}

  ArchiveFiles(Path archive) throws IOException {
    this.archive = archive;
    if (!Files.isRegularFile(archive)) {
      throw new NoSuchFileException(archive.toString());
    }
    this.channel = plain(archive);
    try {
      index();
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public InputStream open(String path) throws IOException {
    Extent extent = extent(path);
    return new Part(channel, extent.offset, extent.size);
  }

  @Override
  public long size(String path) throws IOException {
    return extent(path).size;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // it was only read
    }
  }

  boolean has(String path) {
    return files.containsKey(path) || links.containsKey(path);
  }

  private Extent extent(String path) throws IOException {
    String name = path;
    for (int hops = 0; hops <= MAX_LINKS; hops++) {
      Extent extent = files.get(name);
      if (extent != null) {
        return extent;
      }
      String target = links.get(name);
      if (target == null) {
        break;
      }
      name = target;
    }
    throw new NoSuchFileException(archive + ": " + path);
  }

  private void index() throws IOException {
    InputStream in = Channels.newInputStream(channel);
    TarReader reader = new TarReader(in, (bytes, offset, length) -> {});
    TarEntry entry;
    while ((entry = reader.next()) != null) {
      long offset = channel.position();
      reader.skipContent();
      if (files.size() + links.size() >= MAX_FILES) {
        throw new BadArchiveException("more than " + MAX_FILES + " files");
      }
      String name = normalize("", entry.name());
      switch (entry.type()) {
        case TarEntry.TYPE_FILE -> files.put(name, new Extent(offset, entry.size()));
        // docker save writes layers that images share once, and links to them.
        case TarEntry.TYPE_SYMLINK ->
            links.put(
                name, normalize(name.substring(0, name.lastIndexOf('/') + 1), entry.linkName()));
        case TarEntry.TYPE_HARD_LINK -> links.put(name, normalize("", entry.linkName()));
        default -> {}
      }
    }
  }

  /** A name within the archive; what leads out of it leads nowhere. */
  private static String normalize(String directory, String name) {
    ArrayDeque<String> parts = new ArrayDeque<>();
    for (String part : (directory + name).split("/")) {
      if (part.equals("..")) {
        parts.pollLast();
      } else if (!part.isEmpty() && !part.equals(".")) {
        parts.addLast(part);
      }
    }
    return String.join("/", parts);
  }

  private static FileChannel plain(Path archive) throws IOException {
    FileChannel source = FileChannel.open(archive, StandardOpenOption.READ);
    byte[] magic = new byte[4];
    int n = source.read(ByteBuffer.wrap(magic), 0);
    boolean gzip = n >= 2 && magic[0] == 0x1f && magic[1] == (byte) 0x8b;
    boolean zstd = n == 4 && magic[0] == 0x28 && magic[1] == (byte) 0xb5;
    if (!gzip && !zstd) {
      return source;
    }
    Path temporary = Files.createTempFile("vivarium-archive", ".tar");
    try (source;
        InputStream in = Compression.decompress(Channels.newInputStream(source))) {
      FileChannel copy =
          FileChannel.open(temporary, StandardOpenOption.READ, StandardOpenOption.WRITE);
      try {
        OutputStream out = Channels.newOutputStream(copy);
        byte[] buffer = new byte[64 << 10];
        long total = 0;
        while ((n = in.read(buffer)) >= 0) {
          total += n;
          if (total > MAX_BYTES) {
            throw new BadArchiveException(
                "more than " + MAX_BYTES + " bytes uncompressed, which is the limit");
          }
          out.write(buffer, 0, n);
        }
        copy.position(0);
        return copy;
      } catch (IOException | RuntimeException e) {
        copy.close();
        throw e;
      }
    } finally {
      Files.delete(temporary);
    }
  }

  /** A range of the archive, read independently of every other. */
  private static final class Part extends FilterInputStream {
    private final FileChannel channel;
    private long position;
    private long left;

    Part(FileChannel channel, long offset, long size) {
      super(InputStream.nullInputStream());
      this.channel = channel;
      this.position = offset;
      this.left = size;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      int n = channel.read(ByteBuffer.wrap(buffer, offset, (int) Math.min(length, left)), position);
      if (n > 0) {
        position += n;
        left -= n;
      }
      return n;
    }
  }
}
