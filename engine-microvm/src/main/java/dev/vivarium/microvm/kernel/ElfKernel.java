package dev.vivarium.microvm.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Looks into an uncompressed kernel (an ELF file, see elf(5)): whether it is whole, and whether it
 * has the entry for machines without firmware (PVH: a note of the name Xen and the type 18). The
 * file may be anybody's.
 */
final class ElfKernel {
  private static final int MAGIC = 0x464c457f;
  private static final int X86_64 = 62;
  private static final int LOAD = 1;
  private static final int NOTE = 4;
  private static final int PVH_ENTRY = 18;
  private static final int MAX_NOTES = 1 << 16;
  private static final byte[] BANNER = "Linux version ".getBytes(StandardCharsets.US_ASCII);

  private final ByteBuffer file;
  private boolean pvh;

  private ElfKernel(ByteBuffer file) {
    this.file = file;
  }

  static boolean isElf(byte[] head) {
    return head.length >= 4
        && ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt(0) == MAGIC;
  }

  /**
   * Reads its headers.
   *
   * @throws IOException that says what is wrong with it
   */
  static ElfKernel read(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      if (channel.size() > Integer.MAX_VALUE) {
        throw new IOException("it is larger than any kernel");
      }
      ElfKernel kernel =
          new ElfKernel(
              channel
                  .map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
                  .order(ByteOrder.LITTLE_ENDIAN));
      try {
        kernel.headers();
      } catch (IndexOutOfBoundsException e) {
        throw new IOException("it is cut off", e);
      }
      return kernel;
    }
  }

  private void headers() throws IOException {
    if (file.getInt(0) != MAGIC || file.get(4) != 2 || file.get(5) != 1) {
      throw new IOException("not a 64-bit ELF file");
    }
    if (file.getShort(18) != X86_64) {
      throw new IOException("not for x86-64");
    }
    long table = file.getLong(32);
    int size = Short.toUnsignedInt(file.getShort(54));
    int count = Short.toUnsignedInt(file.getShort(56));
    if (size < 56 || count == 0 || count > 64) {
      throw new IOException("it has no program to load");
    }
    boolean loads = false;
    for (int i = 0; i < count; i++) {
      long at = table + (long) i * size;
      long offset = file.getLong(index(at + 8, 8));
      long length = file.getLong(index(at + 32, 8));
      if (offset < 0 || length < 0 || offset > file.limit() - length) {
        throw new IOException("it is cut off");
      }
      switch (file.getInt(index(at, 4))) {
        case LOAD -> loads = true;
        case NOTE -> notes((int) offset, (int) Math.min(length, MAX_NOTES));
        default -> {
          // Of no use to whoever starts it.
        }
      }
    }
    if (!loads) {
      throw new IOException("it has no program to load");
    }
  }

  private int index(long at, int length) {
    if (at < 0 || at > file.limit() - length) {
      throw new IndexOutOfBoundsException();
    }
    return (int) at;
  }

  private void notes(int from, int length) {
    long at = from;
    long end = (long) from + length;
    while (at + 12 <= end) {
      long name = Integer.toUnsignedLong(file.getInt(index(at, 4)));
      long content = Integer.toUnsignedLong(file.getInt(index(at + 4, 4)));
      int type = file.getInt(index(at + 8, 4));
      if (type == PVH_ENTRY && name == 4 && file.getInt(index(at + 12, 4)) == 0x006e6558) {
        pvh = true;
      }
      at += 12 + (name + 3 & ~3L) + (content + 3 & ~3L);
    }
  }

  /** Whether a machine without firmware can start it. */
  boolean hasPvhEntry() {
    return pvh;
  }

  /** Its release, as uname(2) says it; empty if it is not found. */
  String release() {
    for (int i = 0; i < file.limit() - BANNER.length - 1; i++) {
      if (file.get(i) == 'L' && matches(i) && Character.isDigit(file.get(i + BANNER.length))) {
        StringBuilder release = new StringBuilder();
        for (int at = i + BANNER.length; at < file.limit() && release.length() < 128; at++) {
          char c = (char) file.get(at);
          if (c <= ' ' || c > '~') {
            break;
          }
          release.append(c);
        }
        return release.toString();
      }
    }
    return "";
  }

  private boolean matches(int at) {
    for (int i = 0; i < BANNER.length; i++) {
      if (file.get(at + i) != BANNER[i]) {
        return false;
      }
    }
    return true;
  }
}
