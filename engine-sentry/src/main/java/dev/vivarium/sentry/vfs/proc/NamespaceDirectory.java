package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.vfs.StaticDirectory;

/** /proc/PID/ns. */
final class NamespaceDirectory extends StaticDirectory {
  private int index;

  NamespaceDirectory(ProcFs proc, long ino) {
    super(proc, ino, 0511);
    link(proc, "cgroup", NamespaceFs.Kind.CGROUP);
    link(proc, "ipc", NamespaceFs.Kind.IPC);
    link(proc, "mnt", NamespaceFs.Kind.MNT);
    link(proc, "net", NamespaceFs.Kind.NET);
    link(proc, "pid", NamespaceFs.Kind.PID);
    link(proc, "pid_for_children", NamespaceFs.Kind.PID);
    link(proc, "time", NamespaceFs.Kind.TIME);
    link(proc, "time_for_children", NamespaceFs.Kind.TIME);
    link(proc, "user", NamespaceFs.Kind.USER);
    link(proc, "uts", NamespaceFs.Kind.UTS);
  }

  private void link(ProcFs proc, String name, NamespaceFs.Kind kind) {
    long number = ino + 16 + index++;
    add(name, new MagicLink(proc, number, 0777, t -> proc.namespaces().place(kind)));
  }
}
