package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.ipc.sysv.SemaphoreUndo;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.memory.WouldWaitException;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Registers;
import dev.vivarium.sentry.seccomp.Filter;
import dev.vivarium.sentry.vfs.FdTable;
import dev.vivarium.sentry.vfs.FsContext;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A thread of the guest: what Linux calls a task. Its kernel side is a coroutine on the kernel
 * thread; {@link #waitOn}, {@link #sleepUntil}, {@link #offload} and {@link #awaitEvent} are the
 * only places where it stands still.
 *
 * <p>What a task does lives beside it, one concern per file: {@link TaskRun} (its life), {@link
 * TaskClone}, {@link TaskExec}, {@link TaskExit}, {@link TaskWait}, {@link SignalSending}, {@link
 * SignalDelivery}.
 */
public final class Task {
  /** For waits without a time limit. */
  public static final long NO_DEADLINE = Long.MAX_VALUE;

  /**
   * What a fast handler may return instead of calling {@link #needCoroutine}, where nothing comes
   * after it: an exception costs microseconds in code that C1 compiled. No system call has such a
   * result.
   */
  public static final long NEEDS_COROUTINE = Long.MIN_VALUE;

  /** What ends a wait before its time. */
  private static final int UNINTERRUPTIBLE = 0;

  private static final int KILLABLE = 1;
  private static final int INTERRUPTIBLE = 2;

  private final Kernel kernel;
  private int tid;
  private final Coroutine coroutine;

  public Context context;
  public MemoryManager mm;
  public FdTable fds;
  public FsContext fs;
  public Credentials creds;
  public ThreadGroup group;

  /** The name that ps shows: at most 15 bytes. */
  public String comm = "";

  /** When it was made, on the boot-time clock. */
  public long startNanos;

  /** Blocked signals, as a {@link SignalSet}. */
  public long sigmask;

  /** Signals for this task alone. */
  final SignalQueue pending = new SignalQueue();

  /**
   * What {@link #sigmask} is to be again once the next handler has been set up or none was; see
   * {@link #setTemporarySigmask}.
   */
  long savedSigmask;

  boolean restoreSigmask;

  /** Signals that rt_sigtimedwait waits for: they wake the task though they are blocked. */
  long awaitedSignals;

  /** sigaltstack(2). */
  long altStackBase;

  long altStackSize;
  int altStackFlags = Signals.SS_DISABLE;

  /** A group stop is on its way and this task has not stopped yet. */
  boolean stopPending;

  /** The group stop waits for this task: {@link ThreadGroup#stopsMissing} counts it. */
  boolean stopCounted;

  /** It stands still for a group stop (and not for a tracer). */
  boolean standsInGroupStop;

  /** Who traces this task, and how; null if nobody does. */
  @Nullable Tracee tracee;

  /** The tasks that this one traces. */
  final List<Task> tracees = new ArrayList<>(0);

  /**
   * The number of the system call that the task is in or has just left, as its tracer sees and
   * changes it; -1 if it came into the kernel otherwise.
   */
  int callNumber = -1;

  /** How restart_syscall(2) goes on with an interrupted call. */
  private @Nullable Restart restart;

  /** set_tid_address: cleared, and woken as a futex, when the task ends; 0 for none. */
  public long clearChildTid;

  /** set_robust_list: the head of the list of futexes held; 0 for none. */
  public long robustList;

  /** Filters on its own system calls, newest first; null for none. */
  public @Nullable Filter seccomp;

  /** What System V semaphores are to take back when the task ends; null if there is nothing. */
  public @Nullable SemaphoreUndo semaphoreUndo;

  /** Woken when this task, made by vfork, has its own program or is gone; null if it is not. */
  @Nullable WaitQueue vforkDone;

  /** It took a user id that has more tasks than RLIMIT_NPROC: execve looks at it again. */
  public boolean tooManyOfUser;

  /** PR_SET_PDEATHSIG. */
  public int parentDeathSignal;

  /** PR_SET_TIMERSLACK, kept and reported. */
  public long timerSlackNanos = 50_000;

  /** Nice value, -20 to 19. */
  public int nice;

  /**
   * While a path is walked: for open(2) with O_RDONLY, so that what is found may be opened at once.
   */
  public boolean opensForReading;

  /** SCHED_* and its priority, kept and reported. */
  public int schedulingPolicy;

  public int schedulingPriority;

  /** Processors of sched_setaffinity, as bits; 0 for all. */
  public long affinity;

  /** personality(2). */
  public int personality;

  /** ioprio_set(2). */
  public int ioPriority;

  /** set_mempolicy(2). */
  public MemoryPolicy memoryPolicy = MemoryPolicy.DEFAULT;

  final CpuTimes times = new CpuTimes();

  /** The registers hold the result of a system call that may be a restart code. */
  boolean inSyscall;

  /** That result. */
  long syscallResult;

  /** A handler has set all registers itself (execve, rt_sigreturn): its result is no result. */
  boolean registersReplaced;

  /** exit(2) was called, with {@link #exitCode}; the other tasks of the process live on. */
  boolean exitCalled;

  int exitCode;

  /** Set by clone: where the task writes its tid before its first instruction; 0 for nowhere. */
  long setChildTid;

  /** The task's first act is to run this instead of its guest: the program of a new process. */
  @Nullable Runnable firstAct;

  // What the last fault was, for signal frames: error code, trap number, cr2.
  long faultError;
  long faultTrap;
  long faultAddress;

  /**
   * Of the call that a {@link Watcher} looks on at: what it waited as it was asked to, for files of
   * the host, and between being woken and going on. Kept only while there is one.
   */
  public long blockedNanos;

  public long diskNanos;
  public long handOverNanos;

  /** What the watcher keeps for this task. */
  public @Nullable Object watched;

  private long queuedAt;

  private boolean exited;

  /** The address space has been let go of. */
  boolean mmGone;

  /** When the guest began to run that runs now; what it does until its next event is user time. */
  private long sliceStart;

  /** For which credentials {@link #publishAnswers} was called last. */
  private @Nullable Credentials answeredFor;

  /** How many events its guest has had. */
  long events;

  private boolean queued;
  private boolean inGuest;
  private boolean eventSeen;
  private boolean answeringFast;
  private boolean woken;
  private boolean timedOut;
  private final Wakeup wakeup = new Wakeup(this);
  private final Alarm alarm = new Alarm(this);

  Task(Kernel kernel, int tid) {
    this.kernel = kernel;
    this.tid = tid;
    this.coroutine = new Coroutine(this::run);
  }

  public Kernel kernel() {
    return kernel;
  }

  public int tid() {
    return tid;
  }

  void setTid(int newTid) {
    tid = newTid;
  }

  public boolean hasExited() {
    return exited;
  }

  void markExited() {
    exited = true;
  }

  /**
   * What this task alone used, up to now. User time is the time between two entries into the
   * kernel, system time that in the coroutine; a fast call counts as user time.
   */
  public CpuTimes times() {
    if (inGuest) {
      long now = System.nanoTime();
      times.userNanos += now - sliceStart;
      sliceStart = now;
    }
    return times;
  }

  /** A call has read from a file: {@code bytes}, or a negative errno. */
  public void countRead(long bytes) {
    times.reads++;
    if (bytes > 0) {
      times.bytesRead += bytes;
    }
  }

  /** A call has written to a file: {@code bytes}, or a negative errno. */
  public void countWrite(long bytes) {
    times.writes++;
    if (bytes > 0) {
      times.bytesWritten += bytes;
    }
  }

  /** Signals pending for this task alone. */
  public SignalQueue pendingSignals() {
    return pending;
  }

  /**
   * Whether the task must leave what it does and look at its signals: one is deliverable, the
   * process is being stopped, or the task is to end. Interruptible waits end then.
   */
  public boolean signalPending() {
    return ((pending.set() | group.pending.set()) & (~sigmask | awaitedSignals)) != 0
        || stopPending
        || tracee != null && tracee.trapPending();
  }

  /** Whether the task is to end; waits that only death may interrupt end then. */
  public boolean fatalSignalPending() {
    return SignalSet.has(pending.set(), Signals.SIGKILL);
  }

  /**
   * Sends a signal to this task, as the kernel: without asking for permission.
   *
   * @return 0, or -EAGAIN if too many signals are queued
   */
  public long sendSignal(SignalInfo info) {
    return SignalSending.send(this, info, false);
  }

  /**
   * Replaces the signal mask for the length of one system call (ppoll, pselect6, epoll_pwait,
   * sigsuspend). The old mask comes back by itself: at once if the call was not interrupted ({@link
   * #endTemporarySigmask}), else after the signal's handler has been set up with it saved in the
   * frame.
   */
  public void setTemporarySigmask(long mask) {
    if (!restoreSigmask) {
      savedSigmask = sigmask;
      restoreSigmask = true;
    }
    sigmask = mask & ~SignalSet.UNBLOCKABLE;
  }

  /**
   * Ends what {@link #setTemporarySigmask} began.
   *
   * @param result of the call; the mask stays for the signal's delivery if it was interrupted
   */
  public void endTemporarySigmask(long result) {
    if (restoreSigmask && result != -Errno.ERESTARTNOHAND && result != -Errno.EINTR) {
      sigmask = savedSigmask;
      restoreSigmask = false;
    }
  }

  /** How an interrupted call goes on if no handler ran. */
  @FunctionalInterface
  public interface Restart {
    long restart(Task t);
  }

  /**
   * Says how restart_syscall(2) goes on with this call.
   *
   * @return -ERESTART_RESTARTBLOCK, for the handler to return
   */
  public long restartWith(Restart r) {
    restart = r;
    return -Errno.ERESTART_RESTARTBLOCK;
  }

  /** Lets go of what System V semaphores are to take back; the last sharer takes it back. */
  public void leaveSemaphoreUndo() {
    SemaphoreUndo undo = semaphoreUndo;
    if (undo != null) {
      semaphoreUndo = null;
      undo.release(this);
    }
  }

  /** restart_syscall(2). */
  public long goOnWithRestart() {
    Restart r = takeRestart();
    return r == null ? -Errno.EINTR : r.restart(this);
  }

  @Nullable Restart takeRestart() {
    Restart r = restart;
    restart = null;
    return r;
  }

  // ---- running ----

  /** The task's life: events of its guest, one after the other, until it ends. */
  private void run() {
    TaskRun.run(this);
  }

  /**
   * Whether something besides the system call is to be done before the guest may go on (signals,
   * stops, exit).
   */
  private boolean hasWork() {
    return tracee != null || signalPending() || kernel.guestsStand();
  }

  /** Starts the task: it will run its guest from the registers in {@link #context}. */
  void start() {
    context.setOwner(this);
    kernel.loop().makeRunnable(this);
  }

  /** Called by the loop: goes on until the next wait. */
  void step() {
    if (coroutine.isDone()) {
      return; // somebody woke it and then it ended
    }
    if (!mmGone) {
      mm.enter(this);
    }
    long begin = System.nanoTime();
    coroutine.run();
    long spent = System.nanoTime() - begin;
    times.systemNanos += spent;
    CpuQuota quota = kernel.cpuQuota();
    if (quota != null) {
      quota.charge(spent);
    }
  }

  boolean markQueued() {
    if (queued || coroutine.isDone()) {
      return false;
    }
    queued = true;
    if (kernel.watcher() != null) {
      queuedAt = System.nanoTime();
    }
    return true;
  }

  void dequeued() {
    queued = false;
  }

  /**
   * Called by the loop, outside the coroutine, when the guest has an event: answers a system call
   * that never waits on the spot. False if the coroutine is needed.
   */
  boolean answeredAtOnce() {
    events++;
    kernel.guestBarrier().cameIn();
    if (inGuest) {
      long now = System.nanoTime();
      times.userNanos += now - sliceStart;
      sliceStart = now;
    }
    if (context.event() == Context.SYSCALL && !context.calledDirectly()) {
      mm.trapped(this, context.regs().get(Registers.RIP));
    }
    if (inGuest && context.event() == Context.SYSCALL && !hasWork() && seccomp == null) {
      int number = context.regs().origRax();
      if (kernel.dispatcher().isFast(number)) {
        mm.enterFast(this);
        answeringFast = true;
        boolean answered = TaskRun.answerFast(this, number);
        answeringFast = false;
        if (answered) {
          if (creds != answeredFor) {
            publishAnswers();
          }
          context.resume();
          settleWatcher();
          return true;
        }
        settleWatcher();
      }
    }
    eventSeen = true;
    return false;
  }

  private void settleWatcher() {
    Watcher looking = kernel.watcher();
    if (looking != null) {
      looking.settle();
    }
  }

  /** The guest has an event that its coroutine is to see to. */
  void eventSeen() {
    answeringFast = false;
    eventSeen = true;
  }

  /**
   * Tells the platform what the task may be told of itself without a call into the kernel: nothing
   * where a tracer or a filter must see every call. To be called whenever one of these has changed.
   */
  void publishAnswers() {
    answeredFor = creds;
    if (kernel.answersInGuest()) {
      context.setAnswers(
          tracee != null || seccomp != null || kernel.watcher() != null
              ? null
              : new int[] {
                group.pid(), tid, group.ppid(), creds.ruid, creds.euid, creds.rgid, creds.egid
              });
    }
  }

  /**
   * The context has moved to another place: {@link #publishAnswers} is due before the guest runs.
   */
  void answersLost() {
    answeredFor = null;
  }

  /**
   * To be called by a fast handler that has found, before it changed anything, that it may have to
   * wait after all: the whole call then runs again in the task's coroutine. Does nothing there.
   */
  public void needCoroutine() {
    if (answeringFast) {
      throw WouldWaitException.INSTANCE;
    }
  }

  /** Whether the call is being answered outside the coroutine, so that it may not wait. */
  public boolean isAnsweredFast() {
    return answeringFast;
  }

  /** Lets the guest run and waits for its next event ({@link Context#event}). */
  void awaitEvent() {
    inGuest = true;
    eventSeen = false;
    sliceStart = System.nanoTime();
    if (creds != answeredFor) {
      publishAnswers();
    }
    CpuQuota quota = kernel.cpuQuota();
    if (quota != null) {
      quota.guestStarts(sliceStart);
    }
    context.resume();
    while (!eventSeen) {
      Coroutine.yield();
    }
    inGuest = false;
    if (quota != null) {
      quota.guestStops(System.nanoTime());
    }
  }

  /** Who traces it; null if nobody does. */
  public @Nullable Tracee tracee() {
    return tracee;
  }

  /** See {@link #callNumber}; sets it for a tracer. */
  public int callNumber() {
    return callNumber;
  }

  /**
   * The tracer has changed the registers: whether the task goes on as after a system call, which
   * may have to be made again.
   */
  public void tracerSetCall(int number, long result) {
    callNumber = number;
    if (tracee == null || !tracee.atEntry) {
      inSyscall = number >= 0;
      syscallResult = result;
    }
  }

  /**
   * Has a running guest come in once: what others changed in its memory is in force then, and it
   * stays if the sandbox's processor time is used up.
   */
  public void comeIn() {
    if (inGuest) {
      context.interrupt();
    }
  }

  /** Whether the guest runs at this moment, so that its registers cannot be looked at. */
  public boolean isInGuest() {
    return inGuest;
  }

  /**
   * Whether the guest runs and nothing has been seen of it since. Not where its event is known and
   * only its coroutine has not gone on yet, though {@link #isInGuest} is true until then.
   */
  boolean isAway() {
    return inGuest && !eventSeen;
  }

  /** As /proc/PID/stat shows it: R running, S sleeping, T stopped, t traced, Z zombie. */
  public char state() {
    if (exited) {
      return 'Z';
    }
    if (tracee != null && tracee.stopped) {
      return 't';
    }
    if (standsInGroupStop) {
      return 'T';
    }
    return inGuest || queued ? 'R' : 'S';
  }

  // ---- waiting ----

  /**
   * Waits until the queue is woken, a signal is to be handled, or the time is over. The caller
   * checks its condition again afterwards. Nothing can happen between the caller's check and this
   * wait.
   *
   * @param deadlineNanos on the kernel's monotonic clock ({@link System#nanoTime}), or {@link
   *     #NO_DEADLINE}
   * @return 0 woken; -ERESTARTSYS a signal is pending; -ETIMEDOUT
   */
  public long waitOn(WaitQueue queue, long deadlineNanos) {
    queue.add(wakeup);
    try {
      return sleep(deadlineNanos, INTERRUPTIBLE);
    } finally {
      queue.remove(wakeup);
    }
  }

  /** Like {@link #waitOn}, but only the task's death ends the wait early. */
  public long waitKillable(WaitQueue queue) {
    queue.add(wakeup);
    try {
      return sleep(NO_DEADLINE, KILLABLE);
    } finally {
      queue.remove(wakeup);
    }
  }

  /** Like {@link #waitOn}, but signals do not end the wait. */
  public long waitUninterruptibly(WaitQueue queue) {
    queue.add(wakeup);
    try {
      return sleep(NO_DEADLINE, UNINTERRUPTIBLE);
    } finally {
      queue.remove(wakeup);
    }
  }

  /**
   * Waits until {@link #wake}, a signal or the time: for callers that queue waiters of their own
   * (poll).
   */
  public long sleepUntil(long deadlineNanos) {
    return sleep(deadlineNanos, INTERRUPTIBLE);
  }

  /** Ends the task's present wait with 0. On the kernel thread. */
  public void wake() {
    woken = true;
    kernel.loop().makeRunnable(this);
  }

  /** Makes the task look at its signals: ends an interruptible wait, or brings its guest back. */
  void interrupt() {
    if (inGuest) {
      context.interrupt();
    } else {
      kernel.loop().makeRunnable(this);
    }
  }

  private void parkGuest() {
    if (!mmGone) {
      context.parkGuest();
    }
  }

  private boolean interruptsWait(int mode) {
    return switch (mode) {
      case INTERRUPTIBLE -> signalPending();
      case KILLABLE -> fatalSignalPending();
      default -> false;
    };
  }

  private long sleep(long deadlineNanos, int mode) {
    needCoroutine();
    woken = false;
    timedOut = false;
    if (interruptsWait(mode)) {
      return -Errno.ERESTARTSYS;
    }
    parkGuest();
    long began = beginWait();
    if (deadlineNanos != NO_DEADLINE) {
      kernel.timers().schedule(alarm, deadlineNanos);
    }
    try {
      for (; ; ) {
        Coroutine.yield();
        if (woken) {
          return 0;
        }
        if (interruptsWait(mode)) {
          return -Errno.ERESTARTSYS;
        }
        if (timedOut) {
          return -Errno.ETIMEDOUT;
        }
      }
    } finally {
      kernel.timers().cancel(alarm);
      if (began != 0) {
        countWait(began);
      }
    }
  }

  /** When the wait began, if somebody looks on; else 0. */
  private long beginWait() {
    Watcher looking = kernel.watcher();
    if (looking == null) {
      return 0;
    }
    looking.waits(this);
    return System.nanoTime();
  }

  private void countWait(long began) {
    long now = System.nanoTime();
    long woken = Math.clamp(queuedAt, began, now);
    blockedNanos += woken - began;
    handOverNanos += now - woken;
  }

  /** Goes on when everybody else who can has had a turn. */
  void letOthersRun() {
    needCoroutine();
    kernel.loop().makeRunnable(this);
    Coroutine.yield();
  }

  /** Something that may block the host; it must touch no kernel object. */
  public interface HostCall {
    long call();
  }

  /** Runs {@code call} on a helper thread and waits for its result. Signals do not end the wait. */
  public long offload(HostCall call) {
    needCoroutine();
    long[] result = {-Errno.EIO};
    boolean[] done = {false};
    long began = beginWait();
    kernel
        .loop()
        .runElsewhere(
            () -> result[0] = call.call(),
            () -> {
              done[0] = true;
              kernel.loop().makeRunnable(this);
            });
    parkGuest();
    while (!done[0]) {
      Coroutine.yield();
    }
    if (began != 0) {
      diskNanos += System.nanoTime() - began;
    }
    return result[0];
  }

  /** A waiter that makes its task runnable. */
  private static final class Wakeup extends WaitQueue.Waiter {
    private final Task task;

    Wakeup(Task task) {
      this.task = task;
    }

    @Override
    protected void woken(int events) {
      task.wake();
    }
  }

  private static final class Alarm extends Timers.Timer {
    private final Task task;

    Alarm(Task task) {
      this.task = task;
    }

    @Override
    protected void fire() {
      task.timedOut = true;
      task.kernel.loop().makeRunnable(task);
    }
  }
}
