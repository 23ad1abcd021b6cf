package dev.vivarium.microvm.files;

import dev.vivarium.engine.GuestText;
import dev.vivarium.microvm.files.HostPolicy.Zone;
import dev.vivarium.microvm.files.NodeTable.Identity;
import dev.vivarium.microvm.files.NodeTable.Node;
import dev.vivarium.microvm.host.HostCalls;
import dev.vivarium.microvm.host.ShimWalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file tree of the host, or one file of it, as a guest may see it. Methods return a negative
 * errno when something is refused; who calls brings the host calls of its thread.
 */
final class HostTree {
  private static final int NOBODY = 65534;
  private static final int S_IROTH = 4;
  private static final int S_IXOTH = 1;

  // Places in struct statx.
  private static final int STX_BLKSIZE = 4;
  private static final int STX_NLINK = 16;
  private static final int STX_UID = 20;
  private static final int STX_GID = 24;
  private static final int STX_MODE = 28;
  private static final int STX_INO = 32;
  private static final int STX_SIZE = 40;
  private static final int STX_BLOCKS = 48;
  private static final int STX_ATIME = 64;
  private static final int STX_BTIME = 80;
  private static final int STX_CTIME = 96;
  private static final int STX_MTIME = 112;
  private static final int STX_DEV = 136;
  private static final int STX_MNT_ID = 144;

  private final int base;
  private final boolean host;
  private final boolean writable;
  private final int ownUid;
  private final int ownGid;
  private final int rootMode;
  private final int rootType;
  private final NodeTable nodes;

  private HostTree(
      int base, String name, boolean host, boolean writable, int rootMode, HostCalls calls)
      throws IOException {
    this.base = base;
    this.host = host;
    this.writable = writable;
    this.rootMode = rootMode;
    ownUid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    ownGid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:gid");
    rootType = type(base, calls);
    nodes =
        new NodeTable(
            name,
            identity(calls),
            host ? Zone.ROOT : Zone.OPEN,
            calls.statLong(STX_MNT_ID),
            calls.statShort(STX_MODE));
  }

  /** This machine's own root, under the policy. */
  static HostTree ofMachine(HostCalls calls) throws IOException {
    return open("/", true, false, calls);
  }

  /** What a user wants to be seen. */
  static HostTree ofPath(String path, boolean writable, HostCalls calls) throws IOException {
    return open(path, false, writable, calls);
  }

  private static HostTree open(String path, boolean host, boolean writable, HostCalls calls)
      throws IOException {
    int fd = calls.openOfUser(GuestText.of(path), HostCalls.O_PATH);
    if (fd < 0) {
      throw new IOException("cannot open " + path + ": error " + -fd);
    }
    calls.statx(fd);
    int mode = calls.statShort(STX_MODE);
    if (isDirectory(mode)) {
      return new HostTree(fd, "", host, writable, mode, calls);
    }
    calls.close(fd);
    if ((mode & Fuse.S_IFMT) != Fuse.S_IFREG) {
      throw new IOException("neither a directory nor a file: " + path);
    }
    // By its name, so that an editor that replaces the file is seen to do so.
    Path real = Path.of(path).toRealPath();
    Path parent = real.getParent();
    int directory = calls.openOfUser(GuestText.of(String.valueOf(parent)), HostCalls.O_PATH);
    String name = GuestText.of(String.valueOf(real.getFileName()));
    if (parent == null || directory < 0 || calls.statx(directory, name) < 0) {
      throw new IOException("cannot open " + path);
    }
    return new HostTree(directory, name, host, writable, mode, calls);
  }

  /** File type and permissions of the root. */
  int rootMode() {
    return rootMode;
  }

  boolean isWritable() {
    return writable;
  }

  /** Whether it is this machine's root, which changes seldom. */
  boolean isMachine() {
    return host;
  }

  /** Lets this process have what the guest may see here, once it is confined. */
  void allow(ShimWalls walls) {
    if (host) {
      walls.machine(base, HostPolicy.served(), HostPolicy.empty());
    } else {
      walls.mount(base, isDirectory(rootMode), writable);
    }
  }

  NodeTable nodes() {
    return nodes;
  }

  private static boolean isDirectory(int mode) {
    return (mode & Fuse.S_IFMT) == Fuse.S_IFDIR;
  }

  /** Of what was looked at last. */
  private static Identity identity(HostCalls calls) {
    return new Identity(
        calls.statLong(STX_DEV),
        calls.statLong(STX_INO),
        calls.statLong(STX_BTIME) * 1_000_000_000L + calls.statInt(STX_BTIME + 8),
        calls.statShort(STX_MODE) & Fuse.S_IFMT);
  }

  // ---- finding ----

  private int maySearch(Node directory) {
    if (!isDirectory(directory.mode)) {
      return -Fuse.ENOTDIR;
    }
    boolean refused = host && (directory.mode & S_IXOTH) == 0;
    return refused || directory.zone == Zone.DENIED ? -Fuse.EACCES : 0;
  }

  int mayList(Node directory) {
    if (!isDirectory(directory.mode)) {
      return -Fuse.ENOTDIR;
    }
    boolean refused = host && (directory.mode & S_IROTH) == 0;
    return refused || directory.zone == Zone.DENIED ? -Fuse.EACCES : 0;
  }

  /** Whether a name in a directory is shown at all. */
  boolean shows(Node directory, String name) {
    return !host || HostPolicy.zoneOf(directory.zone, name) != Zone.HIDDEN;
  }

  /**
   * Looks a name up, and writes what FUSE calls an entry.
   *
   * @return 0 or a negative errno
   */
  int lookup(Node directory, String name, FuseReply reply, HostCalls calls) {
    int refused = maySearch(directory);
    if (refused < 0) {
      return refused;
    }
    Zone zone = host ? HostPolicy.zoneOf(directory.zone, name) : Zone.OPEN;
    if (zone == Zone.HIDDEN) {
      return -Fuse.ENOENT;
    }
    String path = nodes.path(directory, name);
    if (path == null) {
      return -Fuse.ENAMETOOLONG;
    }
    int fd = calls.openBeneath(base, path, HostCalls.O_PATH, 0);
    if (fd < 0) {
      return fd;
    }
    try {
      int r = calls.statx(fd);
      if (r < 0) {
        return r;
      }
      long mount = calls.statLong(STX_MNT_ID);
      if (host && zone != Zone.EMPTY && mount != directory.mount) {
        if (!mayEnter(directory, fd, mount, calls)) {
          return -Fuse.EACCES;
        }
      }
      // What is shown empty is a directory whatever the host has there.
      int mode = zone == Zone.EMPTY ? Fuse.S_IFDIR | 0755 : calls.statShort(STX_MODE);
      Identity identity = isOurs(zone) ? ours(directory.zone, name) : identity(calls);
      Node node = nodes.found(directory, name, identity, zone, mount, mode);
      if (node == null) {
        return -Fuse.ENFILE;
      }
      entry(node, name, reply, calls);
      return 0;
    } finally {
      calls.close(fd);
    }
  }

  private static final java.lang.foreign.ValueLayout.OfLong LONG =
      java.lang.foreign.ValueLayout.JAVA_LONG;

  /** The kind of file system that a descriptor is of; 0 if it cannot be told. */
  private static int type(int fd, HostCalls calls) {
    return calls.fstatfs(fd) < 0 ? 0 : (int) calls.data().get(LONG, 0);
  }

  /** Whether a mount may be shown; what was looked at last is that file still. */
  private boolean mayEnter(Node directory, int fd, long mount, HostCalls calls) {
    int type = type(fd, calls);
    if (HostPolicy.isLocal(type) || (directory.zone != Zone.OPEN && type == rootType)) {
      return true;
    }
    // A process that has confined itself since has its own mounts of the same file systems.
    String path = nodes.path(directory, "");
    int again = path == null ? -1 : calls.openBeneath(base, path, HostCalls.O_PATH, 0);
    if (again < 0) {
      return false;
    }
    boolean same = calls.statx(again) == 0 && calls.statLong(STX_MNT_ID) == mount;
    calls.close(again);
    return calls.statx(fd) == 0 && same;
  }

  /** Whether it may be a directory of this machine's or one of ours in its place (world.c). */
  private static boolean isOurs(Zone zone) {
    return zone == Zone.EMPTY || zone == Zone.VAR;
  }

  /** Such a one is the same whichever of the two it is. */
  private static Identity ours(Zone directory, String name) {
    return new Identity(-1, name.hashCode(), directory.ordinal(), Fuse.S_IFDIR);
  }

  /** How long the guest may believe what it was told. */
  private int validSeconds() {
    return host ? 10 : 1;
  }

  private void entry(Node node, String name, FuseReply reply, HostCalls calls) {
    reply.u64(node.id).u64(0).u64(validSeconds()).u64(validSeconds()).u32(0).u32(0);
    attributes(node, name, reply, calls);
  }

  /** {@code struct fuse_attr} of what was looked at last. */
  private void attributes(Node node, String name, FuseReply reply, HostCalls calls) {
    if (node.zone == Zone.EMPTY) {
      int mode = Fuse.S_IFDIR | (name.equals("tmp") ? 01777 : 0755);
      reply.u64(calls.statLong(STX_INO)).u64(4096).zeros(44).u32(mode).u32(2).zeros(12);
      reply.u32(4096).u32(0);
      return;
    }
    reply
        .u64(calls.statLong(STX_INO))
        .u64(calls.statLong(STX_SIZE))
        .u64(calls.statLong(STX_BLOCKS))
        .u64(calls.statLong(STX_ATIME))
        .u64(calls.statLong(STX_MTIME))
        .u64(calls.statLong(STX_CTIME))
        .u32(calls.statInt(STX_ATIME + 8))
        .u32(calls.statInt(STX_MTIME + 8))
        .u32(calls.statInt(STX_CTIME + 8))
        .u32(calls.statShort(STX_MODE))
        .u32(calls.statInt(STX_NLINK))
        .u32(shownId(calls.statInt(STX_UID), ownUid))
        .u32(shownId(calls.statInt(STX_GID), ownGid))
        .u32(0)
        .u32(Math.max(calls.statInt(STX_BLKSIZE), 4096))
        .u32(0);
  }

  /**
   * Root sees ids as they are; to another user, what is the user's own is root's. Others' do not
   * exist in the user namespace of a user's process; all of the machine's own are shown as root's.
   */
  private int shownId(int id, int own) {
    if (ownUid == 0) {
      return id;
    }
    return host || id == own ? 0 : NOBODY;
  }

  /**
   * A descriptor with O_PATH of a file that the guest knows, and its status looked at; the caller
   * closes it.
   *
   * @return -ESTALE if its name leads to another file by now
   */
  private int find(Node node, HostCalls calls) {
    String path = nodes.path(node, "");
    if (path == null) {
      return -Fuse.ENAMETOOLONG;
    }
    int fd = calls.openBeneath(base, path, HostCalls.O_PATH, 0);
    if (fd < 0) {
      return fd == -Fuse.ENOENT ? -Fuse.ESTALE : fd;
    }
    int r = calls.statx(fd);
    boolean known = node.id == Fuse.ROOT_ID || isOurs(node.zone);
    if (r == 0 && !known && !identity(calls).equals(node.identity)) {
      r = -Fuse.ESTALE;
    }
    if (r < 0) {
      calls.close(fd);
      return r;
    }
    if (node.zone != Zone.EMPTY) {
      node.mode = calls.statShort(STX_MODE);
    }
    return fd;
  }

  /**
   * Writes what FUSE calls attributes with the time that they are valid.
   *
   * @param open a descriptor of it that is open already, or negative
   */
  int getattr(Node node, int open, FuseReply reply, HostCalls calls) {
    if (open >= 0) {
      int r = calls.statx(open);
      if (r < 0) {
        return r;
      }
      attributesOut(node, reply, calls);
      return 0;
    }
    int fd = find(node, calls);
    if (fd < 0) {
      return fd;
    }
    attributesOut(node, reply, calls);
    calls.close(fd);
    return 0;
  }

  private void attributesOut(Node node, FuseReply reply, HostCalls calls) {
    reply.u64(validSeconds()).u32(0).u32(0);
    String path = node.zone == Zone.EMPTY ? nodes.path(node, "") : "";
    attributes(node, path != null && path.endsWith("tmp") ? "tmp" : "", reply, calls);
  }

  /** Writes the target of a link. */
  int readlink(Node node, FuseReply reply, HostCalls calls) {
    if (node.zone == Zone.DENIED) {
      return -Fuse.EACCES;
    }
    int fd = find(node, calls);
    if (fd < 0) {
      return fd;
    }
    int n = calls.readlink(fd);
    calls.close(fd);
    if (n >= 0) {
      copy(calls, n, reply);
    }
    return Math.min(n, 0);
  }

  /** Copies what a call left in its memory. */
  static void copy(HostCalls calls, int count, FuseReply reply) {
    java.lang.foreign.MemorySegment.copy(
        calls.data(),
        java.lang.foreign.ValueLayout.JAVA_BYTE,
        0,
        reply.array(),
        reply.mark(),
        count);
    reply.advance(count);
  }

  // ---- opening ----

  /** Opens a regular file, and nothing else, for real. */
  int open(Node node, int flags, HostCalls calls) {
    int wanted = flags & (HostCalls.O_ACCMODE | HostCalls.O_APPEND);
    if ((wanted & HostCalls.O_ACCMODE) == HostCalls.O_ACCMODE) {
      return -Fuse.EINVAL;
    }
    if ((wanted & HostCalls.O_ACCMODE) != HostCalls.O_RDONLY && !writable) {
      return -Fuse.EROFS;
    }
    if (node.zone == Zone.DENIED) {
      return -Fuse.EACCES;
    }
    int fd = find(node, calls);
    if (fd < 0) {
      return fd;
    }
    int r =
        switch (node.mode & Fuse.S_IFMT) {
          case Fuse.S_IFREG -> host && (node.mode & S_IROTH) == 0 ? -Fuse.EACCES : 0;
          case Fuse.S_IFDIR -> -Fuse.EISDIR;
          case Fuse.S_IFLNK -> -Fuse.ELOOP;
          default -> -Fuse.ENXIO;
        };
    if (r == 0) {
      r = calls.reopen(fd, wanted);
    }
    calls.close(fd);
    return r;
  }

  /** Instead of a descriptor, of a directory that is shown empty. */
  static final int SHOWN_EMPTY = Integer.MIN_VALUE;

  /** Opens a directory for listing. */
  int openDirectory(Node node, HostCalls calls) {
    int r = mayList(node);
    if (r < 0) {
      return r;
    }
    if (node.zone == Zone.EMPTY) {
      return SHOWN_EMPTY;
    }
    int fd = find(node, calls);
    if (fd < 0) {
      return fd;
    }
    r = calls.reopen(fd, HostCalls.O_RDONLY | HostCalls.O_DIRECTORY);
    calls.close(fd);
    return r;
  }

  /** A descriptor with O_PATH of anything, for statfs; the caller closes it. */
  int openRoot(HostCalls calls) {
    // The root itself may be a directory of ours.
    String name = host ? "usr" : "";
    String path = nodes.path(java.util.Objects.requireNonNull(nodes.get(Fuse.ROOT_ID)), name);
    return path == null ? -Fuse.EIO : calls.openBeneath(base, path, HostCalls.O_PATH, 0);
  }

  // ---- changing ----

  /** A guest may not leave set-user-ID programs behind on the host. */
  private static int safeMode(int mode, boolean directory) {
    return mode & (directory ? 03777 : 01777);
  }

  /** What is done with the directory of a change. */
  private interface Change {
    int in(int directory);
  }

  private int change(Node directory, HostCalls calls, Change change) {
    if (!writable) {
      return -Fuse.EROFS;
    }
    if (!isDirectory(directory.mode)) {
      return -Fuse.ENOTDIR;
    }
    int fd = find(directory, calls);
    if (fd < 0) {
      return fd;
    }
    int r = change.in(fd);
    calls.close(fd);
    return r;
  }

  /** What was made is the guest's user's, where we may give it away. */
  private void give(int fd, String name, int uid, int gid, HostCalls calls) {
    if (ownUid == 0 && (uid != 0 || gid != 0)) {
      calls.chown(fd, name, uid, gid);
    }
  }

  /**
   * Makes a regular file and opens it.
   *
   * @return the descriptor; what is in the reply then is its entry
   */
  int create(
      Node directory,
      String name,
      int flags,
      int mode,
      FuseRequest who,
      FuseReply reply,
      HostCalls calls) {
    int wanted = flags & (HostCalls.O_ACCMODE | HostCalls.O_APPEND);
    if ((wanted & HostCalls.O_ACCMODE) == HostCalls.O_ACCMODE) {
      return -Fuse.EINVAL;
    }
    int made =
        change(
            directory,
            calls,
            parent -> {
              int all =
                  wanted
                      | HostCalls.O_CREAT
                      | HostCalls.O_EXCL
                      | HostCalls.O_NONBLOCK
                      | HostCalls.O_NOCTTY;
              int fd = calls.openBeneath(parent, name, all, 0600);
              if (fd >= 0) {
                give(fd, "", who.uid, who.gid, calls);
                calls.fchmod(fd, safeMode(mode, false));
              }
              return fd;
            });
    if (made >= 0) {
      int r = lookup(directory, name, reply, calls);
      if (r < 0) {
        calls.close(made);
        return r;
      }
    }
    return made;
  }

  /** Makes a directory, a FIFO, a socket or an empty file, and writes its entry. */
  int make(
      Node directory, String name, int mode, FuseRequest who, FuseReply reply, HostCalls calls) {
    int type = mode & Fuse.S_IFMT;
    boolean isDirectory = type == Fuse.S_IFDIR;
    if (!isDirectory && type != Fuse.S_IFREG && type != Fuse.S_IFIFO && type != Fuse.S_IFSOCK) {
      return -Fuse.EPERM;
    }
    int r =
        change(
            directory,
            calls,
            parent -> {
              int safe = safeMode(mode & 07777, isDirectory);
              int made =
                  isDirectory
                      ? calls.mkdir(parent, name, safe)
                      : calls.mknod(parent, name, type | safe);
              if (made == 0) {
                give(parent, name, who.uid, who.gid, calls);
              }
              return made;
            });
    return r < 0 ? r : lookup(directory, name, reply, calls);
  }

  int symlink(
      Node directory,
      String name,
      String target,
      FuseRequest who,
      FuseReply reply,
      HostCalls calls) {
    int r =
        change(
            directory,
            calls,
            parent -> {
              int made = calls.symlink(target, parent, name);
              if (made == 0) {
                give(parent, name, who.uid, who.gid, calls);
              }
              return made;
            });
    return r < 0 ? r : lookup(directory, name, reply, calls);
  }

  /** Gives a file one more name, and writes its entry. */
  int link(Node existing, Node directory, String name, FuseReply reply, HostCalls calls) {
    String path = nodes.path(existing, "");
    int slash = path == null ? -1 : path.lastIndexOf('/');
    if (path == null || existing.id == Fuse.ROOT_ID) {
      return -Fuse.EPERM;
    }
    int r =
        change(
            directory,
            calls,
            parent -> {
              String above = slash < 0 ? "." : path.substring(0, slash);
              int from = calls.openBeneath(base, above, HostCalls.O_PATH, 0);
              if (from < 0) {
                return from;
              }
              int linked = calls.statx(from, path.substring(slash + 1));
              if (linked == 0 && !identity(calls).equals(existing.identity)) {
                linked = -Fuse.ESTALE;
              }
              if (linked == 0) {
                linked = calls.link(from, path.substring(slash + 1), parent, name);
              }
              calls.close(from);
              return linked;
            });
    return r < 0 ? r : lookup(directory, name, reply, calls);
  }

  int unlink(Node directory, String name, boolean isDirectory, HostCalls calls) {
    return change(directory, calls, parent -> calls.unlink(parent, name, isDirectory));
  }

  int rename(Node from, String name, Node to, String newName, int flags, HostCalls calls) {
    // RENAME_NOREPLACE and RENAME_EXCHANGE
    if ((flags & ~3) != 0) {
      return -Fuse.EINVAL;
    }
    int r =
        change(
            from,
            calls,
            source ->
                change(to, calls, target -> calls.rename(source, name, target, newName, flags)));
    if (r == 0) {
      nodes.renamed(from, name, to, newName);
    }
    return r;
  }

  /** What SETATTR asks for; which of it holds is in {@code valid}. */
  record Changes(
      int valid,
      int mode,
      int uid,
      int gid,
      long size,
      long atime,
      int atimeNanos,
      long mtime,
      int mtimeNanos) {}

  private static final long UTIME_NOW = (1L << 30) - 1;
  private static final long UTIME_OMIT = (1L << 30) - 2;

  /**
   * Changes attributes, and writes what they are then.
   *
   * @param open a writable descriptor of it, or negative
   */
  int setattr(Node node, Changes wanted, int open, FuseReply reply, HostCalls calls) {
    if (!writable) {
      return -Fuse.EROFS;
    }
    int fd = find(node, calls);
    if (fd < 0) {
      return fd;
    }
    int r = apply(node, wanted, open, fd, calls);
    if (r == 0) {
      r = calls.statx(fd);
    }
    if (r == 0) {
      attributesOut(node, reply, calls);
    }
    calls.close(fd);
    return r;
  }

  private int apply(Node node, Changes wanted, int open, int fd, HostCalls calls) {
    int valid = wanted.valid;
    int r = 0;
    if ((valid & Fuse.SET_SIZE) != 0) {
      r = truncate(node, wanted.size, open, fd, calls);
    }
    if (r == 0 && (valid & (Fuse.SET_UID | Fuse.SET_GID)) != 0) {
      int uid = (valid & Fuse.SET_UID) != 0 ? wanted.uid : -1;
      int gid = (valid & Fuse.SET_GID) != 0 ? wanted.gid : -1;
      if (ownUid == 0) {
        r = calls.chown(fd, "", uid, gid);
      } else if (uid != -1 && uid != shownId(calls.statInt(STX_UID), ownUid)
          || gid != -1 && gid != shownId(calls.statInt(STX_GID), ownGid)) {
        // Only one id exists for us, and everything has it already.
        r = -Fuse.EPERM;
      }
    }
    if (r == 0 && (valid & Fuse.SET_MODE) != 0) {
      int type = node.mode & Fuse.S_IFMT;
      r =
          type == Fuse.S_IFLNK
              ? -Fuse.EOPNOTSUPP
              : calls.chmodPath(fd, safeMode(wanted.mode & 07777, type == Fuse.S_IFDIR));
    }
    int times = Fuse.SET_ATIME | Fuse.SET_MTIME | Fuse.SET_ATIME_NOW | Fuse.SET_MTIME_NOW;
    if (r == 0 && (valid & times) != 0) {
      r =
          calls.utimens(
              fd,
              wanted.atime,
              nanos(valid, Fuse.SET_ATIME, Fuse.SET_ATIME_NOW, wanted.atimeNanos),
              wanted.mtime,
              nanos(valid, Fuse.SET_MTIME, Fuse.SET_MTIME_NOW, wanted.mtimeNanos));
    }
    return r;
  }

  private static long nanos(int valid, int set, int now, int nanos) {
    return (valid & now) != 0 ? UTIME_NOW : (valid & set) != 0 ? nanos : UTIME_OMIT;
  }

  private static int truncate(Node node, long size, int open, int fd, HostCalls calls) {
    if (open >= 0) {
      return calls.ftruncate(open, size);
    }
    if ((node.mode & Fuse.S_IFMT) != Fuse.S_IFREG) {
      return isDirectory(node.mode) ? -Fuse.EISDIR : -Fuse.EINVAL;
    }
    int file = calls.reopen(fd, HostCalls.O_WRONLY);
    if (file < 0) {
      return file;
    }
    int r = calls.ftruncate(file, size);
    calls.close(file);
    return r;
  }

  /** Gives the root up. */
  void close(HostCalls calls) {
    calls.close(base);
  }
}
