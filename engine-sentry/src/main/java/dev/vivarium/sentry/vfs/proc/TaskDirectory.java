package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.DirectoryInode;
import dev.vivarium.sentry.vfs.InodeRef;

/** /proc/PID/task: the threads of a process. */
final class TaskDirectory extends DirectoryInode {
  private final ProcFs proc;
  private final ThreadGroup group;

  TaskDirectory(ProcFs proc, long ino, ThreadGroup group) {
    super(proc, ino, 0555);
    this.proc = proc;
    this.group = group;
  }

  @Override
  public boolean cachesLookups() {
    return false;
  }

  @Override
  public long lookup(Task t, String name, InodeRef out) {
    int tid = ProcFs.number(name);
    Task task = tid < 0 ? null : proc.kernel().pids().task(tid);
    if (task == null || task.group != group) {
      return -Errno.ENOENT;
    }
    out.inode = new ProcessDirectory(proc, task, true);
    return 0;
  }

  @Override
  public long list(Task t, long position, DirSink sink) {
    long at = position;
    for (Task task :
        group.tasks().stream().sorted((a, b) -> Integer.compare(a.tid(), b.tid())).toList()) {
      if (FIRST_ENTRY + task.tid() < at) {
        continue;
      }
      long next = FIRST_ENTRY + task.tid() + 1;
      if (!sink.add(Integer.toString(task.tid()), proc.inoOf(task, true, 0), next, Stat.DT_DIR)) {
        return at;
      }
      at = next;
    }
    return at;
  }
}
