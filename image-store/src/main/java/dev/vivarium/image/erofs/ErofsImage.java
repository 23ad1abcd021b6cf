package dev.vivarium.image.erofs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
  private final Path path;
  private final Arena arena;
  private final MappedBytes file;
  private final long metaStart;
  private final long rootNid;

  private ErofsImage(Path path, Arena arena, MemorySegment file) throws ErofsException {
    this.path = path;
    this.arena = arena;
    this.file = new MappedBytes(file, MappedBytes.WINDOW_BITS);
    if (file.byteSize() < ErofsFormat.BLOCK) {
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
    if (blocks << ErofsFormat.BLOCK_BITS > file.byteSize()) {
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
    return (file.size() - metaStart) / ErofsFormat.SLOT + 1;
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
    return file.u8(at);
  }

  int u16(long at) {
    check(at, 2);
    return file.u16(at);
  }

  int i32(long at) {
    check(at, 4);
    return file.i32(at);
  }

  long i64(long at) {
    check(at, 8);
    return file.i64(at);
  }

  byte[] bytes(long at, int length) {
    check(at, length);
    return file.bytes(at, length);
  }

  void check(long at, long length) {
    if (at < 0 || length < 0 || at > file.size() - length) {
      throw bad("a reference to outside the file");
    }
  }

  ErofsException bad(String what) {
    return new ErofsException("damaged layer file: " + path + ": " + what);
  }
}
