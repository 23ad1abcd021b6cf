package dev.vivarium.sentry.platform.systrap;

import static dev.vivarium.sentry.platform.systrap.Layout.*;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.host.HostMemory;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.host.NativeFiles;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.platform.PlatformException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Guest code runs in stub processes, where seccomp turns each system call into SIGSYS (stub.c). All
 * methods but {@link #wake} on the kernel thread.
 */
public final class SystrapPlatform implements Platform {
  private static final int ZYGOTE_SLOT = 1;
  private static final int FIRST_SLOT = 2;
  private static final long MIN_ADDRESS = 0x10000;

  /** How often a stub looks for its answer, one pause instruction apart, before it sleeps. */
  private static final int SPIN_ROUNDS = 6000;

  /** A mask: how often in the spin the sentry looks which processor it is on. */
  private static final int PAUSES_PER_LOOK = 0xff;

  /** How long the sentry waits for a stub to carry out an order before it calls the stub lost. */
  private static final long ORDER_TIMEOUT_NANOS = 10_000_000_000L;

  /** Looks after guests in a row after which one that has not come is killed. */
  private static final int MOST_LOOKS = 3;

  private final ControlRegion region;
  private final Supervisor supervisor;
  private final SystrapContext zygote;
  private final int fpStateSize;
  private final MemorySegment initialFpState;

  private final Map<Integer, StubProcess> processes = new HashMap<>();
  private final ConcurrentLinkedQueue<Integer> ended = new ConcurrentLinkedQueue<>();
  private volatile boolean allGone;
  private volatile boolean wakeRequested;

  /** Looks since the supervisor was asked for a sign of life. */
  private int looksUnanswered;

  private int pauses;
  private boolean yielded;
  private SystrapContext[] running = new SystrapContext[64];
  private int runningCount;
  private final List<SystrapContext> leaving = new ArrayList<>();
  private final ArrayDeque<SystrapContext> lost = new ArrayDeque<>();

  /** In processes that are no more, when that was found; some have an event of their own too. */
  private final ArrayDeque<SystrapContext> standing = new ArrayDeque<>();

  private final ArrayDeque<Integer> freeSlots = new ArrayDeque<>();
  private int nextSlot = FIRST_SLOT;

  /**
   * Starts the supervisor and the zygote.
   *
   * @param memoryFd the memory file
   * @param blobFds the image's layers, in the order of their numbers
   * @throws PlatformException if this host cannot run it
   */
  public SystrapPlatform(int memoryFd, int[] blobFds) throws PlatformException {
    long size = (long) SLOT_SIZE * SLOT_COUNT;
    int controlFd = HostMemory.createFile("vivarium-control", size);
    region = new ControlRegion(HostMemory.map(controlFd, size));
    region.setSpinRounds(SPIN_ROUNDS);
    int stub = NativeFiles.open("stub");
    int[] descriptors = new int[3 + blobFds.length];
    descriptors[0] = memoryFd;
    descriptors[1] = controlFd;
    descriptors[2] = stub;
    System.arraycopy(blobFds, 0, descriptors, 3, blobFds.length);
    supervisor = new Supervisor(descriptors, new Reports());
    Libc.close(stub);
    Libc.close(controlFd);
    supervisor.awaitReady();
    zygote = new SystrapContext(this, ZYGOTE_SLOT, new StubProcess(0));
    if (!awaitState(ZYGOTE_SLOT, null) || !zygote.hasStopped()) {
      throw new PlatformException(Errno.EPERM, "the first stub did not start (see viv doctor)");
    }
    long fp = zygote.frameFpOffset();
    fpStateSize = region.getInt(fp + FP_SW_EXTENDED_SIZE);
    if (region.getInt(fp + FP_SW_MAGIC1) != FP_XSTATE_MAGIC1
        || fpStateSize < FP_LEGACY_SIZE + 64
        || fpStateSize > SLOT_SIZE - SLOT_STACK - UC_SIZE - 1024
        || fpStateSize > SLOT_STACK - SLOT_FRAME - 512) {
      throw new PlatformException(
          Errno.EOPNOTSUPP,
          "this processor's FPU state does not fit a stub's frame: " + fpStateSize);
    }
    initialFpState = Arena.ofAuto().allocate(fpStateSize, Long.BYTES);
    MemorySegment.copy(region.memory(), fp, initialFpState, 0, fpStateSize);
  }

  @Override
  public String name() {
    return "systrap";
  }

  @Override
  public long minAddress() {
    return MIN_ADDRESS;
  }

  @Override
  public long maxAddress() {
    return GUEST_LIMIT;
  }

  @Override
  public long directEntry() {
    return DIRECT_ENTRY;
  }

  @Override
  public long vdsoAddress() {
    return VDSO_BASE;
  }

  @Override
  public long vdsoSize() {
    return VDSO_SIZE;
  }

  ControlRegion region() {
    return region;
  }

  Supervisor supervisor() {
    return supervisor;
  }

  // ---- slots and processes ----

  @Override
  public SystrapContext newProcess() throws PlatformException {
    SystrapContext context = newContext(zygote.process());
    context.prepareFrame();
    try {
      int pid = zygote.cloneInto(context.slot(), CLONE_GUEST_PROCESS);
      context.started(newProcessEntry(pid), pid);
      return context;
    } catch (PlatformException e) {
      freeSlot(context.slot());
      throw e;
    }
  }

  SystrapContext newContext(StubProcess process) throws PlatformException {
    Integer slot = freeSlots.poll();
    if (slot == null) {
      if (nextSlot == SLOT_COUNT) {
        collectLeaving();
        slot = freeSlots.poll();
        if (slot == null) {
          throw new PlatformException(
              Errno.EAGAIN, "no more than " + SLOT_COUNT + " guest threads");
        }
      } else {
        slot = nextSlot++;
      }
    }
    return new SystrapContext(this, slot, process);
  }

  void freeSlot(int slot) {
    region.setState(slot, STATE_RUNNING);
    freeSlots.push(slot);
  }

  StubProcess newProcessEntry(int pid) {
    StubProcess process = new StubProcess(pid);
    processes.put(pid, process);
    return process;
  }

  /** The same host process under a new identity: its memory was emptied for execve. */
  StubProcess renewProcessEntry(StubProcess old) {
    StubProcess fresh = newProcessEntry(old.pid);
    // That it has ended is told once, and may have been told of the old identity.
    fresh.dead = old.dead;
    fresh.contexts.addAll(old.contexts);
    old.contexts.clear();
    return fresh;
  }

  /** A thread was told to exit; its slot is free when it has. */
  void leaving(SystrapContext context) {
    leaving.add(context);
  }

  private void collectLeaving() {
    for (int i = leaving.size() - 1; i >= 0; i--) {
      SystrapContext context = leaving.get(i);
      if (context.hasLeft()) {
        leaving.remove(i);
        freeSlot(context.slot());
      }
    }
  }

  // ---- events ----

  void watch(SystrapContext context) {
    if (runningCount == running.length) {
      running = Arrays.copyOf(running, runningCount * 2);
    }
    running[runningCount++] = context;
  }

  void lost(SystrapContext context) {
    lost.add(context);
  }

  @Override
  public int poll(EventSink sink) {
    int events = 0;
    for (int i = 0; i < runningCount; ) {
      SystrapContext context = running[i];
      if (context.hasStopped()) {
        running[i] = running[--runningCount];
        running[runningCount] = null;
        events++;
        sink.onEvent(context);
      } else {
        i++;
      }
    }
    if (!ended.isEmpty()) {
      handleEnded();
    }
    if (allGone && !processes.isEmpty()) {
      List<StubProcess> all = List.copyOf(processes.values());
      processes.clear();
      all.forEach(this::loseProcess);
    }
    if (!leaving.isEmpty()) {
      collectLeaving();
    }
    SystrapContext gone;
    while ((gone = lost.poll()) != null) {
      events++;
      sink.onEvent(gone);
    }
    while ((gone = standing.poll()) != null) {
      events++;
      if (gone.hasOwner()) {
        sink.onLost(gone);
      }
    }
    return events;
  }

  private void handleEnded() {
    Integer pid;
    while ((pid = ended.poll()) != null) {
      StubProcess process = processes.remove(pid);
      if (process != null) {
        loseProcess(process);
      }
    }
  }

  private void loseProcess(StubProcess process) {
    process.dead = true;
    for (int i = runningCount - 1; i >= 0; i--) {
      SystrapContext context = running[i];
      if (context.process() == process) {
        running[i] = running[--runningCount];
        running[runningCount] = null;
        context.lose();
      }
    }
    standing.addAll(process.contexts);
  }

  @Override
  public boolean pause() {
    int woken = region.takeWoken();
    if (woken != ControlRegion.NONE) {
      // The host may have put it behind this thread, on this processor.
      Thread.yield();
      pauses = 0;
      yielded = region.sharesCpu(woken);
    } else if (yielded) {
      // It may have to wait until this thread is out of the way.
      yielded = false;
      return false;
    }
    if ((pauses++ & PAUSES_PER_LOOK) == 0) {
      region.publishCpu();
    }
    Thread.onSpinWait();
    return true;
  }

  @Override
  public void sleep(long timeoutNanos) {
    int seen = region.doorbell();
    region.setAsleep(true);
    // A stub publishes its event before it looks whether we sleep; we look for events after saying
    // so. A wake that came before we said so left its request.
    if (!wakeRequested && !anythingToDo()) {
      region.waitForDoorbell(seen, timeoutNanos);
    }
    region.setAsleep(false);
    region.publishCpu();
    // The caller looks at what it may have been woken for before it sleeps again.
    wakeRequested = false;
  }

  private boolean anythingToDo() {
    if (!ended.isEmpty()
        || !lost.isEmpty()
        || !standing.isEmpty()
        || (allGone && !processes.isEmpty())) {
      return true;
    }
    for (int i = 0; i < runningCount; i++) {
      int state = region.stateAcquire(running[i].slot());
      if (state == STATE_EVENT || state == STATE_ASLEEP) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void wake() {
    wakeRequested = true;
    region.ring();
  }

  @Override
  public String lookAfterGuests() {
    if (allGone) {
      return supervisor.isClosing() ? "" : "the stubs' supervisor has ended";
    }
    for (int i = 0; i < runningCount; i++) {
      // One that has made itself deaf to signals, or was stopped from outside.
      if (running[i].looksSinceCalled() > MOST_LOOKS) {
        supervisor.kill(running[i].process().pid);
      }
    }
    if (!supervisor.owesAnswer()) {
      looksUnanswered = 0;
      supervisor.ask();
    } else if (++looksUnanswered > MOST_LOOKS) {
      return "the stubs' supervisor does not answer";
    }
    return "";
  }

  @Override
  public int processDescriptor() {
    return supervisor.pidfd();
  }

  /** Waits until a stub has carried out a flush, or its process is found dead. */
  void awaitStop(SystrapContext context) {
    if (!awaitState(context.slot(), context.process())) {
      context.process().dead = true;
      supervisor.kill(context.process().pid);
    }
  }

  private boolean awaitState(int slot, @org.jspecify.annotations.Nullable StubProcess process) {
    long deadline = 0;
    for (int round = 0; ; round++) {
      int state = region.stateAcquire(slot);
      if (state == STATE_EVENT || state == STATE_ASLEEP) {
        return true;
      }
      Thread.onSpinWait();
      if ((round & 0xfff) == 0xfff) {
        handleEnded();
        if (allGone || (process != null && process.dead)) {
          return false;
        }
        long now = System.nanoTime();
        if (deadline == 0) {
          deadline = now + ORDER_TIMEOUT_NANOS;
        } else if (now > deadline) {
          return false;
        }
        Thread.yield();
      }
    }
  }

  private final class Reports implements Supervisor.Listener {
    @Override
    public void ended(int process, int status) {
      ended.add(process);
      region.ring();
    }

    @Override
    public void gone() {
      allGone = true;
      region.ring();
    }
  }

  /** Whether the supervisor, and with it every stub, is gone. */
  public boolean isGone() {
    return allGone;
  }

  // ---- FPU state ----

  int fpStateSize() {
    return fpStateSize;
  }

  /** The parts of the FPU state that signal frames carry here, as XSAVE numbers them. */
  long fpFeatures() {
    return Fields.getLong(initialFpState, FP_SW_EXTENDED_SIZE + 4);
  }

  MemorySegment initialFpState() {
    return initialFpState;
  }

  /** Makes FPU state that came from a guest acceptable to the host kernel's sigreturn. */
  void sanitizeFpState(MemorySegment memory, long offset) {
    MemorySegment.copy(
        initialFpState, FP_SW_MAGIC1, memory, offset + FP_SW_MAGIC1, FP_LEGACY_SIZE - FP_SW_MAGIC1);
    MemorySegment.copy(initialFpState, fpStateSize - 4, memory, offset + fpStateSize - 4, 4);
    int mxcsrMask = Fields.getInt(initialFpState, 28);
    if (mxcsrMask == 0) {
      mxcsrMask = 0xffbf;
    }
    Fields.putInt(memory, offset + 28, mxcsrMask);
    Fields.putInt(memory, offset + 24, Fields.getInt(memory, offset + 24) & mxcsrMask);
    // The XSAVE header: only features the host has, no compaction, reserved bytes zero.
    long features = Fields.getLong(initialFpState, FP_SW_EXTENDED_SIZE + 4);
    long bv = Fields.getLong(memory, offset + FP_LEGACY_SIZE);
    Fields.putLong(memory, offset + FP_LEGACY_SIZE, bv & features);
    memory.asSlice(offset + FP_LEGACY_SIZE + 8, 56).fill((byte) 0);
  }

  @Override
  public void close() {
    supervisor.close();
  }
}
