package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.PidFile;
import dev.vivarium.sentry.kernel.ProcessGroup;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.SignalSet;
import dev.vivarium.sentry.kernel.Signaling;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.proc.ProcFs;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sending, blocking, catching and waiting for signals; pidfds. */
final class SysSignal {
  private static final int SET_SIZE = 8;
  private static final int ACTION_SIZE = 32;
  private static final int STACK_SIZE = 24;

  /** Flags that sigaction keeps (UAPI_SA_FLAGS of x86); others are dropped. */
  private static final long KNOWN_FLAGS =
      (Signals.SA_NOCLDSTOP
              | Signals.SA_NOCLDWAIT
              | Signals.SA_SIGINFO
              | Signals.SA_ONSTACK
              | Signals.SA_RESTART
              | Signals.SA_NODEFER
              | Signals.SA_RESETHAND
              | Signals.SA_RESTORER
              | 0x800)
          & 0xffffffffL;

  // linux/pidfd.h
  private static final int PIDFD_THREAD = Fcntl.O_EXCL;
  private static final int PIDFD_SIGNAL_THREAD = 1;
  private static final int PIDFD_SIGNAL_THREAD_GROUP = 2;
  private static final int PIDFD_SIGNAL_PROCESS_GROUP = 4;

  private SysSignal() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.RT_SIGACTION, "rt_sigaction", SysSignal::sigaction).fast();
    b.full(Sys.RT_SIGPROCMASK, "rt_sigprocmask", SysSignal::sigprocmask).fast();
    b.full(Sys.RT_SIGRETURN, "rt_sigreturn", (t, a0, a1, a2, a3, a4, a5) -> Signaling.sigreturn(t));
    b.full(Sys.RT_SIGPENDING, "rt_sigpending", SysSignal::sigpending).fast();
    b.full(Sys.RT_SIGSUSPEND, "rt_sigsuspend", SysSignal::sigsuspend);
    b.full(Sys.RT_SIGTIMEDWAIT, "rt_sigtimedwait", SysSignal::sigtimedwait);
    b.full(Sys.RT_SIGQUEUEINFO, "rt_sigqueueinfo", SysSignal::sigqueueinfo);
    b.full(Sys.RT_TGSIGQUEUEINFO, "rt_tgsigqueueinfo", SysSignal::tgsigqueueinfo);
    b.full(Sys.PAUSE, "pause", (t, a0, a1, a2, a3, a4, a5) -> Signaling.pause(t));
    b.full(Sys.SIGALTSTACK, "sigaltstack", SysSignal::sigaltstack).fast();
    b.full(Sys.KILL, "kill", SysSignal::kill);
    b.full(Sys.TKILL, "tkill", SysSignal::tkill);
    b.full(Sys.TGKILL, "tgkill", SysSignal::tgkill);
    b.full(Sys.PIDFD_OPEN, "pidfd_open", SysSignal::pidfdOpen);
    b.full(Sys.PIDFD_SEND_SIGNAL, "pidfd_send_signal", SysSignal::pidfdSendSignal);
  }

  static long sigaction(Task t, long signum, long action, long old, long size, long a4, long a5) {
    int signo = (int) signum;
    if (size != SET_SIZE) {
      return -Errno.EINVAL;
    }
    byte[] b = new byte[ACTION_SIZE];
    if (action != 0 && t.mm.copyIn(action, b, 0, ACTION_SIZE) != 0) {
      return -Errno.EFAULT;
    }
    if (!SignalSet.isValid(signo)) {
      return -Errno.EINVAL;
    }
    if (action != 0) {
      if (signo == Signals.SIGKILL || signo == Signals.SIGSTOP) {
        return -Errno.EINVAL;
      }
    }
    byte[] before = new byte[ACTION_SIZE];
    var actions = t.group.actions();
    Bytes.putLong(before, 0, actions.handler(signo));
    Bytes.putLong(before, 8, actions.flags(signo));
    Bytes.putLong(before, 16, actions.restorer(signo));
    Bytes.putLong(before, 24, actions.mask(signo));
    if (old != 0 && t.mm.copyOut(old, before, 0, ACTION_SIZE) != 0) {
      return -Errno.EFAULT;
    }
    if (action != 0) {
      Signaling.setAction(
          t,
          signo,
          Bytes.getLong(b, 0),
          Bytes.getLong(b, 8) & KNOWN_FLAGS,
          Bytes.getLong(b, 16),
          Bytes.getLong(b, 24));
    }
    return 0;
  }

  static long sigprocmask(Task t, long how, long set, long old, long size, long a4, long a5) {
    if (size != SET_SIZE) {
      return -Errno.EINVAL;
    }
    long before = t.sigmask;
    long after = before;
    if (set != 0) {
      long bits = t.mm.readLong(set);
      if (t.mm.error() != 0) {
        return -Errno.EFAULT;
      }
      switch ((int) how) {
        case Signals.SIG_BLOCK -> after = before | bits;
        case Signals.SIG_UNBLOCK -> after = before & ~bits;
        case Signals.SIG_SETMASK -> after = bits;
        default -> {
          return -Errno.EINVAL;
        }
      }
    }
    // The old value goes out first: a fast call may be made twice if memory must be read in.
    if (old != 0 && t.mm.writeLong(old, before) != 0) {
      return -Errno.EFAULT;
    }
    Signaling.setMask(t, after);
    return 0;
  }

  static long sigpending(Task t, long set, long size, long a2, long a3, long a4, long a5) {
    if (size > SET_SIZE || size < 0) {
      return -Errno.EINVAL;
    }
    byte[] b = Bytes.ofLong(Signaling.pendingBlocked(t));
    return t.mm.copyOut(set, b, 0, (int) size);
  }

  static long sigsuspend(Task t, long set, long size, long a2, long a3, long a4, long a5) {
    if (size != SET_SIZE) {
      return -Errno.EINVAL;
    }
    long mask = t.mm.readLong(set);
    return t.mm.error() != 0 ? -Errno.EFAULT : Signaling.suspend(t, mask);
  }

  static long sigtimedwait(Task t, long set, long info, long timeout, long size, long a4, long a5) {
    if (size != SET_SIZE) {
      return -Errno.EINVAL;
    }
    long wanted = t.mm.readLong(set);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    long deadline = Task.NO_DEADLINE;
    if (timeout != 0) {
      long nanos = Deadlines.readTimespec(t, timeout);
      if (nanos < 0) {
        return nanos;
      }
      deadline = Deadlines.after(nanos);
    }
    long[] error = {0};
    SignalInfo taken = Signaling.await(t, wanted, deadline, error);
    if (taken == null) {
      return error[0];
    }
    if (info != 0) {
      byte[] b = new byte[SignalInfo.SIZE];
      taken.encode(b, 0);
      if (t.mm.copyOut(info, b, 0, b.length) != 0) {
        return -Errno.EFAULT;
      }
    }
    return taken.signo;
  }

  static long sigaltstack(Task t, long stack, long old, long a2, long a3, long a4, long a5) {
    Signaling.AltStack before = Signaling.altStack(t);
    byte[] b = new byte[STACK_SIZE];
    if (stack != 0 && t.mm.copyIn(stack, b, 0, STACK_SIZE) != 0) {
      return -Errno.EFAULT;
    }
    if (old != 0) {
      byte[] out = new byte[STACK_SIZE];
      Bytes.putLong(out, 0, before.base());
      Bytes.putLong(out, 8, before.flags() & 0xffffffffL);
      Bytes.putLong(out, 16, before.size());
      if (t.mm.copyOut(old, out, 0, STACK_SIZE) != 0) {
        return -Errno.EFAULT;
      }
    }
    return stack == 0
        ? 0
        : Signaling.setAltStack(t, Bytes.getLong(b, 0), Bytes.getInt(b, 8), Bytes.getLong(b, 16));
  }

  // ---- sending ----

  private static boolean isBad(int signo) {
    return signo < 0 || signo > Signals.SIGRTMAX;
  }

  private static long sendTo(Task t, ThreadGroup g, int signo) {
    if (isBad(signo)) {
      return -Errno.EINVAL;
    }
    if (!Signaling.mayKill(t, g, signo)) {
      return -Errno.EPERM;
    }
    if (signo == 0) {
      return 0;
    }
    return g.sendSignal(Signaling.shield(t, g, SignalInfo.user(signo, Signals.SI_USER, t)));
  }

  static long kill(Task t, long pid, long signum, long a2, long a3, long a4, long a5) {
    int id = (int) pid;
    int signo = (int) signum;
    if (id > 0) {
      Task target = t.kernel().pids().task(id);
      return target == null ? -Errno.ESRCH : sendTo(t, target.group, signo);
    }
    if (id == -1) {
      return sendToAll(t, t.kernel().pids().groups(), signo, true);
    }
    if (id == Integer.MIN_VALUE) {
      return -Errno.ESRCH;
    }
    ProcessGroup group = id == 0 ? t.group.processGroup() : t.kernel().pids().processGroup(-id);
    return group == null ? -Errno.ESRCH : sendToAll(t, group.snapshot(), signo, false);
  }

  private static long sendToAll(Task t, List<ThreadGroup> targets, int signo, boolean others) {
    long result = -Errno.ESRCH;
    boolean sent = false;
    for (ThreadGroup g : targets) {
      if (others && (g == t.group || g == t.kernel().init())) {
        continue;
      }
      long rc = sendTo(t, g, signo);
      sent |= rc == 0;
      result = rc;
    }
    return sent ? 0 : result;
  }

  static long tkill(Task t, long tid, long signum, long a2, long a3, long a4, long a5) {
    return (int) tid <= 0 ? -Errno.EINVAL : sendToThread(t, 0, (int) tid, (int) signum);
  }

  static long tgkill(Task t, long tgid, long tid, long signum, long a3, long a4, long a5) {
    return (int) tgid <= 0 || (int) tid <= 0
        ? -Errno.EINVAL
        : sendToThread(t, (int) tgid, (int) tid, (int) signum);
  }

  private static long sendToThread(Task t, int tgid, int tid, int signo) {
    Task target = t.kernel().pids().task(tid);
    if (target == null || tgid != 0 && target.group.pid() != tgid) {
      return -Errno.ESRCH;
    }
    if (isBad(signo)) {
      return -Errno.EINVAL;
    }
    if (!Signaling.mayKill(t, target.group, signo)) {
      return -Errno.EPERM;
    }
    if (signo == 0) {
      return 0;
    }
    SignalInfo info = SignalInfo.user(signo, Signals.SI_TKILL, t);
    return target.sendSignal(Signaling.shield(t, target.group, info));
  }

  /** Reads a siginfo that the guest made; null (and -EFAULT) if it cannot be read. */
  private static @org.jspecify.annotations.Nullable SignalInfo readInfo(
      Task t, int signo, long address) {
    byte[] b = new byte[SignalInfo.SIZE];
    return t.mm.copyIn(address, b, 0, b.length) != 0 ? null : SignalInfo.fromGuest(signo, b);
  }

  /** Codes that only the kernel may use towards others. */
  private static boolean isForged(
      Task t, SignalInfo info, @org.jspecify.annotations.Nullable ThreadGroup target) {
    return (info.code >= 0 || info.code == Signals.SI_TKILL) && target != t.group;
  }

  static long sigqueueinfo(Task t, long pid, long signum, long info, long a3, long a4, long a5) {
    int signo = (int) signum;
    SignalInfo queued = readInfo(t, signo, info);
    if (queued == null) {
      return -Errno.EFAULT;
    }
    Task target = t.kernel().pids().task((int) pid);
    if (isForged(t, queued, target == null ? null : target.group)) {
      return -Errno.EPERM;
    }
    return queue(t, target, signo, queued, true);
  }

  static long tgsigqueueinfo(
      Task t, long tgid, long tid, long signum, long info, long a4, long a5) {
    int signo = (int) signum;
    SignalInfo queued = readInfo(t, signo, info);
    if (queued == null) {
      return -Errno.EFAULT;
    }
    if ((int) tgid <= 0 || (int) tid <= 0) {
      return -Errno.EINVAL;
    }
    Task target = t.kernel().pids().task((int) tid);
    if (isForged(t, queued, target == null ? null : target.group)) {
      return -Errno.EPERM;
    }
    if (target != null && target.group.pid() != (int) tgid) {
      return -Errno.ESRCH;
    }
    return queue(t, target, signo, queued, false);
  }

  private static long queue(
      Task t,
      @org.jspecify.annotations.Nullable Task target,
      int signo,
      SignalInfo info,
      boolean toGroup) {
    if (target == null) {
      return -Errno.ESRCH;
    }
    if (isBad(signo)) {
      return -Errno.EINVAL;
    }
    if (!Signaling.mayKill(t, target.group, signo)) {
      return -Errno.EPERM;
    }
    if (signo == 0) {
      return 0;
    }
    Signaling.shield(t, target.group, info);
    return toGroup ? target.group.sendSignal(info) : target.sendSignal(info);
  }

  // ---- pidfds ----

  static long pidfdOpen(Task t, long pid, long flags, long a2, long a3, long a4, long a5) {
    if (((int) flags & ~(Fcntl.O_NONBLOCK | PIDFD_THREAD)) != 0 || (int) pid <= 0) {
      return -Errno.EINVAL;
    }
    Task target = t.kernel().pids().task((int) pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    if ((flags & PIDFD_THREAD) != 0) {
      return PidFile.installThread(t, target, (int) flags);
    }
    if (target.group.pid() != (int) pid) {
      return -Errno.EINVAL;
    }
    return PidFile.install(t, target.group, (int) flags);
  }

  /** A pidfd's process; the open directory /proc/PID is one too. */
  private static @Nullable ThreadGroup processOf(@Nullable File f) {
    if (f == null || (f.flags & Fcntl.O_PATH) != 0) {
      return null;
    }
    return f instanceof PidFile p ? p.process() : ProcFs.processOf(f.inode);
  }

  static long pidfdSendSignal(
      Task t, long pidfd, long signum, long info, long flags, long a4, long a5) {
    int kinds = PIDFD_SIGNAL_THREAD | PIDFD_SIGNAL_THREAD_GROUP | PIDFD_SIGNAL_PROCESS_GROUP;
    if (((int) flags & ~kinds) != 0 || Integer.bitCount((int) flags) > 1) {
      return -Errno.EINVAL;
    }
    ThreadGroup g = processOf(t.fds.get((int) pidfd));
    if (g == null) {
      return -Errno.EBADF;
    }
    int signo = (int) signum;
    Task named = t.fds.get((int) pidfd) instanceof PidFile file ? file.thread() : null;
    Task target = named != null ? named : g.leader();
    boolean toThread = (int) flags == PIDFD_SIGNAL_THREAD || (int) flags == 0 && named != null;
    boolean toProcesses = (int) flags == PIDFD_SIGNAL_PROCESS_GROUP;
    SignalInfo queued = null;
    if (info != 0) {
      queued = readInfo(t, signo, info);
      if (queued == null) {
        return -Errno.EFAULT;
      }
      if (t.mm.readInt(info) != signo) {
        return -Errno.EINVAL;
      }
      if (isForged(t, queued, toProcesses ? null : g)) {
        return -Errno.EPERM;
      }
    }
    boolean mismatch = (int) flags == PIDFD_SIGNAL_THREAD_GROUP && target.tid() != g.pid();
    if (t.kernel().pids().group(g.pid()) != g || named != null && named.hasExited() || mismatch) {
      return -Errno.ESRCH;
    }
    if (isBad(signo)) {
      return -Errno.EINVAL;
    }
    if (toProcesses) {
      ProcessGroup group = t.kernel().pids().processGroup(target.tid());
      return group == null ? -Errno.ESRCH : sendToAll(t, group.snapshot(), signo, false);
    }
    if (queued != null) {
      return queue(t, target, signo, queued, !toThread);
    }
    return toThread ? sendToThread(t, g.pid(), target.tid(), signo) : sendTo(t, g, signo);
  }
}
