package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;

/** Process groups and sessions: setpgid and setsid. */
public final class Jobs {
  private Jobs() {}

  /** setpgid(2). */
  public static long setProcessGroup(Task t, int pid, int pgid) {
    if (pgid < 0 || pgid == 0 && pid < 0) {
      return -Errno.EINVAL;
    }
    PidTable pids = t.kernel().pids();
    ThreadGroup me = t.group;
    ThreadGroup target = pid == 0 ? me : pids.group(pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    if (target != me) {
      if (target.parent != me) {
        return -Errno.ESRCH;
      }
      if (target.session() != me.session()) {
        return -Errno.EPERM;
      }
      if (target.hasExeced) {
        return -Errno.EACCES;
      }
    }
    if (target.session().leader == target) {
      return -Errno.EPERM;
    }
    int id = pgid == 0 ? target.pid() : pgid;
    ProcessGroup group = pids.processGroup(id);
    if (group == null) {
      if (id != target.pid()) {
        return -Errno.EPERM;
      }
      group = new ProcessGroup(id, target.session());
      pids.add(group);
    } else if (group.session() != me.session()) {
      return -Errno.EPERM;
    }
    target.joinProcessGroup(group);
    return 0;
  }

  /** setsid(2). */
  public static long newSession(Task t) {
    ThreadGroup me = t.group;
    PidTable pids = t.kernel().pids();
    int id = me.pid();
    if (me.session().leader == me || pids.processGroup(id) != null) {
      return -Errno.EPERM;
    }
    Session session = new Session(id);
    session.leader = me;
    pids.add(session);
    ProcessGroup group = new ProcessGroup(id, session);
    pids.add(group);
    me.joinProcessGroup(group);
    return id;
  }
}
