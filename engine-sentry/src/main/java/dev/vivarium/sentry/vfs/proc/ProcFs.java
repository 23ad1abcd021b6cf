package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.InodeRef;
import dev.vivarium.sentry.vfs.StaticDirectory;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** The proc file system of one sandbox. */
public final class ProcFs extends FileSystem {
  /** The process whose directory this is, which may stand for a pidfd; else null. */
  public static @Nullable ThreadGroup processOf(Inode inode) {
    return inode instanceof ProcessDirectory d ? d.process() : null;
  }

  /** Few: each holds what is left of its process. */
  private static final int KEPT_DENTRIES = 64;

  /** Inode numbers of one task's files. */
  private static final int INOS_PER_TASK_SHIFT = 24;

  private static final long THREAD_INOS = 1L << 56;

  private final Kernel kernel;
  private final Root root;
  private final StaticDirectory net;
  private final ProcessDirectory.Layout layout;
  private final NamespaceFs namespaces = new NamespaceFs();
  private long lastIno = 1;

  public ProcFs(long dev, Kernel kernel, Machine machine) {
    super(dev, KEPT_DENTRIES);
    this.kernel = kernel;
    this.layout = new ProcessDirectory.Layout(machine.cpus());
    this.root = new Root();
    this.net = NetTexts.directory(this);
    SystemTexts.addTo(this, root, machine);
    SysctlTree.addTo(this, root);
    root.add("self", new SelfLink("", t -> t.group.pid()));
    root.add("thread-self", new SelfLink("/task/", Task::tid));
    link(root, "mounts", "self/mounts");
    link(root, "net", "self/net");
  }

  /**
   * Sets a parameter of the kernel.
   *
   * @param path below /proc/sys
   * @return 0, ENOENT if there is none, EACCES if it cannot be set, or what its own check says
   */
  public long setSysctl(Task t, String path, String value) {
    Inode at = root;
    InodeRef next = new InodeRef();
    for (String name : ("sys/" + path).split("/", -1)) {
      long rc = at instanceof StaticDirectory d ? d.lookup(t, name, next) : -Errno.ENOENT;
      if (rc < 0) {
        return rc;
      }
      at = next.inode;
    }
    return at instanceof TextInode text ? text.set(t, value) : -Errno.ENOENT;
  }

  Kernel kernel() {
    return kernel;
  }

  ProcessDirectory.Layout layout() {
    return layout;
  }

  NamespaceFs namespaces() {
    return namespaces;
  }

  StaticDirectory net() {
    return net;
  }

  @Override
  public boolean hasFixedNames() {
    return true;
  }

  @Override
  public String typeName() {
    return "proc";
  }

  @Override
  public long magic() {
    return 0x9fa0;
  }

  @Override
  public Inode root() {
    return root;
  }

  long nextIno() {
    return ++lastIno;
  }

  /** The number of a task's directory (index 0) or of a file in it. */
  long inoOf(Task task, boolean thread, int index) {
    return (thread ? THREAD_INOS : 0) | (long) task.tid() << INOS_PER_TASK_SHIFT | index;
  }

  /** A name as a number without sign or leading zeros; -1 if it is none. */
  static int number(String name) {
    if (name.isEmpty() || name.length() > 9 || name.length() > 1 && name.charAt(0) == '0') {
      return -1;
    }
    int n = 0;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      n = n * 10 + (c - '0');
    }
    return n;
  }

  StaticDirectory directory(StaticDirectory parent, String name) {
    return parent.add(name, new StaticDirectory(this, nextIno(), 0555));
  }

  void text(StaticDirectory parent, String name, Text text) {
    parent.add(name, new TextInode(this, nextIno(), 0444, text));
  }

  void link(StaticDirectory parent, String name, String target) {
    parent.add(name, new dev.vivarium.sentry.vfs.StaticSymlink(this, nextIno(), target));
  }

  /** /proc: what is fixed, and a directory for each process. */
  private final class Root extends StaticDirectory {
    Root() {
      super(ProcFs.this, 1, 0555);
    }

    @Override
    protected long cannotCreate() {
      return -Errno.ENOENT; // as procfs answers every name it does not know
    }

    @Override
    public boolean cachesLookups() {
      return false;
    }

    @Override
    public long getattr(Task t) {
      nlink = 9 + kernel.pids().groups().size();
      return 0;
    }

    @Override
    public long lookup(Task t, String name, InodeRef out) {
      int id = number(name);
      if (id < 0) {
        return super.lookup(t, name, out);
      }
      // Threads can be looked up here too, though they are not listed.
      Task task = kernel.pids().task(id);
      if (task == null) {
        return -Errno.ENOENT;
      }
      out.inode = new ProcessDirectory(ProcFs.this, task, false);
      return 0;
    }

    @Override
    public long list(Task t, long position, DirSink sink) {
      int fixed = staticCount();
      long at = position;
      if (at - FIRST_ENTRY < fixed) {
        at = super.list(t, at, sink);
        if (at - FIRST_ENTRY < fixed) {
          return at;
        }
      }
      // A process's position is its pid behind the fixed entries.
      long from = at - FIRST_ENTRY - fixed;
      for (ThreadGroup g : kernel.pids().groups()) {
        if (g.pid() < from) {
          continue;
        }
        long next = FIRST_ENTRY + fixed + g.pid() + 1;
        long ino = inoOf(g.leader(), false, 0);
        if (!sink.add(Integer.toString(g.pid()), ino, next, Stat.DT_DIR)) {
          return at;
        }
        at = next;
      }
      return at;
    }
  }

  /** /proc/self and thread-self. */
  private final class SelfLink extends Inode {
    private final String middle;
    private final ToIntFunction<Task> id;

    SelfLink(String middle, ToIntFunction<Task> id) {
      super(ProcFs.this, nextIno(), Stat.S_IFLNK | 0777);
      this.middle = middle;
      this.id = id;
    }

    @Override
    public @Nullable String readlink(Task t) {
      if (t.tid() == 0) {
        return null; // the kernel's own task has no directory here
      }
      return middle.isEmpty()
          ? Integer.toString(id.applyAsInt(t))
          : t.group.pid() + middle + id.applyAsInt(t);
    }
  }
}
