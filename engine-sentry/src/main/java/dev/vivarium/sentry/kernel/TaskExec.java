package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.loader.Program;
import dev.vivarium.sentry.loader.ProgramFinder;
import dev.vivarium.sentry.loader.ProgramLoader;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.platform.AddressSpace;
import dev.vivarium.sentry.platform.PlatformException;
import dev.vivarium.sentry.platform.Registers;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Mount;
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
    ProgramFinder finder = new ProgramFinder(t);
    // A program may rely on having a name (CVE-2021-4034).
    List<String> args = argv.isEmpty() ? List.of("") : argv;
    Program program = finder.find(dirfd, path, walkFlags, args);
    if (program == null) {
      return finder.error();
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
    boolean secure = changeCredentials(t, program.file());
    rc = load(t, program, envp, secure);
    program.close(t);
    t.registersReplaced = true;
    if (rc < 0) {
      TaskExit.groupExit(t, Signals.SIGKILL);
      t.exitCalled = true;
      return rc;
    }
    resetProcess(t, program);
    TraceStops.execed(t, oldTid);
    return 0;
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
    boolean secure = changeCredentials(t, program.file());
    long rc = load(t, program, envp, secure);
    program.close(t);
    if (rc == 0) {
      resetProcess(t, program);
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

  /**
   * Set-user-id and set-group-id programs, and what becomes of capabilities (man 7 capabilities;
   * capabilities of files are not looked at).
   *
   * @return whether the program runs with more than its caller had (AT_SECURE)
   */
  private static boolean changeCredentials(Task t, File file) {
    Credentials old = t.creds;
    Credentials.Editor e = old.edit();
    Inode inode = file.inode;
    boolean nosuid =
        old.noNewPrivs
            || !Tracing.mayGainRights(t)
            || file.path != null && (file.path.mount().flags() & Mount.NOSUID) != 0;
    if (!nosuid) {
      if ((inode.mode & Stat.S_ISUID) != 0) {
        e.euid = inode.uid;
      }
      if ((inode.mode & (Stat.S_ISGID | Stat.S_IXGRP)) == (Stat.S_ISGID | Stat.S_IXGRP)) {
        e.egid = inode.gid;
      }
    }
    boolean changed = e.euid != old.euid || e.egid != old.egid;
    e.suid = e.fsuid = e.euid;
    e.sgid = e.fsgid = e.egid;
    if (changed) {
      e.ambient = 0;
    }
    boolean rootMagic = (old.securebits & Capability.SECBIT_NOROOT) == 0;
    if (rootMagic && (e.ruid == 0 || e.euid == 0)) {
      e.permitted = old.bounding | old.inheritable;
      e.effective = e.euid == 0 ? e.permitted : e.ambient;
    } else {
      e.permitted = e.ambient;
      e.effective = e.ambient;
    }
    e.securebits &= ~Capability.SECBIT_KEEP_CAPS;
    t.creds = e.done();
    return changed || old.ruid != e.euid || old.rgid != e.egid;
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
