package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.memory.GuestMemory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The entries of a directory as getdents64(2) gives them: records of {@code struct linux_dirent64},
 * one behind the other, for directories that do not change.
 */
public final class PackedListing {
  /** Where the members of a record are, and where its name begins. */
  public static final int OFFSET = 8;

  public static final int LENGTH = 16;
  public static final int TYPE = 18;
  public static final int NAME = 19;

  private final byte[] records;

  /** Where each record begins, and where the last one ends. */
  private final int[] starts;

  private PackedListing(byte[] records, int[] starts) {
    this.records = records;
    this.starts = starts;
  }

  /** How many bytes the record of a name takes. */
  public static int length(String name) {
    return (NAME + name.length() + 1 + 7) & -8;
  }

  /** Writes a record, and zeros from its name to its end. */
  @SuppressWarnings("deprecation") // of getBytes, which does what is wanted here: names are bytes
  public static void put(
      byte[] to, int at, int length, String name, long ino, long nextOffset, int type) {
    Bytes.putLong(to, at + length - 8, 0);
    Bytes.putLong(to, at, ino);
    Bytes.putLong(to, at + OFFSET, nextOffset);
    Bytes.putShort(to, at + LENGTH, length);
    to[at + TYPE] = (byte) type;
    name.getBytes(0, name.length(), to, at + NAME);
  }

  /** Puts one together, in the order of the entries' positions. */
  public static final class Builder implements DirSink {
    private byte[] records = new byte[4096];
    private int[] starts = new int[128];
    private int count;

    @Override
    public boolean add(String name, long ino, long nextOffset, int type) {
      int at = starts[count];
      int length = length(name);
      if (length > records.length - at) {
        records = Arrays.copyOf(records, Math.max(at + length, 2 * records.length));
      }
      put(records, at, length, name, ino, nextOffset, type);
      if (++count == starts.length) {
        starts = Arrays.copyOf(starts, 2 * starts.length);
      }
      starts[count] = at + length;
      return true;
    }

    /** How many entries there are so far. */
    public int count() {
      return count;
    }

    /** What it is now. */
    public PackedListing build() {
      return new PackedListing(
          Arrays.copyOf(records, starts[count]), Arrays.copyOf(starts, count + 1));
    }
  }

  /** How many entries there are. */
  public int count() {
    return starts.length - 1;
  }

  /** As {@link DirectoryListing#list}. */
  public long list(long position, DirSink sink) {
    int first = indexOf(position);
    int taken = sink.addPacked(this, first);
    if (taken < 0) {
      taken = 0;
      while (first + taken < count() && offer(first + taken, sink)) {
        taken++;
      }
    }
    return taken == 0 ? position : nextOffset(first + taken - 1);
  }

  private boolean offer(int entry, DirSink sink) {
    int at = starts[entry];
    int end = at + NAME;
    while (records[end] != 0) {
      end++;
    }
    String name = new String(records, at + NAME, end - at - NAME, StandardCharsets.ISO_8859_1);
    return sink.add(name, Bytes.getLong(records, at), nextOffset(entry), records[at + TYPE]);
  }

  /** The first entry whose position is at least this; {@link #count} if there is none. */
  private int indexOf(long position) {
    int low = 0;
    int high = count();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (nextOffset(middle) <= position) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The position behind an entry. */
  private long nextOffset(int entry) {
    return Bytes.getLong(records, starts[entry] + OFFSET);
  }

  /** How many entries from one on fit into so many bytes. */
  public int fitting(int first, int bytes) {
    int found = Arrays.binarySearch(starts, first, starts.length, starts[first] + bytes);
    return (found < 0 ? -found - 2 : found) - first;
  }

  /** The size of some entries. */
  public int size(int first, int entries) {
    return starts[first + entries] - starts[first];
  }

  /** Copies some entries. */
  public void copy(int first, int entries, byte[] to, int at) {
    System.arraycopy(records, starts[first], to, at, size(first, entries));
  }

  /** Copies some entries out to a guest; as {@link GuestMemory#copyOut}. */
  public long copyOut(int first, int entries, GuestMemory to, long address) {
    return to.copyOut(address, records, starts[first], size(first, entries));
  }
}
