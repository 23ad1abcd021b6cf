package dev.vivarium.microvm.files;

import dev.vivarium.microvm.files.NodeTable.Node;
import dev.vivarium.microvm.files.OpenFiles.OpenFile;
import dev.vivarium.microvm.host.HostCalls;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** One mount of a guest: its kernel's requests, decoded, done on a {@link HostTree}, answered. */
final class FuseMount {
  /** The most data in one request or reply: fifteen pages, so that each fits into a frame. */
  private static final int MAX_DATA = 15 * 4096;

  private static final int MAX_TARGET = 4095;
  private static final int ENTRY = 128;
  private static final int DIRENT = 24;
  private static final int BLOCK = 4096;

  private final HostTree tree;
  private final NodeTable nodes;
  private final OpenFiles open = new OpenFiles();
  private final ReadFiles read;

  /**
   * Whether the guest's kernel opens files without asking: two round trips less for each. Not where
   * something may be written, and not where the policy of this machine's own root may refuse it.
   */
  private volatile boolean opensUnasked;

  FuseMount(HostTree tree) {
    this.tree = tree;
    this.nodes = tree.nodes();
    this.read = new ReadFiles(tree, open);
  }

  HostTree tree() {
    return tree;
  }

  /** Closes what the guest has open. */
  void close(HostCalls calls) {
    open.close(calls);
    tree.close(calls);
  }

  /**
   * Does what is asked.
   *
   * @return the answer, or null if none is wanted
   */
  @Nullable ByteBuffer answer(FuseRequest in, FuseReply out, HostCalls calls) {
    out.clear();
    boolean wanted = true;
    int error = 0;
    try {
      switch (in.opcode) {
        // Those that have no answer. Nothing here waits for long, so nothing is interrupted.
        case Fuse.FORGET, Fuse.BATCH_FORGET, Fuse.INTERRUPT -> {
          wanted = false;
          forget(in, calls);
        }
        default -> error = done(in, out, calls);
      }
    } catch (FuseRequest.Malformed e) {
      error = -Fuse.EINVAL;
    }
    return wanted ? out.finish(in.unique, Math.min(error, 0)) : null;
  }

  private void forget(FuseRequest in, HostCalls calls) throws FuseRequest.Malformed {
    if (in.opcode == Fuse.FORGET) {
      forget(in.node, in.u64(), calls);
    } else if (in.opcode == Fuse.BATCH_FORGET) {
      int count = in.u32();
      in.skip(4);
      for (int i = 0; i < count; i++) {
        forget(in.u64(), in.u64(), calls);
      }
    }
  }

  private void forget(long node, long count, HostCalls calls) {
    if (nodes.forget(node, count)) {
      read.forget(node, calls);
    }
  }

  private int done(FuseRequest in, FuseReply out, HostCalls calls) throws FuseRequest.Malformed {
    switch (in.opcode) {
      case Fuse.INIT -> {
        return init(in, out);
      }
      case Fuse.DESTROY -> {
        return 0;
      }
      case Fuse.FLUSH -> {
        // Not needed, and not asked for a second time: a round trip less for each file.
        return -Fuse.ENOSYS;
      }
      case Fuse.OPENDIR -> {
        // Nothing is kept open; and nothing cached, so that a listing brings all attributes again.
        out.u64(0).u32(0).u32(0);
        return 0;
      }
      case Fuse.STATFS -> {
        return statfs(out, calls);
      }
      case Fuse.READ -> {
        return read(in, out, calls);
      }
      case Fuse.WRITE -> {
        return write(in, out, calls);
      }
      case Fuse.RELEASE, Fuse.RELEASEDIR -> {
        open.release(in.u64(), calls);
        return 0;
      }
      case Fuse.FSYNC, Fuse.FSYNCDIR -> {
        return fsync(in, calls);
      }
      case Fuse.FALLOCATE -> {
        return fallocate(in, calls);
      }
      case Fuse.LSEEK -> {
        return lseek(in, out, calls);
      }
      default -> {
        Node node = nodes.get(in.node);
        return node == null ? -Fuse.ESTALE : done(in, node, out, calls);
      }
    }
  }

  /** What is about a file by its number. */
  private int done(FuseRequest in, Node node, FuseReply out, HostCalls calls)
      throws FuseRequest.Malformed {
    switch (in.opcode) {
      case Fuse.LOOKUP -> {
        return lookup(node, in.name(), out, calls);
      }
      case Fuse.GETATTR -> {
        return getattr(in, node, out, calls);
      }
      case Fuse.SETATTR -> {
        return setattr(in, node, out, calls);
      }
      case Fuse.READLINK -> {
        return tree.readlink(node, out, calls);
      }
      case Fuse.OPEN -> {
        return open(in, node, out, calls);
      }
      case Fuse.READDIR -> {
        return readDirectory(in, node, false, out, calls);
      }
      case Fuse.READDIRPLUS -> {
        return readDirectory(in, node, true, out, calls);
      }
      case Fuse.SYMLINK -> {
        String name = in.name();
        return tree.symlink(node, name, in.text(MAX_TARGET), in, out, calls);
      }
      case Fuse.MKNOD -> {
        int mode = in.u32();
        in.skip(4);
        int umask = in.u32();
        in.skip(4);
        return tree.make(node, in.name(), mode & ~(umask & 0777), in, out, calls);
      }
      case Fuse.MKDIR -> {
        int mode = in.u32();
        int umask = in.u32();
        int type = Fuse.S_IFDIR | mode & 07777 & ~umask;
        return tree.make(node, in.name(), type, in, out, calls);
      }
      case Fuse.UNLINK -> {
        return tree.unlink(node, in.name(), false, calls);
      }
      case Fuse.RMDIR -> {
        return tree.unlink(node, in.name(), true, calls);
      }
      case Fuse.RENAME -> {
        return rename(in, node, in.u64(), 0, calls);
      }
      case Fuse.RENAME2 -> {
        long to = in.u64();
        int flags = in.u32();
        in.skip(4);
        return rename(in, node, to, flags, calls);
      }
      case Fuse.LINK -> {
        Node existing = nodes.get(in.u64());
        return existing == null ? -Fuse.ESTALE : tree.link(existing, node, in.name(), out, calls);
      }
      case Fuse.CREATE -> {
        return create(in, node, out, calls);
      }
      default -> {
        // The kernel asks no second time, and does without: extended attributes, locks.
        return -Fuse.ENOSYS;
      }
    }
  }

  private int init(FuseRequest in, FuseReply out) throws FuseRequest.Malformed {
    int major = in.u32();
    int minor = in.u32();
    int readahead = in.u32();
    int offered = in.u32();
    if (major != Fuse.MAJOR || minor < Fuse.MINOR) {
      return -Fuse.EINVAL;
    }
    int wanted =
        Fuse.ASYNC_READ
            | Fuse.BIG_WRITES
            | Fuse.AUTO_INVAL_DATA
            | Fuse.DO_READDIRPLUS
            | Fuse.PARALLEL_DIROPS
            | Fuse.MAX_PAGES
            | Fuse.CACHE_SYMLINKS;
    opensUnasked = (offered & Fuse.NO_OPEN_SUPPORT) != 0 && !tree.isWritable() && !tree.isMachine();
    out.u32(Fuse.MAJOR).u32(Fuse.MINOR).u32(readahead).u32(offered & wanted);
    out.u16(12).u16(9).u32(MAX_DATA).u32(1).u16(MAX_DATA / BLOCK).u16(0).zeros(32);
    return 0;
  }

  private int lookup(Node directory, String name, FuseReply out, HostCalls calls) {
    int r = tree.lookup(directory, name, out, calls);
    if (r == -Fuse.ENOENT && tree.isMachine()) {
      // That it is not there may be believed for a while too.
      out.clear().u64(0).u64(0).u64(10).zeros(ENTRY - 24);
      return 0;
    }
    return r;
  }

  private int getattr(FuseRequest in, Node node, FuseReply out, HostCalls calls)
      throws FuseRequest.Malformed {
    int flags = in.u32();
    in.skip(4);
    OpenFile file = (flags & Fuse.GETATTR_FH) != 0 ? known(in, in.u64()) : null;
    int r = tree.getattr(node, file == null ? -1 : file.fd, out, calls);
    if (file != null) {
      file.leave(calls);
    }
    return r;
  }

  private int setattr(FuseRequest in, Node node, FuseReply out, HostCalls calls)
      throws FuseRequest.Malformed {
    int valid = in.u32();
    in.skip(4);
    long handle = in.u64();
    long size = in.u64();
    in.skip(8);
    long atime = in.u64();
    long mtime = in.u64();
    in.skip(8);
    int atimeNanos = in.u32();
    int mtimeNanos = in.u32();
    in.skip(4);
    int mode = in.u32();
    in.skip(4);
    int uid = in.u32();
    int gid = in.u32();
    OpenFile file = (valid & Fuse.SET_FH) != 0 ? open.use(handle) : null;
    int r =
        tree.setattr(
            node,
            new HostTree.Changes(valid, mode, uid, gid, size, atime, atimeNanos, mtime, mtimeNanos),
            file == null || !file.writable ? -1 : file.fd,
            out,
            calls);
    if (file != null) {
      file.leave(calls);
    }
    return r;
  }

  /**
   * Opens what the guest's kernel reads without having opened it, unless it is open still.
   *
   * @return 0 or a negative errno
   */
  private int ready(FuseRequest in, long number, HostCalls calls) {
    if (number != 0 || !opensUnasked || read.isKept(in.node)) {
      return 0;
    }
    Node node = nodes.get(in.node);
    return node == null ? -Fuse.ESTALE : read.open(node, calls);
  }

  /** The open file with a number, or of a node; the caller leaves it. */
  private @Nullable OpenFile known(FuseRequest in, long number) {
    return number == 0 && opensUnasked ? read.kept(in.node) : open.use(number);
  }

  private int open(FuseRequest in, Node node, FuseReply out, HostCalls calls)
      throws FuseRequest.Malformed {
    if (opensUnasked) {
      // The kernel asks no second time.
      return -Fuse.ENOSYS;
    }
    int flags = in.u32();
    int fd = tree.open(node, flags, calls);
    return fd < 0 ? fd : opened(fd, flags, out, calls);
  }

  /** Writes {@code struct fuse_open_out}. */
  private int opened(int fd, int flags, FuseReply out, HostCalls calls) {
    long number = open.add(fd, (flags & HostCalls.O_ACCMODE) != HostCalls.O_RDONLY);
    if (number < 0) {
      calls.close(fd);
      return -Fuse.ENFILE;
    }
    out.u64(number).u32(Fuse.FOPEN_KEEP_CACHE).u32(0);
    return 0;
  }

  private int create(FuseRequest in, Node directory, FuseReply out, HostCalls calls)
      throws FuseRequest.Malformed {
    int flags = in.u32();
    int mode = in.u32();
    int umask = in.u32();
    in.skip(4);
    String name = in.name();
    int fd = tree.create(directory, name, flags, mode & 07777 & ~umask, in, out, calls);
    return fd < 0 ? fd : opened(fd, flags, out, calls);
  }

  private int rename(FuseRequest in, Node from, long toNumber, int flags, HostCalls calls)
      throws FuseRequest.Malformed {
    Node to = nodes.get(toNumber);
    String name = in.name();
    return to == null ? -Fuse.ESTALE : tree.rename(from, name, to, in.name(), flags, calls);
  }

  private int read(FuseRequest in, FuseReply out, HostCalls calls) throws FuseRequest.Malformed {
    long number = in.u64();
    int opened = ready(in, number, calls);
    OpenFile file = opened < 0 ? null : known(in, number);
    if (file == null) {
      return opened < 0 ? opened : -Fuse.EBADF;
    }
    try {
      long offset = in.u64();
      int size = in.u32();
      if (size < 0 || size > MAX_DATA) {
        return -Fuse.EINVAL;
      }
      int n = calls.pread(file.fd, size, offset);
      if (n > 0) {
        HostTree.copy(calls, n, out);
      }
      return n;
    } finally {
      file.leave(calls);
    }
  }

  private int write(FuseRequest in, FuseReply out, HostCalls calls) throws FuseRequest.Malformed {
    OpenFile file = open.use(in.u64());
    if (file == null) {
      return -Fuse.EBADF;
    }
    try {
      long offset = in.u64();
      int size = in.u32();
      in.skip(20);
      int from = in.data(size);
      int done = 0;
      while (done < size) {
        int n = calls.pwrite(file.fd, in.bytes(), from + done, size - done, offset + done);
        if (n <= 0) {
          if (done == 0) {
            return n;
          }
          break;
        }
        done += n;
      }
      out.u32(done).u32(0);
      return 0;
    } finally {
      file.leave(calls);
    }
  }

  private int fsync(FuseRequest in, HostCalls calls) throws FuseRequest.Malformed {
    OpenFile file = open.use(in.u64());
    if (file == null) {
      return in.opcode == Fuse.FSYNCDIR || opensUnasked ? 0 : -Fuse.EBADF;
    }
    try {
      return tree.isWritable() ? calls.fsync(file.fd, (in.u32() & 1) != 0) : 0;
    } finally {
      file.leave(calls);
    }
  }

  private int fallocate(FuseRequest in, HostCalls calls) throws FuseRequest.Malformed {
    OpenFile file = open.use(in.u64());
    if (file == null) {
      return -Fuse.EBADF;
    }
    try {
      long offset = in.u64();
      long length = in.u64();
      return calls.fallocate(file.fd, in.u32(), offset, length);
    } finally {
      file.leave(calls);
    }
  }

  private int lseek(FuseRequest in, FuseReply out, HostCalls calls) throws FuseRequest.Malformed {
    long number = in.u64();
    int opened = ready(in, number, calls);
    OpenFile file = opened < 0 ? null : known(in, number);
    if (file == null) {
      return opened < 0 ? opened : -Fuse.EBADF;
    }
    try {
      long offset = in.u64();
      long r = calls.lseek(file.fd, offset, in.u32());
      if (r >= 0) {
        out.u64(r);
      }
      return (int) Math.min(r, 0);
    } finally {
      file.leave(calls);
    }
  }

  private int statfs(FuseReply out, HostCalls calls) {
    int fd = tree.openRoot(calls);
    if (fd < 0) {
      return fd;
    }
    int r = calls.fstatfs(fd);
    calls.close(fd);
    if (r == 0) {
      MemorySegment found = calls.data();
      // f_blocks, f_bfree, f_bavail, f_files, f_ffree
      for (int offset = 16; offset <= 48; offset += 8) {
        out.u64(found.get(ValueLayout.JAVA_LONG, offset));
      }
      int block = (int) found.get(ValueLayout.JAVA_LONG, 8);
      out.u32(block).u32((int) found.get(ValueLayout.JAVA_LONG, 64)).u32(block).zeros(28);
    }
    return r;
  }

  /** Lists a part of a directory; with {@code plus}, each name is looked up as well. */
  private int readDirectory(
      FuseRequest in, Node directory, boolean plus, FuseReply out, HostCalls calls)
      throws FuseRequest.Malformed {
    in.skip(8);
    long position = in.u64();
    int size = in.u32();
    if (size < 0 || size > MAX_DATA) {
      return -Fuse.EINVAL;
    }
    int fd = tree.openDirectory(directory, calls);
    if (fd == HostTree.SHOWN_EMPTY) {
      return 0;
    }
    if (fd < 0) {
      return fd;
    }
    // An entry of the host's takes at least 24 bytes, and one of ours not less.
    int n = calls.getdents(fd, position, Math.min(size, 32 << 10));
    calls.close(fd);
    if (n <= 0) {
      return n;
    }
    // The memory is needed for looking up.
    byte[] entries = calls.data().asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
    list(entries, directory, plus, size, out, calls);
    return 0;
  }

  private void list(
      byte[] entries, Node directory, boolean plus, int size, FuseReply out, HostCalls calls) {
    ByteBuffer from = ByteBuffer.wrap(entries).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    while (at + 19 < entries.length) {
      long inode = from.getLong(at);
      long next = from.getLong(at + 8);
      int length = Short.toUnsignedInt(from.getShort(at + 16));
      int type = from.get(at + 18);
      int end = at + 19;
      while (end < at + length && entries[end] != 0) {
        end++;
      }
      String name = new String(entries, at + 19, end - at - 19, StandardCharsets.ISO_8859_1);
      at += length;
      if (!tree.shows(directory, name)) {
        continue;
      }
      int padded = (DIRENT + name.length() + 7) / 8 * 8;
      if (out.length() + padded + (plus ? ENTRY : 0) > size) {
        return;
      }
      if (plus) {
        int mark = out.mark();
        boolean dots = name.equals(".") || name.equals("..");
        if (dots || tree.lookup(directory, name, out, calls) < 0) {
          out.backTo(mark);
          out.zeros(ENTRY);
        }
      }
      out.u64(inode).u64(next).u32(name.length()).u32(type);
      byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
      out.bytes(bytes, 0, bytes.length).zeros(padded - DIRENT - bytes.length);
    }
  }
}
