package dev.vivarium.sentry.platform.ptrace;

import static dev.vivarium.sentry.platform.ptrace.Layout.*;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.platform.AddressSpace;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.PlatformException;
import dev.vivarium.sentry.platform.Registers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One traced thread and its slot of the shared region. */
final class PtraceContext implements Context {
  private static final int ERROR_WRITE = 2;
  private static final int ERROR_FETCH = 16;

  private final PtracePlatform platform;
  private final Region region;
  private int slot;
  private long base;
  private SlotRegisters regs;
  private TracedProcess process;
  private @Nullable Object owner;

  private int event;
  private boolean running;
  private boolean interruptSent;
  private int looks;
  private int opCount;
  private List<Runnable> pendingReleases = new ArrayList<>();

  PtraceContext(PtracePlatform platform, int slot, TracedProcess process) {
    this.platform = platform;
    this.region = platform.region();
    this.slot = slot;
    this.base = Region.slotOffset(slot);
    this.regs = new SlotRegisters(region, slot);
    this.process = process;
  }

  int slot() {
    return slot;
  }

  void started(TracedProcess in) {
    process = in;
    in.contexts.add(this);
    platform.enter(this);
  }

  @Override
  public Object owner() {
    if (owner == null) {
      throw new IllegalStateException("context without an owner");
    }
    return owner;
  }

  @Override
  public void setOwner(Object owner) {
    this.owner = owner;
  }

  @Override
  public int event() {
    return event;
  }

  @Override
  public Registers regs() {
    return regs;
  }

  @Override
  public int faultSignal() {
    return region.getInt(base + SIGNO);
  }

  @Override
  public int faultCode() {
    return region.getInt(base + CODE);
  }

  @Override
  public long faultAddress() {
    return region.getLong(base + ADDRESS);
  }

  @Override
  public boolean faultIsWrite() {
    return (region.getLong(base + ERROR) & ERROR_WRITE) != 0;
  }

  @Override
  public boolean faultIsFetch() {
    return (region.getLong(base + ERROR) & ERROR_FETCH) != 0;
  }

  @Override
  public AddressSpace addressSpace() {
    return process;
  }

  // ---- running ----

  @Override
  public void resume() {
    publishOps();
    event = NONE;
    running = true;
    interruptSent = false;
    looks = 0;
    platform.order(slot, ORDER_RESUME);
  }

  /** The tracer has told an event of this thread. Called by the platform's poll. */
  void stopped() {
    running = false;
    runReleases();
    event = region.getInt(base + EVENT);
  }

  /** The tracer itself is gone. */
  void lose() {
    running = false;
    runReleases();
    event = LOST;
  }

  /** Of a guest that was called back: how often this was called since; otherwise 0. */
  int looksSinceCalled() {
    return running && interruptSent ? ++looks : 0;
  }

  boolean isRunning() {
    return running;
  }

  @Override
  public void parkGuest() {
    // A stopped thread costs nothing; the tracer sleeps by itself when no answer comes.
  }

  @Override
  public void interrupt() {
    if (running && !interruptSent) {
      interruptSent = true;
      platform.order(slot, ORDER_INTERRUPT);
    }
  }

  // ---- operations ----

  void queue(int kind, int prot, long address, long length, long offset, int fd) {
    if (running) {
      throw new IllegalStateException("operation for a running guest");
    }
    if (opCount == MAX_OPS) {
      flush();
    }
    long op = base + OPS + (long) opCount++ * OP_SIZE;
    region.putInt(op + OP_KIND, kind);
    region.putInt(op + OP_PROT, prot);
    region.putLong(op + OP_ADDRESS, address);
    region.putLong(op + OP_LENGTH, length);
    region.putLong(op + OP_OFFSET, offset);
    region.putInt(op + OP_FD, fd);
  }

  private void publishOps() {
    region.putInt(base + OP_COUNT, opCount);
    opCount = 0;
  }

  void whenApplied(Runnable release) {
    if (opCount == 0) {
      release.run();
    } else {
      pendingReleases.add(release);
    }
  }

  private void runReleases() {
    if (!pendingReleases.isEmpty()) {
      List<Runnable> due = pendingReleases;
      pendingReleases = new ArrayList<>();
      due.forEach(Runnable::run);
    }
  }

  /** Has the thread carry out what is queued, and waits for it. The guest stays stopped. */
  void flush() {
    if (opCount == 0) {
      return;
    }
    publishOps();
    platform.orderAndWait(slot, ORDER_FLUSH);
    runReleases();
  }

  // ---- threads and processes ----

  @Override
  public Context newThread() throws PlatformException {
    PtraceContext child = spawn(CLONE_GUEST_THREAD);
    child.started(process);
    return child;
  }

  @Override
  public Context fork() throws PlatformException {
    PtraceContext child = spawn(CLONE_GUEST_PROCESS);
    child.started(new TracedProcess());
    return child;
  }

  /** Has this stopped thread make another, whose registers and FPU state are copies of its own. */
  private PtraceContext spawn(long flags) throws PlatformException {
    PtraceContext child = platform.newContext(process);
    try {
      MemorySegment.copy(region.memory(), base, region.memory(), child.base, REGS + REGS_SIZE);
      child.prepare();
      cloneInto(child.slot, flags);
      return child;
    } catch (PlatformException e) {
      platform.freeSlot(child.slot);
      throw e;
    }
  }

  /** Has this thread make the one of another slot, now. */
  void cloneInto(int slotOfChild, long flags) throws PlatformException {
    region.putLong(base + RESULT, -Errno.EAGAIN);
    queue(KIND_CLONE, slotOfChild, flags, 0, 0, 0);
    flush();
    long id = region.getLong(base + RESULT);
    if (id <= 0) {
      int errno = id > -4096 ? (int) -id : Errno.EAGAIN;
      throw new PlatformException(
          errno, "the host makes no more guest threads: " + Errno.name(errno));
    }
  }

  /** Makes the slot ready for a new thread; the registers are there. */
  void prepare() {
    region.putInt(base + OP_COUNT, 0);
    region.putInt(base + OP_ERROR, 0);
  }

  @Override
  public AddressSpace replaceAddressSpace() throws PlatformException {
    if (process.contexts.size() == 1) {
      // Nobody else is in the old one: the traced process itself goes on, emptied.
      queue(KIND_UNMAP, 0, platform.minAddress(), GUEST_LIMIT - platform.minAddress(), 0, 0);
      flush();
      platform.resetFpState(slot);
      regs.setFsBase(0);
      regs.setGsBase(0);
      region.putLong(base + REGS + REG_CS, region.getLong(platform.zygoteRegs() + REG_CS));
      region.putLong(base + REGS + REG_SS, region.getLong(platform.zygoteRegs() + REG_SS));
      process.contexts.clear();
      process = new TracedProcess();
      process.contexts.add(this);
      return process;
    }
    // Others stay behind: this context moves to the slot of a new process's only thread.
    PtraceContext fresh = platform.newProcess();
    TracedProcess to = fresh.process;
    PtraceContext old = new PtraceContext(platform, slot, process);
    old.opCount = opCount;
    old.pendingReleases = pendingReleases;
    process.contexts.set(process.contexts.indexOf(this), old);
    old.exit();
    slot = fresh.slot;
    base = fresh.base;
    regs = fresh.regs;
    opCount = 0;
    pendingReleases = new ArrayList<>();
    process = to;
    to.contexts.clear();
    to.contexts.add(this);
    platform.enter(this);
    return to;
  }

  @Override
  public void exit() {
    process.contexts.remove(this);
    if (running) {
      throw new IllegalStateException("exit of a running guest");
    }
    publishOps();
    // When the tracer is done with it the thread runs no guest code again, whether or not the host
    // has buried it.
    platform.orderAndWait(slot, ORDER_EXIT);
    runReleases();
    platform.freeSlot(slot);
  }

  // ---- FPU state ----

  @Override
  public int fpStateSize() {
    return platform.fpState().frameSize();
  }

  @Override
  public void saveFpState(MemorySegment target, long offset) {
    platform.orderAndWait(slot, ORDER_SAVE_FP);
    platform.fpState().toFrame(region.memory(), base + FP, target, offset);
  }

  @Override
  public boolean loadFpState(MemorySegment source, long offset, long length) {
    if (length < fpStateSize()) {
      return false;
    }
    region.putLong(base + RESULT, -Errno.EIO);
    region.putInt(
        base + FP_SIZE, platform.fpState().fromFrame(source, offset, region.memory(), base + FP));
    platform.orderAndWait(slot, ORDER_LOAD_FP);
    return region.getLong(base + RESULT) == 0;
  }
}
