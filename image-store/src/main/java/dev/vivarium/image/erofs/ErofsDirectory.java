package dev.vivarium.image.erofs;

import java.nio.charset.StandardCharsets;

/**
 * The entries of one directory: blocks of entries in the order of their names, so that a name is
 * found by halving, first among the blocks and then within one.
 */
public final class ErofsDirectory {
  private final ErofsImage image;
  private final long start;
  private final long size;

  ErofsDirectory(ErofsImage image, long start, long size) {
    this.image = image;
    this.start = start;
    this.size = size;
  }

  /** The nid of the entry with this name, or -1. */
  public long lookup(String name) {
    long low = 0;
    long high = blocks() - 1;
    while (low <= high) {
      long middle = (low + high) >>> 1;
      Block block = block(middle);
      if (compare(name, block, 0) < 0) {
        high = middle - 1;
      } else if (middle < high && compare(name, block(middle + 1), 0) >= 0) {
        low = middle + 1;
      } else {
        return search(name, block);
      }
    }
    return -1;
  }

  /** Starts at the first entry. */
  public Cursor cursor() {
    return new Cursor();
  }

  private long search(String name, Block block) {
    int low = 0;
    int high = block.count - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = compare(name, block, middle);
      if (order == 0) {
        return block.nid(middle);
      }
      if (order < 0) {
        high = middle - 1;
      } else {
        low = middle + 1;
      }
    }
    return -1;
  }

  private int compare(String name, Block block, int index) {
    long at = block.nameStart(index);
    int length = block.nameLength(index);
    int shared = Math.min(length, name.length());
    for (int i = 0; i < shared; i++) {
      int difference = name.charAt(i) - image.u8(at + i);
      if (difference != 0) {
        return difference;
      }
    }
    return name.length() - length;
  }

  private long blocks() {
    return (size + ErofsFormat.BLOCK - 1) >> ErofsFormat.BLOCK_BITS;
  }

  private Block block(long number) {
    long offset = number << ErofsFormat.BLOCK_BITS;
    return new Block(start + offset, (int) Math.min(ErofsFormat.BLOCK, size - offset));
  }

  /** Walks over the entries in the order of their names, "." and ".." left out. */
  public final class Cursor {
    private long next;
    private Block block = size == 0 ? new Block(0, 0) : block(0);
    private int index = -1;

    /** Goes to the next entry; false after the last. */
    public boolean advance() {
      while (true) {
        if (++index >= block.count) {
          if (++next >= blocks()) {
            index = block.count;
            return false;
          }
          block = block(next);
          index = -1;
          continue;
        }
        String name = name();
        if (!name.equals(".") && !name.equals("..")) {
          return true;
        }
      }
    }

    public String name() {
      return new String(
          image.bytes(block.nameStart(index), block.nameLength(index)),
          StandardCharsets.ISO_8859_1);
    }

    public long nid() {
      return block.nid(index);
    }
  }

  /** One block of entries; the first entry's name offset says how many there are. */
  private final class Block {
    private final long at;
    private final int length;
    private final int count;

    Block(long at, int length) {
      this.at = at;
      this.length = length;
      if (length == 0) {
        this.count = 0;
        return;
      }
      if (length < ErofsFormat.DIRENT) {
        throw image.bad("a directory block that is too short");
      }
      int firstName = image.u16(at + 8);
      if (firstName == 0 || firstName % ErofsFormat.DIRENT != 0 || firstName > length) {
        throw image.bad("a directory block without order");
      }
      this.count = firstName / ErofsFormat.DIRENT;
    }

    long nid(int index) {
      return image.i64(at + (long) index * ErofsFormat.DIRENT);
    }

    long nameStart(int index) {
      return at + nameOffset(index);
    }

    int nameLength(int index) {
      int from = nameOffset(index);
      if (index + 1 < count) {
        return checked(nameOffset(index + 1) - from);
      }
      // The last name ends with the block, or at a NUL before.
      int to = from;
      int bound = Math.min(length, from + ErofsFormat.NAME_MAX);
      while (to < bound && image.u8(at + to) != 0) {
        to++;
      }
      return checked(to - from);
    }

    private int checked(int nameLength) {
      if (nameLength <= 0 || nameLength > ErofsFormat.NAME_MAX) {
        throw image.bad("a directory entry with a bad name");
      }
      return nameLength;
    }

    private int nameOffset(int index) {
      int offset = image.u16(at + (long) index * ErofsFormat.DIRENT + 8);
      if (offset < count * ErofsFormat.DIRENT || offset > length) {
        throw image.bad("a directory entry with its name outside");
      }
      return offset;
    }
  }
}
