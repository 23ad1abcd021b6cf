package dev.vivarium.sentry.gofer;

import dev.vivarium.engine.memory.Fields;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The entries of one directory as the gofer sent them, with attributes and link targets: a byte
 * array and an index, since a whole /usr of objects would cost a hundred megabytes.
 */
final class DirListing {
  private byte[] data = {};
  private int used;
  private int[] offsets;
  private int count;
  private int @Nullable [] table;

  DirListing(int expected) {
    offsets = new int[Math.clamp(expected, 4, 1024)];
  }

  /**
   * Adds entries out of a reply's payload.
   *
   * @param from where they begin
   * @param limit where they end at the latest
   * @return where they ended, or -1 if they are malformed
   */
  int add(byte[] payload, int from, int limit, int entries) {
    int at = from;
    for (int i = 0; i < entries; i++) {
      if (limit - at < Wire.ENTRY_SIZE) {
        return -1;
      }
      int size =
          Wire.ENTRY_SIZE
              + Fields.getUnsignedShort(payload, at + Wire.ENTRY_NAME_LENGTH)
              + Fields.getUnsignedShort(payload, at + Wire.ENTRY_TARGET_LENGTH);
      if (size > limit - at) {
        return -1;
      }
      if (count == offsets.length) {
        offsets = Arrays.copyOf(offsets, 2 * count);
      }
      offsets[count++] = used + at - from;
      at += (size + 7) & -8;
    }
    at = Math.min(at, limit);
    int bytes = at - from;
    if (used + bytes > data.length) {
      data = Arrays.copyOf(data, used == 0 ? bytes : Math.max(2 * used, used + bytes));
    }
    System.arraycopy(payload, from, data, used, bytes);
    used += bytes;
    table = null;
    return at;
  }

  int count() {
    return count;
  }

  /** Bytes of memory that this takes, about. */
  int bytes() {
    return data.length + 4 * offsets.length + 8 * count + 100;
  }

  String name(int index) {
    int at = offsets[index];
    return new String(
        data,
        at + Wire.ENTRY_SIZE,
        shortAt(at + Wire.ENTRY_NAME_LENGTH),
        StandardCharsets.ISO_8859_1);
  }

  Attributes attributes(int index) {
    return Attributes.read(data, offsets[index] + Wire.ENTRY_NODE);
  }

  int nlink(int index) {
    return Fields.getInt(data, offsets[index] + Wire.ENTRY_NODE + Wire.NODE_NLINK);
  }

  int mode(int index) {
    return shortAt(offsets[index] + Wire.ENTRY_NODE + Wire.NODE_MODE);
  }

  /** The inode number without anything about its device. */
  long ino(int index) {
    return Fields.getLong(data, offsets[index] + Wire.ENTRY_NODE + Wire.NODE_INO);
  }

  long dev(int index) {
    return Fields.getLong(data, offsets[index] + Wire.ENTRY_NODE + Wire.NODE_DEV);
  }

  /** The target of a symbolic link. */
  String target(int index) {
    int at = offsets[index];
    return new String(
        data,
        at + Wire.ENTRY_SIZE + shortAt(at + Wire.ENTRY_NAME_LENGTH),
        shortAt(at + Wire.ENTRY_TARGET_LENGTH),
        StandardCharsets.ISO_8859_1);
  }

  /** The index of a name, or -1. */
  int find(String name) {
    int[] t = table;
    if (t == null) {
      t = buildTable();
      table = t;
    }
    int mask = t.length - 1;
    for (int slot = mix(name.hashCode()) & mask; t[slot] != 0; slot = slot + 1 & mask) {
      if (isNamed(t[slot] - 1, name)) {
        return t[slot] - 1;
      }
    }
    return -1;
  }

  private boolean isNamed(int index, String name) {
    int at = offsets[index];
    int length = shortAt(at + Wire.ENTRY_NAME_LENGTH);
    if (length != name.length()) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if ((char) (data[at + Wire.ENTRY_SIZE + i] & 0xff) != name.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private int[] buildTable() {
    int[] t = new int[Integer.highestOneBit(Math.max(4, count) * 2 - 1) << 1];
    int mask = t.length - 1;
    for (int i = 0; i < count; i++) {
      int slot = mix(hashOf(i)) & mask;
      while (t[slot] != 0) {
        slot = slot + 1 & mask;
      }
      t[slot] = i + 1;
    }
    return t;
  }

  /** What {@link String#hashCode} of the name is. */
  private int hashOf(int index) {
    int at = offsets[index];
    int length = shortAt(at + Wire.ENTRY_NAME_LENGTH);
    int h = 0;
    for (int i = 0; i < length; i++) {
      h = 31 * h + (data[at + Wire.ENTRY_SIZE + i] & 0xff);
    }
    return h;
  }

  private static int mix(int h) {
    return h ^ h >>> 16;
  }

  private int shortAt(int at) {
    return Fields.getUnsignedShort(data, at);
  }
}
