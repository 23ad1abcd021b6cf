package dev.vivarium.sentry.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import org.junit.jupiter.api.Test;

class WaitTest {
  private static final int ANY = TaskWait.WNOHANG | TaskWait.WEXITED;

  private final TaskWorld world = new TaskWorld();
  private final ThreadGroup parent = world.fork(world.init);
  private final Task t = parent.leader();
  private final TaskWait.Result out = new TaskWait.Result();

  private long await(int type, int id, int options) {
    return TaskWait.await(t, type, id, options, out);
  }

  @Test
  void aZombieIsReportedOnceAndThenGone() {
    ThreadGroup child = world.fork(parent);
    assertEquals(0, await(TaskWait.P_ALL, 0, ANY));
    world.die(child, 3 << 8);
    assertEquals(1, await(TaskWait.P_PID, child.pid(), ANY | TaskWait.WNOWAIT));
    assertEquals(1, await(TaskWait.P_ALL, 0, ANY));
    assertEquals(child.pid(), out.pid);
    assertEquals(3 << 8, out.status);
    assertEquals(Signals.CLD_EXITED, out.code);
    assertEquals(-Errno.ECHILD, await(TaskWait.P_ALL, 0, ANY));
    assertNull(world.kernel.pids().group(child.pid()));
    assertTrue(SignalSet.has(parent.pending.set(), Signals.SIGCHLD) || !t.signalPending());
  }

  @Test
  void childrenOfAParentThatIgnoresSigchldGoByThemselves() {
    Signaling.setAction(t, Signals.SIGCHLD, SignalActions.SIG_IGN, 0, 0, 0);
    ThreadGroup child = world.fork(parent);
    world.die(child, 0);
    assertEquals(-Errno.ECHILD, await(TaskWait.P_ALL, 0, ANY));
  }

  @Test
  void stopsAndContinuesAreReportedOnceEachAndOnlyToThoseWhoAsk() {
    ThreadGroup child = world.fork(parent);
    child.stopSignal = Signals.SIGSTOP;
    child.stopUnreported = true;
    child.setStopped(true);
    assertEquals(0, await(TaskWait.P_ALL, 0, ANY));
    assertEquals(1, await(TaskWait.P_ALL, 0, ANY | TaskWait.WSTOPPED));
    assertEquals(Signals.SIGSTOP << 8 | 0x7f, out.status);
    assertEquals(0, await(TaskWait.P_ALL, 0, ANY | TaskWait.WSTOPPED));
    child.sendSignal(SignalInfo.kernel(Signals.SIGCONT));
    assertEquals(1, await(TaskWait.P_ALL, 0, ANY | TaskWait.WCONTINUED));
    assertEquals(0xffff, out.status);
    assertEquals(0, await(TaskWait.P_ALL, 0, ANY | TaskWait.WCONTINUED));
  }

  @Test
  void cloneChildrenAreSeenOnlyWithWcloneOrWall() {
    ThreadGroup child = world.fork(parent);
    child.exitSignal = 0;
    assertEquals(-Errno.ECHILD, await(TaskWait.P_ALL, 0, ANY));
    assertEquals(0, await(TaskWait.P_ALL, 0, ANY | TaskWait.__WCLONE));
    assertEquals(0, await(TaskWait.P_ALL, 0, ANY | TaskWait.__WALL));
  }

  @Test
  void orphansGoToTheNearestSubreaperOrTheFirstProcess() {
    ThreadGroup middle = world.fork(parent);
    ThreadGroup orphan = world.fork(middle);
    world.die(middle, 0);
    assertSame(world.init, orphan.parent());
    parent.childSubreaper = true;
    ThreadGroup second = world.fork(parent);
    ThreadGroup grandchild = world.fork(second);
    ThreadGroup zombie = world.fork(second);
    world.die(zombie, 0);
    world.die(second, 0);
    assertSame(parent, grandchild.parent());
    assertSame(parent, zombie.parent());
  }

  @Test
  void aStoppedGroupThatBecomesOrphanedIsHungUpAndContinued() {
    ThreadGroup shell = world.fork(parent);
    assertEquals(shell.pid(), Jobs.newSession(shell.leader()));
    ThreadGroup leader = world.fork(shell);
    ThreadGroup worker = world.fork(leader);
    assertEquals(0, Jobs.setProcessGroup(worker.leader(), 0, 0));
    worker.stopSignal = Signals.SIGTSTP;
    worker.setStopped(true);
    world.die(leader, 0);
    assertTrue(SignalSet.has(worker.pending.set(), Signals.SIGHUP));
    assertEquals(0, worker.stopSignal);
  }

  @Test
  void aDeathSignalTellsTheChildOfItsParentsEnd() {
    ThreadGroup middle = world.fork(parent);
    ThreadGroup child = world.fork(middle);
    child.leader().parentDeathSignal = Signals.SIGUSR1;
    world.die(middle, 0);
    assertTrue(SignalSet.has(child.pending.set(), Signals.SIGUSR1));
  }

  @Test
  void processGroupsEndWithTheirLastMember() {
    ThreadGroup child = world.fork(parent);
    assertEquals(0, Jobs.setProcessGroup(t, child.pid(), 0));
    assertEquals(child.pid(), child.processGroup().id());
    world.die(child, 0);
    assertEquals(1, await(TaskWait.P_PGID, child.pid(), ANY));
    assertNull(world.kernel.pids().processGroup(child.pid()));
  }

  @Test
  void onlyChildrenOfTheSameSessionThatRunTheirOldProgramCanBeMoved() {
    ThreadGroup child = world.fork(parent);
    child.hasExeced = true;
    assertEquals(-Errno.EACCES, Jobs.setProcessGroup(t, child.pid(), 0));
    child.hasExeced = false;
    Jobs.newSession(child.leader());
    assertEquals(-Errno.EPERM, Jobs.setProcessGroup(t, child.pid(), 0));
    assertEquals(-Errno.ESRCH, Jobs.setProcessGroup(t, world.init.pid(), 0));
    assertEquals(-Errno.EPERM, Jobs.newSession(child.leader()));
  }
}
