package dev.vivarium.sentry.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Signals;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SignalsTest {
  private static final long HANDLER = 0x1000;
  private static final int RT = Signals.SIGRTMIN + 2;

  private final TaskWorld world = new TaskWorld();
  private final ThreadGroup g = world.fork(world.init);
  private final Task t = g.leader();

  private static SignalInfo queued(int signo, long value) {
    SignalInfo info = new SignalInfo(signo, Signals.SI_QUEUE);
    info.value = value;
    return info;
  }

  private void handle(int signo) {
    Signaling.setAction(t, signo, HANDLER, 0, 0, 0);
  }

  @Test
  void anOrdinarySignalWaitsOnceAndARealTimeSignalQueuesInOrder() {
    handle(Signals.SIGUSR1);
    handle(RT);
    for (int i = 0; i < 3; i++) {
      g.sendSignal(queued(Signals.SIGUSR1, i));
      g.sendSignal(queued(RT, i));
    }
    List<Long> values = new ArrayList<>();
    for (SignalInfo info; (info = SignalDelivery.take(t, -1)) != null; ) {
      values.add((long) info.signo << 8 | info.value);
    }
    long usr1 = (long) Signals.SIGUSR1 << 8;
    long rt = (long) RT << 8;
    assertEquals(List.of(usr1, rt, rt | 1, rt | 2), values);
    assertFalse(t.signalPending());
  }

  @Test
  void faultsComeBeforeSignalsWithLowerNumbersAndTheTasksOwnBeforeTheProcesss() {
    handle(Signals.SIGHUP);
    handle(Signals.SIGSEGV);
    handle(Signals.SIGUSR2);
    g.sendSignal(SignalInfo.kernel(Signals.SIGHUP));
    t.sendSignal(SignalInfo.kernel(Signals.SIGUSR2));
    t.sendSignal(SignalInfo.fault(Signals.SIGSEGV, Signals.SEGV_MAPERR, 1));
    assertEquals(Signals.SIGSEGV, SignalDelivery.take(t, -1).signo);
    assertEquals(Signals.SIGUSR2, SignalDelivery.take(t, -1).signo);
    assertEquals(Signals.SIGHUP, SignalDelivery.take(t, -1).signo);
  }

  @Test
  void anIgnoredSignalIsForgottenUnlessItIsBlocked() {
    g.sendSignal(SignalInfo.kernel(Signals.SIGCHLD));
    assertNull(SignalDelivery.take(t, -1));
    Signaling.setMask(t, SignalSet.bit(Signals.SIGCHLD));
    g.sendSignal(SignalInfo.kernel(Signals.SIGCHLD));
    assertFalse(t.signalPending());
    assertEquals(SignalSet.bit(Signals.SIGCHLD), Signaling.pendingBlocked(t));
    assertNotNull(Signaling.take(t, -1));
  }

  @Test
  void settingAnActionThatIgnoresForgetsWhatIsPending() {
    handle(Signals.SIGUSR1);
    Signaling.setMask(t, SignalSet.bit(Signals.SIGUSR1));
    t.sendSignal(SignalInfo.kernel(Signals.SIGUSR1));
    Signaling.setAction(t, Signals.SIGUSR1, SignalActions.SIG_IGN, 0, 0, 0);
    assertEquals(0, Signaling.pendingBlocked(t));
  }

  @Test
  void killAndStopCannotBeBlocked() {
    Signaling.setMask(t, -1);
    assertEquals(~SignalSet.UNBLOCKABLE, t.sigmask);
    g.sendSignal(SignalInfo.kernel(Signals.SIGKILL));
    assertTrue(t.fatalSignalPending());
  }

  @Test
  void killReachesEveryTask() {
    Task second = world.addThread(g);
    second.sendSignal(SignalInfo.kernel(Signals.SIGKILL));
    assertTrue(t.fatalSignalPending());
    assertTrue(second.fatalSignalPending());
  }

  @Test
  void stopAndContinueUndoEachOther() {
    Signaling.setMask(t, -1);
    handle(Signals.SIGCONT);
    g.sendSignal(SignalInfo.kernel(Signals.SIGCONT));
    g.sendSignal(SignalInfo.kernel(Signals.SIGTSTP));
    assertEquals(SignalSet.bit(Signals.SIGTSTP), Signaling.pendingBlocked(t));
    g.sendSignal(SignalInfo.kernel(Signals.SIGCONT));
    assertEquals(SignalSet.bit(Signals.SIGCONT), Signaling.pendingBlocked(t));
  }

  @Test
  void tooManyRealTimeSignalsAreRefusedAndOrdinaryOnesStillCount() {
    g.rlimits.set(Resource.RLIMIT_SIGPENDING, 4, 4);
    handle(RT);
    handle(Signals.SIGUSR1);
    for (int i = 0; i < 4; i++) {
      assertEquals(0, g.sendSignal(queued(RT, i)));
    }
    assertEquals(-Errno.EAGAIN, g.sendSignal(queued(RT, 4)));
    assertEquals(0, g.sendSignal(queued(Signals.SIGUSR1, 0)));
    assertTrue(SignalSet.has(g.pending.set(), Signals.SIGUSR1));
  }

  @Test
  void aForcedSignalThatIsBlockedGetsItsDefaultAction() {
    handle(Signals.SIGSEGV);
    Signaling.setMask(t, SignalSet.bit(Signals.SIGSEGV));
    SignalSending.force(t, SignalInfo.fault(Signals.SIGSEGV, Signals.SEGV_MAPERR, 8));
    assertEquals(SignalActions.SIG_DFL, g.actions().handler(Signals.SIGSEGV));
    assertTrue(t.signalPending());
    assertFalse(SignalDelivery.handlePending(t));
    assertEquals(Signals.SIGSEGV, g.exitStatus());
  }

  @Test
  void theTemporaryMaskComesBackUnlessTheCallWasInterrupted() {
    Signaling.setMask(t, 5);
    t.setTemporarySigmask(0);
    t.endTemporarySigmask(1);
    assertEquals(5, t.sigmask);
    t.setTemporarySigmask(0);
    t.endTemporarySigmask(-Errno.ERESTARTNOHAND);
    assertEquals(0, t.sigmask);
    assertTrue(SignalDelivery.handlePending(t));
    assertEquals(5, t.sigmask);
  }

  @Test
  void siginfoOfTheGuestsOwnMakingIsHandedOnByteForByte() {
    byte[] given = new byte[SignalInfo.SIZE];
    for (int i = 0; i < given.length; i++) {
      given[i] = (byte) (i * 7);
    }
    given[8] = given[9] = given[10] = given[11] = -1; // SI_QUEUE
    SignalInfo info = SignalInfo.fromGuest(RT, given.clone());
    byte[] out = new byte[SignalInfo.SIZE];
    info.encode(out, 0);
    given[0] = (byte) RT;
    given[1] = given[2] = given[3] = 0;
    assertEquals(List.of(boxed(given)), List.of(boxed(out)));
    assertEquals(Signals.SI_QUEUE, info.code);
  }

  private long toFirst(Task sender, int signo) {
    return world.init.sendSignal(
        Signaling.shield(sender, world.init, SignalInfo.user(signo, Signals.SI_USER, sender)));
  }

  @Test
  void othersReachTheFirstProcessOnlyByItsHandlers() {
    Task first = world.init.leader();
    for (int signo :
        List.of(Signals.SIGTERM, Signals.SIGKILL, Signals.SIGSTOP, Signals.SIGSEGV, RT)) {
      assertEquals(0, toFirst(t, signo));
      assertFalse(first.signalPending(), () -> "signal " + signo);
    }
    Signaling.setAction(first, Signals.SIGUSR1, HANDLER, 0, 0, 0);
    toFirst(t, Signals.SIGUSR1);
    assertTrue(first.signalPending());
  }

  @Test
  void whatTheFirstProcessBringsAboutItselfAndWhatComesFromOutsideReachesIt() {
    toFirst(world.init.leader(), Signals.SIGTERM);
    assertTrue(SignalSet.has(world.init.pending.set(), Signals.SIGTERM));
    world.init.sendSignal(SignalInfo.kernel(Signals.SIGINT));
    assertTrue(SignalSet.has(world.init.pending.set(), Signals.SIGINT));
    world.init.sendSignal(SignalInfo.kernel(Signals.SIGKILL));
    assertTrue(world.init.leader().fatalSignalPending());
  }

  @Test
  void aUsersProcessesShareTheLimitOfQueuedSignals() {
    Signaling.setMask(t, -1);
    ThreadGroup other = world.fork(world.init);
    Signaling.setMask(other.leader(), -1);
    g.rlimits.set(Resource.RLIMIT_SIGPENDING, 3, 3);
    assertEquals(0, other.sendSignal(queued(RT, 1)));
    assertEquals(0, other.sendSignal(queued(RT, 2)));
    assertEquals(0, g.sendSignal(queued(RT, 3)));
    assertEquals(-Errno.EAGAIN, g.sendSignal(queued(RT, 4)));
    world.die(other, 0);
    assertEquals(0, g.sendSignal(queued(RT, 5)));
  }

  private static String boxed(byte[] bytes) {
    return java.util.HexFormat.of().formatHex(bytes);
  }
}
