package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.vfs.overlay.OverlayFs;
import dev.vivarium.sentry.vfs.tmpfs.MemoryBudget;
import dev.vivarium.sentry.vfs.tmpfs.Tmpfs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/** A kernel with file systems and one task that does as it is told, for tests. */
public final class VfsWorld {
  private static final long MEMORY = 64L << 20;

  public final MemoryFile memory;
  public final Kernel kernel;
  public final Task t;
  public final MountNamespace namespace;

  private VfsWorld(MemoryFile memory, Kernel kernel, FileSystem root) {
    this.memory = memory;
    this.kernel = kernel;
    this.t = kernel.newKernelTask();
    this.namespace = new MountNamespace(root, "root", 0);
    t.fs = new FsContext(namespace);
    t.fds = new FdTable();
  }

  static MemoryFile newMemory() {
    MemorySegment segment = Arena.ofAuto().allocate(MEMORY, 4096);
    return new MemoryFile(
        segment, (offset, length) -> segment.asSlice(offset, length).fill((byte) 0));
  }

  static Kernel newKernel(MemoryFile memory) {
    return new Kernel(new NoPlatform(), memory, null);
  }

  public static MemoryBudget budget() {
    return new MemoryBudget(MEMORY, 1 << 20, 10_000);
  }

  public static VfsWorld onTmpfs() {
    MemoryFile memory = newMemory();
    return new VfsWorld(memory, newKernel(memory), new Tmpfs(30, memory, budget(), 0755));
  }

  /** A world whose root is an overlay over what {@code other} has as its root. */
  public static VfsWorld overlayOver(VfsWorld other) {
    FileSystem lower = other.namespace.root().fs;
    return new VfsWorld(
        other.memory, other.kernel, new OverlayFs(31, lower, other.memory, budget()));
  }

  public File open(String path, int flags) {
    FileRef ref = new FileRef();
    long rc = Opener.open(t, path, flags, 0644, ref);
    if (rc < 0 || ref.file == null) {
      throw new AssertionError("open " + path + ": " + Errno.name((int) -rc));
    }
    return ref.file;
  }

  /** Opens and closes; 0 or a negative errno. */
  public long tryOpen(String path, int flags) {
    FileRef ref = new FileRef();
    long rc = Opener.open(t, path, flags, 0644, ref);
    if (ref.file != null) {
      ref.file.drop(t);
    }
    return rc;
  }

  public long pwrite(String path, byte[] bytes, long offset) {
    FileRef ref = new FileRef();
    long rc = Opener.open(t, path, Fcntl.O_WRONLY, 0, ref);
    if (rc < 0 || ref.file == null) {
      return rc;
    }
    long n = ref.file.write(t, Uio.of(bytes, 0, bytes.length), offset);
    ref.file.drop(t);
    return n;
  }

  public void write(String path, String text) {
    File f = open(path, Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_TRUNC);
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    if (f.write(t, Uio.of(bytes, 0, bytes.length), 0) != bytes.length) {
      throw new AssertionError("short write to " + path);
    }
    f.drop(t);
  }

  public static byte[] readAll(Task t, File f) {
    int size = (int) f.inode.size;
    byte[] bytes = new byte[size + 10];
    int done = 0;
    long n;
    while ((n = f.read(t, Uio.of(bytes, done, bytes.length - done), done)) > 0) {
      done += (int) n;
    }
    if (n < 0) {
      throw new AssertionError("read: " + n);
    }
    return Arrays.copyOf(bytes, done);
  }

  public byte[] bytes(String path) {
    File f = open(path, Fcntl.O_RDONLY);
    byte[] bytes = readAll(t, f);
    f.drop(t);
    return bytes;
  }

  public String read(String path) {
    return new String(bytes(path), StandardCharsets.ISO_8859_1);
  }

  public long walk(String path, int flags, WalkResult out) {
    return PathWalker.walk(t, Fcntl.AT_FDCWD, path, flags, out);
  }

  public Inode inode(String path) {
    WalkResult out = new WalkResult();
    long rc = walk(path, 0, out);
    if (rc < 0) {
      throw new AssertionError(path + ": " + Errno.name((int) -rc));
    }
    out.inode().getattr(t);
    return out.inode();
  }

  public boolean exists(String path) {
    return walk(path, 0, new WalkResult()) == 0;
  }

  public long mkdir(String path) {
    return NameOps.mkdir(t, Fcntl.AT_FDCWD, path, 0755);
  }

  public long rmdir(String path) {
    return NameOps.rmdir(t, Fcntl.AT_FDCWD, path);
  }

  public long unlink(String path) {
    return NameOps.unlink(t, Fcntl.AT_FDCWD, path);
  }

  public long symlink(String target, String path) {
    return NameOps.symlink(t, target, Fcntl.AT_FDCWD, path);
  }

  public long link(String from, String to) {
    WalkResult out = new WalkResult();
    long rc = walk(from, 0, out);
    return rc < 0 ? rc : NameOps.link(t, out.path(), Fcntl.AT_FDCWD, to);
  }

  public long rename(String from, String to, int flags) {
    return Renamer.rename(t, Fcntl.AT_FDCWD, from, Fcntl.AT_FDCWD, to, flags);
  }

  public long truncate(String path, long size) {
    WalkResult out = new WalkResult();
    long rc = walk(path, PathWalker.FOLLOW, out);
    if (rc < 0) {
      return rc;
    }
    if (!out.inode().isRegular()) {
      return out.inode().isDirectory() ? -Errno.EISDIR : -Errno.EINVAL;
    }
    AttrChange change = new AttrChange();
    change.set = AttrChange.SIZE;
    change.size = size;
    return out.inode().setattr(t, change);
  }

  /** The names in a directory, in the order in which they come. */
  public List<String> names(String path) {
    File f = open(path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
    List<String> names = new ArrayList<>();
    // A sink with room for three entries at a time, as a guest with a small buffer has.
    int before;
    do {
      before = names.size();
      int[] room = {3};
      long rc =
          f.readdir(
              t,
              (name, ino, next, type) -> {
                if (room[0]-- == 0) {
                  return false;
                }
                names.add(name);
                return true;
              });
      if (rc < 0) {
        throw new AssertionError("readdir: " + rc);
      }
    } while (names.size() > before);
    f.drop(t);
    return names;
  }

  /** Everything below a directory, one line each: name, type, links, size and content. */
  public TreeMap<String, String> tree(String top) {
    TreeMap<String, String> out = new TreeMap<>();
    collect(top, "", out);
    return out;
  }

  private void collect(String path, String shown, TreeMap<String, String> out) {
    for (String name : names(path.isEmpty() ? "/" : path)) {
      if (name.equals(".") || name.equals("..")) {
        continue;
      }
      String child = path + "/" + name;
      Inode i = inode(child);
      if (i.isDirectory()) {
        out.put(shown + name, "directory links " + i.nlink);
        collect(child, shown + name + "/", out);
      } else if (i.isSymlink()) {
        out.put(shown + name, "link to " + i.readlink(t));
      } else {
        out.put(
            shown + name,
            "file links " + i.nlink + " size " + i.size + " " + Arrays.hashCode(bytes(child)));
      }
    }
  }

  /** Runs nothing. */
  private static final class NoPlatform implements Platform {
    @Override
    public String name() {
      return "none";
    }

    @Override
    public Context newProcess() {
      throw new UnsupportedOperationException();
    }

    @Override
    public long minAddress() {
      return 0x10000;
    }

    @Override
    public long maxAddress() {
      return 1L << 46;
    }

    @Override
    public int poll(EventSink sink) {
      return 0;
    }

    @Override
    public void sleep(long timeoutNanos) {}

    @Override
    public void wake() {}

    @Override
    public void close() {}
  }
}
