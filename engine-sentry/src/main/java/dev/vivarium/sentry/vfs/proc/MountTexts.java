package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.tty.Devices;
import dev.vivarium.sentry.vfs.Mount;
import dev.vivarium.sentry.vfs.PathNames;
import dev.vivarium.sentry.vfs.VfsPath;

/** /proc/PID/mounts, mountinfo and mountstats: the mounts that the task can reach. */
final class MountTexts {
  private static final String SPECIAL = " \t\n\\";

  private MountTexts() {}

  static String mounts(Task about) {
    StringBuilder b = new StringBuilder();
    forEach(
        about,
        (m, place) ->
            b.append(escape(m.source))
                .append(' ')
                .append(escape(place))
                .append(' ')
                .append(m.fs.typeName())
                .append(m.isReadOnly() ? " ro" : " rw")
                .append(flags(m))
                .append(m.fs.showOptions())
                .append(" 0 0\n"));
    return b.toString();
  }

  static String mountinfo(Task about) {
    StringBuilder b = new StringBuilder();
    forEach(
        about,
        (m, place) -> {
          Mount parent = m.parent();
          String inside = new VfsPath(m.fs.internalMount(), m.root).display(internalRoot(m));
          b.append(m.id).append(' ').append(parent == null ? 1 : parent.id).append(' ');
          b.append(Devices.major(m.fs.dev)).append(':').append(Devices.minor(m.fs.dev));
          b.append(' ').append(escape(inside)).append(' ').append(escape(place));
          b.append((m.flags() & Mount.RDONLY) != 0 ? " ro" : " rw").append(flags(m));
          b.append(" - ").append(m.fs.typeName()).append(' ').append(escape(m.source));
          b.append(m.fs.isReadOnly() ? " ro" : " rw").append(m.fs.showOptions()).append('\n');
        });
    return b.toString();
  }

  static String mountstats(Task about) {
    StringBuilder b = new StringBuilder();
    forEach(
        about,
        (m, place) ->
            b.append("device ")
                .append(escape(m.source))
                .append(" mounted on ")
                .append(escape(place))
                .append(" with fstype ")
                .append(m.fs.typeName())
                .append('\n'));
    return b.toString();
  }

  private static VfsPath internalRoot(Mount m) {
    return new VfsPath(m.fs.internalMount(), m.fs.rootDentry());
  }

  private interface Visitor {
    void visit(Mount m, String place);
  }

  private static void forEach(Task about, Visitor visitor) {
    if (about.hasExited()) {
      return;
    }
    VfsPath root = about.fs.root();
    for (Mount m : about.fs.namespace().mounts()) {
      VfsPath place = new VfsPath(m, m.root);
      if (PathNames.isReachable(place, root)) {
        visitor.visit(m, place.display(root));
      }
    }
  }

  private static String escape(String s) {
    return s.isEmpty() ? "none" : Octal.escape(s, SPECIAL);
  }

  private static String flags(Mount m) {
    int f = m.flags();
    StringBuilder b = new StringBuilder();
    option(b, f, Mount.NOSUID, ",nosuid");
    option(b, f, Mount.NODEV, ",nodev");
    option(b, f, Mount.NOEXEC, ",noexec");
    option(b, f, Mount.NOATIME, ",noatime");
    option(b, f, Mount.NODIRATIME, ",nodiratime");
    option(b, f, Mount.RELATIME, ",relatime");
    return b.toString();
  }

  private static void option(StringBuilder b, int flags, int flag, String name) {
    if ((flags & flag) != 0) {
      b.append(name);
    }
  }
}
