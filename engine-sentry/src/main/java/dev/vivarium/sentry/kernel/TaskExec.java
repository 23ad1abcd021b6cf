package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.loader.Program;
import dev.vivarium.sentry.loader.ProgramFinder;
import dev.vivarium.sentry.loader.ProgramLoader;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.platform.AddressSpace;
import dev.vivarium.sentry.platform.PlatformException;
import dev.vivarium.sentry.platform.Registers;
import java.util.List;

/**
 * execve: a new program in the place of the old one.
 *
 * <p>All that can fail for a reason the caller should hear of comes first: finding, opening and
 * checking the files. Then the other tasks end and the old memory goes; from there on there is
 * nobody left to tell, and an error kills the process.
 */
public final class TaskExec {
  private static final int COMM_LENGTH = 15;
  private static final int EFLAGS = 0x202;

  private TaskExec() {}

  /**
   * Replaces the task's program.
   *
   * @param walkFlags as of {@link ProgramFinder#find}
   * @return 0 (the registers are the new program's), or a negative errno
   */
  public static long exec(
      Task t, int dirfd, String path, int walkFlags, List<String> argv, List<String> envp) {
    if (t.tooManyOfUser
        && t.group.rlimits.exceeds(
            Resource.RLIMIT_NPROC, t.kernel().pids().countOf(t.creds.ruid))) {
      return -Errno.EAGAIN;
    }
    t.tooManyOfUser = false;
    ProgramFinder finder = new ProgramFinder(t);
    // A program may rely on having a name (CVE-2021-4034).
    List<String> args = argv.isEmpty() ? List.of("") : argv;
    Program program = finder.find(dirfd, path, walkFlags, args);
    if (program == null) {
      return finder.error();
    }
    ExecCredentials creds = ExecCredentials.of(t, program.file());
    if (creds == null) {
      program.close(t);
      return ExecCredentials.error();
    }
    int oldTid = t.tid();
    long rc = endOtherTasks(t);
    if (rc == 0) {
      rc = replaceMemory(t);
    }
    if (rc < 0) {
      program.close(t);
      return rc;
    }
    t.creds = creds.result;
    rc = load(t, program, envp, creds.secure);
    program.close(t);
    t.registersReplaced = true;
    if (rc < 0) {
      TaskExit.groupExit(t, Signals.SIGKILL);
      t.exitCalled = true;
      return rc;
    }
    resetProcess(t, program);
    tellWatcher(t, path, args);
    TraceStops.execed(t, oldTid);
    return 0;
  }

  private static void tellWatcher(Task t, String path, List<String> argv) {
    Watcher looking = t.kernel().watcher();
    if (looking != null) {
      looking.execed(t, path, argv);
    }
  }

  /** Whether there is something to execute at a place: 0 or a negative errno. */
  public static long check(Task t, int dirfd, String path, int walkFlags) {
    return new ProgramFinder(t).check(dirfd, path, walkFlags);
  }

  /** The first program of a process, whose address space is empty. */
  static long execFirst(Task t, String path, List<String> argv, List<String> envp) {
    ProgramFinder finder = new ProgramFinder(t);
    Program program =
        finder.find(
            dev.vivarium.sentry.abi.Fcntl.AT_FDCWD,
            path,
            dev.vivarium.sentry.vfs.PathWalker.FOLLOW,
            argv);
    if (program == null) {
      return finder.error();
    }
    ExecCredentials creds = ExecCredentials.of(t, program.file());
    if (creds == null) {
      program.close(t);
      return ExecCredentials.error();
    }
    t.creds = creds.result;
    long rc = load(t, program, envp, creds.secure);
    program.close(t);
    if (rc == 0) {
      resetProcess(t, program);
      Watcher looking = t.kernel().watcher();
      if (looking != null) {
        looking.started(null, t);
        looking.execed(t, path, argv);
      }
    }
    return rc;
  }

  /** Ends the other tasks of the process; this one becomes its leader. */
  private static long endOtherTasks(Task t) {
    ThreadGroup g = t.group;
    if (g.execing != null || g.exiting) {
      return -Errno.EAGAIN;
    }
    if (g.tasks.size() > 1) {
      g.execing = t;
      for (Task other : g.tasks) {
        if (other != t) {
          other.pending.addBare(Signals.SIGKILL);
          other.interrupt();
        }
      }
      while (g.tasks.size() > 1) {
        if (t.fatalSignalPending()) {
          g.execing = null;
          return -Errno.EINTR;
        }
        t.waitKillable(g.tasksEnded);
      }
      g.execing = null;
    }
    if (g.leader != t) {
      // The old leader has ended; its number is the process's and goes to this task.
      PidTable pids = t.kernel().pids();
      int oldTid = t.tid();
      Tracing.forget(g.leader);
      pids.remove(g.leader);
      t.setTid(g.pid());
      pids.rename(t, oldTid);
      g.leader = t;
    }
    return 0;
  }

  private static long replaceMemory(Task t) {
    TaskExit.leaveMemory(t);
    AddressSpace fresh;
    try {
      fresh = t.context.replaceAddressSpace();
    } catch (PlatformException e) {
      return -e.errno;
    }
    t.answersLost();
    MemoryManager old = t.mm;
    t.mm = t.kernel().newMemory(fresh);
    t.mm.coreFilter = old.coreFilter;
    old.release(t);
    t.mm.enter(t);
    TaskExit.vforkDone(t);
    return 0;
  }

  private static long load(Task t, Program program, List<String> envp, boolean secure) {
    byte[] random = new byte[16];
    t.kernel().entropy().fill(random, 0, random.length);
    ProgramLoader loader = new ProgramLoader(t);
    long rc = loader.load(program, envp, secure, random);
    if (rc < 0) {
      return rc;
    }
    t.mm.exe = program.file().acquire();
    Registers regs = t.context.regs();
    for (int r = 0; r < Registers.COUNT; r++) {
      regs.set(r, 0);
    }
    regs.set(Registers.EFLAGS, EFLAGS);
    regs.set(Registers.RIP, loader.entry());
    regs.set(Registers.RSP, loader.stackPointer());
    regs.setFsBase(0);
    regs.setGsBase(0);
    return 0;
  }

  /** What else does not outlive the old program. */
  private static void resetProcess(Task t, Program program) {
    ThreadGroup g = t.group;
    if (t.fds.isShared()) {
      var own = t.fds.fork();
      t.fds.release(t);
      t.fds = own;
    }
    t.fds.closeOnExec(t);
    if (g.actions.users > 1) {
      g.actions.users--;
      g.actions = g.actions.copy();
    }
    g.actions.resetCaught();
    g.timers().deletePosixTimers();
    SignalFrame.disableAltStack(t);
    t.robustList = 0;
    t.clearChildTid = 0;
    t.comm = shortened(program.baseName());
    t.takeRestart();
    g.hasExeced = true;
    g.exitSignal = Signals.SIGCHLD;
    boolean sameIds = t.creds.euid == t.creds.ruid && t.creds.egid == t.creds.rgid;
    g.dumpable = sameIds ? 1 : 0;
    if (!sameIds) {
      t.parentDeathSignal = 0;
    }
  }

  static String shortened(String name) {
    return name.length() > COMM_LENGTH ? name.substring(0, COMM_LENGTH) : name;
  }
}
