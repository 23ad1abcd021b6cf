package dev.vivarium.engine.open;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The names in a zip file, and small files out of it. The JDK's own reader takes the whole
 * directory into memory, however large a hostile file says that it is.
 */
final class ZipDirectory {
  private static final int END = 0x06054b50;
  private static final int END_BYTES = 22;
  private static final int ENTRY = 0x02014b50;
  private static final int ENTRY_BYTES = 46;
  private static final int LOCAL = 0x04034b50;
  private static final int LOCAL_BYTES = 30;
  private static final int MAX_COMMENT = 0xffff;
  private static final int MAX_DIRECTORY = 4 << 20;
  private static final int MAX_ENTRIES = 20_000;
  private static final int MAX_FILE = 64 << 10;
  private static final int STORED = 0;
  private static final int DEFLATED = 8;

  private record Place(long offset, int method, long packed) {}

  private final Path file;
  private final Map<String, Place> places = new LinkedHashMap<>();

  private ZipDirectory(Path file) {
    this.file = file;
  }

  /** Reads the names, at most so many; none if it is no whole zip file. */
  static ZipDirectory read(Path file) throws IOException {
    ZipDirectory directory = new ZipDirectory(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      int tail = (int) Math.min(size, END_BYTES + MAX_COMMENT);
      ByteBuffer end = bytes(channel, size - tail, tail);
      for (int at = tail - END_BYTES; at >= 0; at--) {
        if (end.getInt(at) == END) {
          long length = end.getInt(at + 12) & 0xffff_ffffL;
          // Bytes may stand before the archive, as in a self-extracting one.
          long start = size - tail + at - length;
          if (start >= 0) {
            long before = start - (end.getInt(at + 16) & 0xffff_ffffL);
            directory.entries(
                bytes(channel, start, (int) Math.min(length, MAX_DIRECTORY)), Math.max(0, before));
          }
          break;
        }
      }
    }
    return directory;
  }

  private void entries(ByteBuffer in, long before) {
    while (in.remaining() >= ENTRY_BYTES && places.size() < MAX_ENTRIES) {
      int at = in.position();
      int name = in.getShort(at + 28) & 0xffff;
      int more = (in.getShort(at + 30) & 0xffff) + (in.getShort(at + 32) & 0xffff);
      if (in.getInt(at) != ENTRY || in.remaining() < ENTRY_BYTES + name + more) {
        return;
      }
      byte[] text = new byte[name];
      in.get(at + ENTRY_BYTES, text);
      places.putIfAbsent(
          new String(text, StandardCharsets.UTF_8),
          new Place(
              before + (in.getInt(at + 42) & 0xffff_ffffL),
              in.getShort(at + 10) & 0xffff,
              in.getInt(at + 20) & 0xffff_ffffL));
      in.position(at + ENTRY_BYTES + name + more);
    }
  }

  List<String> names() {
    return List.copyOf(places.keySet());
  }

  boolean has(String name) {
    return places.containsKey(name);
  }

  /** The beginning of a file in it; empty if it cannot be read. */
  Optional<String> text(String name) throws IOException {
    Place place = places.get(name);
    if (place == null || place.method != STORED && place.method != DEFLATED) {
      return Optional.empty();
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer local = bytes(channel, place.offset, LOCAL_BYTES);
      if (local.remaining() < LOCAL_BYTES || local.getInt(0) != LOCAL) {
        return Optional.empty();
      }
      long start =
          place.offset
              + LOCAL_BYTES
              + (local.getShort(26) & 0xffff)
              + (local.getShort(28) & 0xffff);
      ByteBuffer packed = bytes(channel, start, (int) Math.min(place.packed, MAX_FILE));
      if (place.method == STORED) {
        return Optional.of(StandardCharsets.UTF_8.decode(packed).toString());
      }
      return inflate(packed);
    }
  }

  private static Optional<String> inflate(ByteBuffer packed) {
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(packed);
      byte[] out = new byte[MAX_FILE];
      int length = 0;
      while (length < out.length) {
        int n = inflater.inflate(out, length, out.length - length);
        if (n == 0) {
          break;
        }
        length += n;
      }
      return Optional.of(new String(out, 0, length, StandardCharsets.UTF_8));
    } catch (DataFormatException e) {
      return Optional.empty();
    } finally {
      inflater.end();
    }
  }

  /** So many bytes from a place on, or as many as there are. */
  private static ByteBuffer bytes(FileChannel channel, long from, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining() && channel.read(bytes, from + bytes.position()) > 0) {
      // until there is no more
    }
    return bytes.flip().order(ByteOrder.LITTLE_ENDIAN);
  }
}
