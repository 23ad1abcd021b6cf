package dev.vivarium.image.erofs;

import dev.vivarium.image.Digests;
import dev.vivarium.image.erofs.Inode.Directory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * Writes inodes, directories and the superblock behind the data. Inodes come in breadth-first
 * order, so that the inodes of a directory's children lie together; a directory or link target that
 * fits stands right behind its inode, larger ones follow in blocks of their own.
 */
final class MetadataWriter {
  private static final byte[] OPAQUE_VALUE = {'y'};

  private final BlockFile out;
  private final List<Inode> order = new ArrayList<>();
  private int metaBlock;
  private int nextBlock;
  private String digest = "";

  MetadataWriter(BlockFile out) {
    this.out = out;
  }

  /** Writes it all, the superblock last. */
  void write(Directory root) throws IOException {
    out.align(ErofsFormat.BLOCK);
    MessageDigest covering = Digests.sha256();
    out.digest(covering);
    metaBlock = out.block();
    layOut(root);
    long metaStart = (long) metaBlock << ErofsFormat.BLOCK_BITS;
    for (Inode inode : order) {
      out.skipTo(metaStart + inode.nid * ErofsFormat.SLOT);
      writeInode(inode);
    }
    out.align(ErofsFormat.BLOCK);
    for (Inode inode : order) {
      if (needsBlocks(inode)) {
        writeBlocks(inode);
      }
    }
    out.flush();
    if (out.block() != nextBlock) {
      throw new IllegalStateException("laid out " + nextBlock + " blocks, wrote " + out.block());
    }
    byte[] superblock = superblock(root);
    covering.update(superblock);
    out.writeAt(ErofsFormat.SUPER_OFFSET, ByteBuffer.wrap(superblock));
    digest = Digests.finish(covering);
  }

  /** Where the metadata starts, once it is written. */
  long start() {
    return (long) metaBlock << ErofsFormat.BLOCK_BITS;
  }

  /** Digest of the metadata and, after it, the superblock's block from {@code SUPER_OFFSET} on. */
  String digest() {
    return digest;
  }

  private void layOut(Directory root) {
    // Slot 0 stays free: readdir callers take inode number 0 for a deleted entry.
    long offset = 2 * ErofsFormat.SLOT;
    place(root);
    for (int i = 0; i < order.size(); i++) {
      Inode inode = order.get(i);
      if (inode instanceof Directory directory) {
        settle(directory);
        for (Inode child : directory.inodes) {
          if (child.nid == 0) {
            place(child);
          }
        }
      }
      int head = ErofsFormat.INODE_SIZE + inode.xattrBytes();
      long inline = inlineBytes(inode);
      long size = head + inline;
      long inBlock = offset & (ErofsFormat.BLOCK - 1);
      // An inode must not cross a block, nor what stands inline behind it.
      boolean crosses =
          inline > 0
              ? inBlock + size > ErofsFormat.BLOCK
              : inBlock + ErofsFormat.INODE_SIZE > ErofsFormat.BLOCK;
      if (crosses) {
        offset += ErofsFormat.BLOCK - inBlock;
      }
      inode.nid = offset / ErofsFormat.SLOT;
      offset = (offset + size + ErofsFormat.SLOT - 1) & -(long) ErofsFormat.SLOT;
    }
    long blocks = (offset + ErofsFormat.BLOCK - 1) >> ErofsFormat.BLOCK_BITS;
    nextBlock = Math.toIntExact(metaBlock + blocks);
    for (Inode inode : order) {
      if (needsBlocks(inode)) {
        inode.firstBlock = nextBlock;
        nextBlock =
            Math.toIntExact(
                nextBlock + ((inode.size + ErofsFormat.BLOCK - 1) >> ErofsFormat.BLOCK_BITS));
      }
    }
  }

  private void place(Inode inode) {
    inode.nid = -1; // known, and laid out when its turn comes
    order.add(inode);
  }

  /** Puts the children in order, and with that the directory's size is known. */
  private static void settle(Directory directory) {
    Map<String, Inode> children = directory.children == null ? Map.of() : directory.children;
    String[] names = children.keySet().toArray(new String[children.size() + 2]);
    names[children.size()] = ".";
    names[children.size() + 1] = "..";
    Arrays.sort(names);
    Inode[] inodes = new Inode[names.length];
    for (int i = 0; i < names.length; i++) {
      inodes[i] =
          switch (names[i]) {
            case "." -> directory;
            case ".." -> directory.parent;
            default -> children.get(names[i]);
          };
    }
    directory.children = null;
    directory.names = names;
    directory.inodes = inodes;
    long size = 0;
    int used = 0;
    for (String name : names) {
      int bytes = ErofsFormat.DIRENT + name.length();
      if (used + bytes > ErofsFormat.BLOCK) {
        size += ErofsFormat.BLOCK;
        used = 0;
      }
      used += bytes;
    }
    directory.size = size + used;
    if (directory.opaque || directory.implied) {
      Map<String, byte[]> xattrs = new TreeMap<>(directory.xattrs);
      if (directory.opaque) {
        xattrs.put(LayerTree.OPAQUE, OPAQUE_VALUE);
      }
      if (directory.implied) {
        xattrs.put(LayerTree.IMPLIED, OPAQUE_VALUE);
      }
      directory.xattrs = xattrs;
    }
  }

  /** Whether the inode is a directory or link that is too large to stand right behind it. */
  private static boolean needsBlocks(Inode inode) {
    return holdsNames(inode)
        && ErofsFormat.INODE_SIZE + inode.xattrBytes() + inode.size > ErofsFormat.BLOCK;
  }

  /** Bytes of a directory or link that stand right behind its inode. */
  private static long inlineBytes(Inode inode) {
    return holdsNames(inode) && !needsBlocks(inode) ? inode.size : 0;
  }

  private static boolean holdsNames(Inode inode) {
    return inode.isDirectory() || inode.target != null;
  }

  private void writeInode(Inode inode) throws IOException {
    boolean regular = (inode.mode & ErofsFormat.S_IFMT) == ErofsFormat.S_IFREG;
    boolean holdsInline = inlineBytes(inode) > 0;
    int layout = holdsInline ? ErofsFormat.LAYOUT_FLAT_INLINE : ErofsFormat.LAYOUT_FLAT_PLAIN;
    int mode =
        inode instanceof Directory directory ? inode.mode | directory.permissions : inode.mode;
    int xattrBytes = inode.xattrBytes();
    ByteBuffer buffer = out.room(ErofsFormat.INODE_SIZE + xattrBytes + ErofsFormat.BLOCK);
    buffer.putShort((short) (ErofsFormat.FORMAT_EXTENDED | layout << 1));
    buffer.putShort((short) XattrCodec.count(xattrBytes));
    buffer.putShort((short) mode).putShort((short) 0);
    buffer.putLong(inode.size);
    boolean device = !regular && !holdsNames(inode);
    buffer.putInt(device ? inode.rdev : inode.firstBlock);
    buffer.putInt((int) inode.nid);
    buffer.putInt(inode.uid).putInt(inode.gid);
    buffer.putLong(inode.mtimeSeconds).putInt(inode.mtimeNanos).putInt(inode.nlink);
    buffer.putLong(0).putLong(0);
    XattrCodec.write(inode.xattrs, buffer);
    if (holdsInline) {
      if (inode instanceof Directory directory) {
        writeDirents(directory, 0, directory.names.length, buffer);
      } else if (inode.target != null) {
        buffer.put(inode.target.getBytes(StandardCharsets.ISO_8859_1));
      }
    }
  }

  private void writeBlocks(Inode inode) throws IOException {
    if (!(inode instanceof Directory directory)) {
      if (inode.target != null) {
        byte[] target = inode.target.getBytes(StandardCharsets.ISO_8859_1);
        out.write(target, 0, target.length);
      }
      out.align(ErofsFormat.BLOCK);
      return;
    }
    String[] names = directory.names;
    int from = 0;
    while (from < names.length) {
      int used = 0;
      int to = from;
      while (to < names.length
          && used + ErofsFormat.DIRENT + names[to].length() <= ErofsFormat.BLOCK) {
        used += ErofsFormat.DIRENT + names[to++].length();
      }
      writeDirents(directory, from, to, out.room(ErofsFormat.BLOCK));
      out.align(ErofsFormat.BLOCK);
      from = to;
    }
  }

  private static void writeDirents(Directory directory, int from, int to, ByteBuffer buffer) {
    int nameOffset = (to - from) * ErofsFormat.DIRENT;
    for (int i = from; i < to; i++) {
      Inode child = directory.inodes[i];
      buffer.putLong(child.nid).putShort((short) nameOffset);
      buffer.put((byte) ErofsFormat.fileType(child.mode)).put((byte) 0);
      nameOffset += directory.names[i].length();
    }
    for (int i = from; i < to; i++) {
      buffer.put(directory.names[i].getBytes(StandardCharsets.ISO_8859_1));
    }
  }

  private byte[] superblock(Directory root) {
    ByteBuffer block =
        ByteBuffer.allocate(ErofsFormat.BLOCK - ErofsFormat.SUPER_OFFSET)
            .order(ByteOrder.LITTLE_ENDIAN);
    block.putInt(ErofsFormat.SB_MAGIC, ErofsFormat.SUPER_MAGIC);
    block.putInt(
        ErofsFormat.SB_FEATURE_COMPAT,
        ErofsFormat.FEATURE_COMPAT_SB_CHKSUM | ErofsFormat.FEATURE_COMPAT_MTIME);
    block.put(ErofsFormat.SB_BLKSZBITS, (byte) ErofsFormat.BLOCK_BITS);
    block.putShort(ErofsFormat.SB_ROOT_NID, (short) root.nid);
    block.putLong(ErofsFormat.SB_INOS, order.size());
    block.putInt(ErofsFormat.SB_BLOCKS, nextBlock);
    block.putInt(ErofsFormat.SB_META_BLKADDR, metaBlock);
    block.put(
        ErofsFormat.SB_VOLUME_NAME, ErofsFormat.VOLUME_NAME.getBytes(StandardCharsets.ISO_8859_1));
    CRC32C crc = new CRC32C();
    crc.update(block.array());
    // The kernel's crc32c leaves out the final inversion.
    block.putInt(ErofsFormat.SB_CHECKSUM, ~(int) crc.getValue());
    return block.array();
  }
}
