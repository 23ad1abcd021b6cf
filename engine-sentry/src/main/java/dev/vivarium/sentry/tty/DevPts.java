package dev.vivarium.sentry.tty;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.InodeRef;
import dev.vivarium.sentry.vfs.Opener;
import dev.vivarium.sentry.vfs.StaticDirectory;
import dev.vivarium.sentry.vfs.Times;
import dev.vivarium.sentry.vfs.VfsPath;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** devpts: the terminals of a sandbox by number, and the way to get a new one. */
public final class DevPts extends FileSystem {
  private static final int MAX_TERMINALS = 4096;

  /** Slaves belong to group tty. */
  private static final int TTY_GROUP = 5;

  private static final int FIRST_SLAVE_INO = 3;

  private final TreeMap<Integer, SlaveInode> slaves = new TreeMap<>();
  private final Root root = new Root();

  public DevPts(long dev) {
    super(dev);
    root.add("ptmx", new DeviceInode(this, 2, 0666, Devices.PTMX));
  }

  @Override
  public String typeName() {
    return "devpts";
  }

  @Override
  public long magic() {
    return 0x1cd1;
  }

  @Override
  public Inode root() {
    return root;
  }

  @Override
  public String showOptions() {
    return ",gid=5,mode=620,ptmxmode=666";
  }

  /** Makes a terminal whose slave belongs to the given user; null if there are too many. */
  public @Nullable Terminal newTerminal(int uid) {
    int number = 0;
    while (slaves.containsKey(number)) {
      number++;
    }
    if (number >= MAX_TERMINALS) {
      return null;
    }
    Terminal terminal = new Terminal(number);
    SlaveInode inode = new SlaveInode(this, terminal);
    inode.uid = uid;
    inode.gid = TTY_GROUP;
    slaves.put(number, inode);
    return terminal;
  }

  /** The master's last owner lets go of it. */
  public void close(Terminal terminal) {
    remove(terminal);
    terminal.masterClose();
  }

  void remove(Terminal terminal) {
    SlaveInode inode = slaves.remove(terminal.number);
    if (inode != null) {
      inode.nlink = 0;
    }
  }

  Inode inodeOf(Terminal terminal) {
    SlaveInode inode = slaves.get(terminal.number);
    return inode != null ? inode : new SlaveInode(this, terminal);
  }

  /** open(2) of /dev/ptmx: a new terminal's master. */
  long openMaster(Task t, Inode inode, VfsPath path, int flags, FileRef out) {
    Terminal terminal = newTerminal(t.creds.fsuid);
    if (terminal == null) {
      return -Errno.ENOSPC;
    }
    out.file = new MasterFile(inode, path, flags, terminal, this);
    return 0;
  }

  /** open(2) of a slave by its number. */
  long openSlave(Task t, int number, Inode inode, VfsPath path, int flags, FileRef out) {
    SlaveInode slave = slaves.get(number);
    if (slave == null || slave.terminal.isHungUp()) {
      return -Errno.EIO;
    }
    if (slave.terminal.locked) {
      return -Errno.EIO;
    }
    return openTerminal(t, slave.terminal, inode, path, flags, out);
  }

  /** Opens a terminal that was found by whatever name. */
  static long openTerminal(
      Task t, Terminal terminal, Inode inode, VfsPath path, int flags, FileRef out) {
    if (t.tid() == 0) {
      out.file = new SlaveFile(inode, path, flags, terminal); // the kernel itself has no session
      return 0;
    }
    var session = t.group.session();
    if ((flags & Fcntl.O_NOCTTY) == 0
        && session.leader() == t.group
        && session.controllingTerminal() == null
        && terminal.session() == null) {
      terminal.becomeControlling(t.group);
    }
    out.file = new SlaveFile(inode, path, flags, terminal);
    return 0;
  }

  /** Opens the slave for a first process, by its name if it has one in the task's tree. */
  public SlaveFile openFirst(Task t, Terminal terminal) {
    terminal.locked = false;
    FileRef out = new FileRef();
    String name = "/dev/pts/" + terminal.number;
    if (Opener.open(t, name, Fcntl.O_RDWR, 0, out) >= 0
        && out.file instanceof SlaveFile slave
        && slave.terminal() == terminal) {
      return slave;
    }
    return new SlaveFile(inodeOf(terminal), null, Fcntl.O_RDWR, terminal);
  }

  private final class Root extends StaticDirectory {
    Root() {
      super(DevPts.this, 1, 0755);
    }

    @Override
    public boolean cachesLookups() {
      return false;
    }

    @Override
    public long lookup(Task t, String name, InodeRef out) {
      if (!name.isEmpty() && name.length() <= 5 && name.chars().allMatch(Character::isDigit)) {
        SlaveInode inode = slaves.get(Integer.parseInt(name));
        if (inode != null && name.equals(Integer.toString(inode.terminal.number))) {
          out.inode = inode;
          return 0;
        }
        return -Errno.ENOENT;
      }
      return super.lookup(t, name, out);
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
      // A slave's position is its number behind the fixed entries.
      int from = (int) (at - FIRST_ENTRY - fixed);
      for (Map.Entry<Integer, SlaveInode> e : slaves.tailMap(from, true).entrySet()) {
        long next = FIRST_ENTRY + fixed + e.getKey() + 1;
        if (!sink.add(Integer.toString(e.getKey()), e.getValue().ino, next, Stat.DT_CHR)) {
          return at;
        }
        at = next;
      }
      return at;
    }
  }

  private static final class SlaveInode extends Inode {
    private final Terminal terminal;

    SlaveInode(DevPts fs, Terminal terminal) {
      super(fs, FIRST_SLAVE_INO + terminal.number, Stat.S_IFCHR | 0620);
      this.terminal = terminal;
      this.rdev = terminal.device();
      long now = Times.now();
      atimeNanos = now;
      mtimeNanos = now;
      ctimeNanos = now;
    }

    @Override
    public long setattr(Task t, AttrChange change) {
      return applyAttributes(change);
    }
  }
}
