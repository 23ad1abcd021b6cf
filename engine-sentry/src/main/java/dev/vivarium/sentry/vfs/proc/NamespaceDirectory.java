package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.vfs.StaticDirectory;
import dev.vivarium.sentry.vfs.StaticSymlink;

/** /proc/PID/ns: there is one namespace of each kind, and its number is always the same. */
final class NamespaceDirectory extends StaticDirectory {
  /** PROC_*_INIT_INO of linux/proc_ns.h. */
  private static final long FIRST_NUMBER = 0xEFFFFFFCL;

  NamespaceDirectory(ProcFs proc, long ino) {
    super(proc, ino, 0511);
    String[] names = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
    for (int i = 0; i < names.length; i++) {
      String target = names[i] + ":[" + (FIRST_NUMBER - i) + "]";
      add(names[i], new StaticSymlink(proc, ino + 16 + i, target));
    }
  }
}
