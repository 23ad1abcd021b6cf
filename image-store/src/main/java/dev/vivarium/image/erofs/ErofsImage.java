package dev.vivarium.image.erofs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * A mapped EROFS file as {@link ErofsWriter} makes it. Nothing in the file is believed: every
 * offset is checked against the mapping, and damage shows as an {@link ErofsException}, never as a
 * read outside. Opening reads one page.
 */
public final class ErofsImage implements AutoCloseable {
  /** Of one window; a power of two. */
  private static final int WINDOW_BITS = 30;

  /** What a window has of the next one, so that a number lies wholly in one. */
  private static final int OVERLAP = Long.BYTES;

  private final Path path;
  private final Arena arena;
  private final long size;

  /**
   * The file in pieces that a buffer can hold. Not read as the memory that it is: that takes method
   * handles, which a JVM has to make anew at each start, and more calls for each number.
   */
  private final ByteBuffer[] windows;

  private final long metaStart;
  private final long rootNid;

  private ErofsImage(Path path, Arena arena, MemorySegment file) throws ErofsException {
    this.path = path;
    this.arena = arena;
    this.size = file.byteSize();
    this.windows = windows(file);
    if (size < ErofsFormat.BLOCK) {
      throw bad("too short");
    }
    int base = ErofsFormat.SUPER_OFFSET;
    if (i32(base + ErofsFormat.SB_MAGIC) != ErofsFormat.SUPER_MAGIC) {
      throw bad("not an EROFS file");
    }
    byte[] block = bytes(base, ErofsFormat.BLOCK - base);
    java.util.Arrays.fill(block, ErofsFormat.SB_CHECKSUM, ErofsFormat.SB_CHECKSUM + 4, (byte) 0);
    CRC32C crc = new CRC32C();
    crc.update(block);
    if (i32(base + ErofsFormat.SB_CHECKSUM) != ~(int) crc.getValue()) {
      throw bad("a superblock with a wrong checksum");
    }
    if (u8(base + ErofsFormat.SB_BLKSZBITS) != ErofsFormat.BLOCK_BITS
        || i32(base + ErofsFormat.SB_FEATURE_INCOMPAT) != 0) {
      throw bad("an EROFS file with features that a layer does not use");
    }
    long blocks = i32(base + ErofsFormat.SB_BLOCKS) & 0xffff_ffffL;
    if (blocks << ErofsFormat.BLOCK_BITS > size) {
      throw bad("shorter than its superblock says");
    }
    this.metaStart =
        (i32(base + ErofsFormat.SB_META_BLKADDR) & 0xffff_ffffL) << ErofsFormat.BLOCK_BITS;
    this.rootNid = u16(base + ErofsFormat.SB_ROOT_NID);
    if (!inode(rootNid).isDirectory()) {
      throw bad("a root that is not a directory");
    }
  }

  public static ErofsImage open(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return open(path, channel);
    }
  }

  /** Maps a file that is open already; the channel may be closed afterwards. */
  public static ErofsImage open(Path path, FileChannel channel) throws IOException {
    Arena arena = Arena.ofShared();
    try {
      MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return new ErofsImage(path, arena, file);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  public Path path() {
    return path;
  }

  /** One more than the largest {@link ErofsInode#nid} there can be. */
  public long nidBound() {
    return (size - metaStart) / ErofsFormat.SLOT + 1;
  }

  public ErofsInode root() {
    return inode(rootNid);
  }

  public ErofsInode inode(long nid) {
    if (nid < 0 || nid > nidBound()) {
      throw bad("an inode outside the file");
    }
    long at = metaStart + nid * ErofsFormat.SLOT;
    check(at, ErofsFormat.INODE_SIZE);
    return new ErofsInode(this, nid, at);
  }

  @Override
  public void close() {
    arena.close();
  }

  int u8(long at) {
    check(at, 1);
    return window(at).get(inWindow(at)) & 0xff;
  }

  int u16(long at) {
    check(at, 2);
    return window(at).getShort(inWindow(at)) & 0xffff;
  }

  int i32(long at) {
    check(at, 4);
    return window(at).getInt(inWindow(at));
  }

  long i64(long at) {
    check(at, 8);
    return window(at).getLong(inWindow(at));
  }

  byte[] bytes(long at, int length) {
    check(at, length);
    byte[] copy = new byte[length];
    for (int done = 0; done < length; ) {
      int in = inWindow(at + done);
      int n = Math.min(length - done, (1 << WINDOW_BITS) - in);
      window(at + done).get(in, copy, done, n);
      done += n;
    }
    return copy;
  }

  private static ByteBuffer[] windows(MemorySegment file) {
    ByteBuffer[] windows = new ByteBuffer[(int) (file.byteSize() >>> WINDOW_BITS) + 1];
    for (int i = 0; i < windows.length; i++) {
      long start = (long) i << WINDOW_BITS;
      long length = Math.min(file.byteSize() - start, (1L << WINDOW_BITS) + OVERLAP);
      windows[i] = file.asSlice(start, length).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }
    return windows;
  }

  private ByteBuffer window(long at) {
    return windows[(int) (at >>> WINDOW_BITS)];
  }

  private static int inWindow(long at) {
    return (int) (at & (1 << WINDOW_BITS) - 1);
  }

  void check(long at, long length) {
    if (at < 0 || length < 0 || at > size - length) {
      throw bad("a reference to outside the file");
    }
  }

  ErofsException bad(String what) {
    return new ErofsException("damaged layer file: " + path + ": " + what);
  }
}
