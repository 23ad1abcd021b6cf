package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.DirectoryInode;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.InodeRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** /proc/PID, or with {@code thread} /proc/PID/task/TID. */
final class ProcessDirectory extends DirectoryInode {
  /** Makes one entry's inode. */
  private interface Maker {
    Inode make(ProcessDirectory dir, long ino);
  }

  /**
   * One entry.
   *
   * @param processOnly not in task/TID
   */
  private record Entry(String name, int type, boolean processOnly, Maker maker) {}

  /** What these directories hold; one table for all. */
  static final class Layout {
    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, Integer> index = new HashMap<>();

    Layout(int cpus) {
      links();
      directories();
      texts(cpus);
      for (int i = 0; i < entries.size(); i++) {
        index.put(entries.get(i).name(), i);
      }
    }

    private void text(String name, int permissions, TextOf text) {
      entries.add(
          new Entry(
              name,
              Stat.DT_REG,
              false,
              (d, ino) ->
                  d.owned(
                      new TextInode(
                          d.fs,
                          ino,
                          permissions,
                          reader -> d.isGone() ? null : text.build(d, reader)))));
    }

    private void writable(String name, TextOf text, WriterOf writer) {
      entries.add(
          new Entry(
              name,
              Stat.DT_REG,
              false,
              (d, ino) ->
                  d.owned(
                      new TextInode(
                          d.fs,
                          ino,
                          0644,
                          reader -> d.isGone() ? null : text.build(d, reader),
                          (t, s) -> d.isGone() ? -Errno.ESRCH : writer.write(d, t, s)))));
    }

    private void links() {
      link("cwd", d -> d.task.fs.cwd());
      link("exe", d -> d.task.mm.exe == null ? null : d.task.mm.exe.where());
      link("root", d -> d.task.fs.root());
    }

    private void link(String name, MagicLink.Target<ProcessDirectory> target) {
      entries.add(
          new Entry(
              name,
              Stat.DT_LNK,
              false,
              (d, ino) ->
                  d.owned(
                      new MagicLink(
                          d.fs, ino, 0777, t -> d.task.hasExited() ? null : target.find(d)))));
    }

    private void directories() {
      entries.add(
          new Entry(
              "fd",
              Stat.DT_DIR,
              false,
              (d, ino) -> d.owned(new FdDirectory(d.proc, ino, d.task, false))));
      entries.add(
          new Entry(
              "fdinfo",
              Stat.DT_DIR,
              false,
              (d, ino) -> d.owned(new FdDirectory(d.proc, ino, d.task, true))));
      entries.add(
          new Entry(
              "ns", Stat.DT_DIR, false, (d, ino) -> d.owned(new NamespaceDirectory(d.proc, ino))));
      entries.add(
          new Entry(
              "task",
              Stat.DT_DIR,
              true,
              (d, ino) -> d.owned(new TaskDirectory(d.proc, ino, d.task.group))));
      entries.add(new Entry("net", Stat.DT_DIR, false, (d, ino) -> d.proc.net()));
    }

    private void texts(int cpus) {
      text("stat", 0444, (d, r) -> ProcessTexts.stat(d.task, d.thread, r));
      text("status", 0444, (d, r) -> ProcessTexts.status(d.task, r, cpus));
      text("statm", 0444, (d, r) -> ProcessTexts.statm(d.task));
      text("cmdline", 0444, (d, r) -> ProcessTexts.cmdline(d.task, r));
      entries.add(
          new Entry(
              "mem", Stat.DT_REG, false, (d, ino) -> d.owned(new MemInode(d.fs, ino, d.task))));
      text("environ", 0400, (d, r) -> ProcessTexts.environ(d.task, r));
      text("auxv", 0400, (d, r) -> ProcessTexts.auxv(d.task));
      text("maps", 0444, (d, r) -> MapsText.maps(d.task));
      text("smaps", 0444, (d, r) -> MapsText.smaps(d.task));
      text("smaps_rollup", 0444, (d, r) -> MapsText.rollup(d.task));
      text("mounts", 0444, (d, r) -> MountTexts.mounts(d.task));
      text("mountinfo", 0444, (d, r) -> MountTexts.mountinfo(d.task));
      text("mountstats", 0400, (d, r) -> MountTexts.mountstats(d.task));
      text("limits", 0444, (d, r) -> ProcessTexts.limits(d.task.group));
      text("io", 0400, (d, r) -> ProcessTexts.io(d.task, d.thread));
      text("schedstat", 0444, (d, r) -> ProcessTexts.schedstat(d.task));
      text("cgroup", 0444, (d, r) -> "0::/\n");
      text("cpuset", 0444, (d, r) -> "/\n");
      text("oom_score", 0444, (d, r) -> "0\n");
      text("wchan", 0444, (d, r) -> "0");
      text("personality", 0400, (d, r) -> String.format("%08x\n", d.task.personality));
      text("loginuid", 0644, (d, r) -> "4294967295");
      text("sessionid", 0444, (d, r) -> "4294967295");
      text("uid_map", 0644, (d, r) -> "         0          0 4294967295\n");
      text("gid_map", 0644, (d, r) -> "         0          0 4294967295\n");
      text("setgroups", 0644, (d, r) -> "allow\n");
      text("timerslack_ns", 0644, (d, r) -> d.task.timerSlackNanos + "\n");
      writable(
          "coredump_filter",
          (d, r) -> d.task.hasExited() ? null : String.format("%08x\n", d.task.mm.coreFilter),
          (d, t, s) -> ProcessTexts.setCoreFilter(d.task, s));
      text("children", 0444, (d, r) -> children(d.task));
      writable(
          "oom_score_adj",
          (d, r) -> d.task.group.oomScoreAdjust + "\n",
          (d, t, s) -> ProcessTexts.setOomScoreAdjust(d.task, t, s));
      writable(
          "comm", (d, r) -> d.task.comm + "\n", (d, t, s) -> ProcessTexts.setComm(d.task, t, s));
    }

    private static String children(Task task) {
      StringBuilder b = new StringBuilder();
      task.group.children().forEach(g -> b.append(g.pid()).append(' '));
      return b.toString();
    }
  }

  private interface TextOf {
    @Nullable String build(ProcessDirectory d, Task reader);
  }

  private interface WriterOf {
    long write(ProcessDirectory d, Task writer, String text);
  }

  private final ProcFs proc;
  private final Task task;
  private final boolean thread;

  ProcessDirectory(ProcFs proc, Task task, boolean thread) {
    super(proc, proc.inoOf(task, thread, 0), 0555);
    this.proc = proc;
    this.task = task;
    this.thread = thread;
    owned(this);
  }

  private <I extends Inode> I owned(I inode) {
    if (inode.fs == fs && task.group.dumpable == 1) {
      inode.uid = task.creds.euid;
      inode.gid = task.creds.egid;
    }
    return inode;
  }

  /** The process of /proc/PID; null for a thread's directory. */
  @Nullable ThreadGroup process() {
    return thread ? null : task.group;
  }

  private boolean isGone() {
    return proc.kernel().pids().task(task.tid()) != task;
  }

  // Procfs answers every name that it does not know with ENOENT, also when it is to be made.

  @Override
  public long create(Task t, String name, int mode, InodeRef out) {
    return -Errno.ENOENT;
  }

  @Override
  public long mkdir(Task t, String name, int mode, InodeRef out) {
    return -Errno.ENOENT;
  }

  @Override
  public long unlink(Task t, String name, Inode victim) {
    return -Errno.EPERM;
  }

  @Override
  public boolean cachesLookups() {
    return false;
  }

  @Override
  public long lookup(Task t, String name, InodeRef out) {
    if (isGone()) {
      return -Errno.ENOENT;
    }
    Integer i = proc.layout().index.get(name);
    if (i == null || thread && proc.layout().entries.get(i).processOnly()) {
      return -Errno.ENOENT;
    }
    out.inode = proc.layout().entries.get(i).maker().make(this, proc.inoOf(task, thread, i + 1));
    return 0;
  }

  @Override
  public long list(Task t, long position, DirSink sink) {
    List<Entry> entries = proc.layout().entries;
    long at = position;
    while (at - FIRST_ENTRY < entries.size()) {
      int i = (int) (at - FIRST_ENTRY);
      Entry e = entries.get(i);
      if (!(thread && e.processOnly())
          && !sink.add(e.name(), proc.inoOf(task, thread, i + 1), at + 1, e.type())) {
        return at;
      }
      at++;
    }
    return at;
  }
}
