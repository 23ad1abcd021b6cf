package dev.vivarium.sentry.platform.systrap;

import static dev.vivarium.sentry.platform.systrap.Layout.*;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.platform.AddressSpace;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.PlatformException;
import dev.vivarium.sentry.platform.Registers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One stub thread and its slot of the control region. */
final class SystrapContext implements Context {
  private static final int AUDIT_ARCH_X86_64 = 0xc000003e;
  private static final int TRAP_PAGE_FAULT = 14;
  private static final int ERROR_WRITE = 2;
  private static final int ERROR_FETCH = 16;

  private final SystrapPlatform platform;
  private final ControlRegion region;
  private int slot;
  private long base;
  private SlotRegisters regs;
  private StubProcess process;
  private int tid;
  private @Nullable Object owner;

  private int event;
  private boolean running;

  /** How often somebody has looked since the guest was called back; -1 if it was not. */
  private int looks = -1;

  /** The stop is a call from a patched site: registers are in the slot's own frame. */
  private boolean direct;

  /** In such a stop: the FPU state has been put into the frame too. */
  private boolean fpSaved;

  private int opCount;
  private List<Runnable> pendingReleases = new ArrayList<>();
  private int signo;
  private int code;
  private long address;
  private long errorCode;

  SystrapContext(SystrapPlatform platform, int slot, StubProcess process) {
    this.platform = platform;
    this.region = platform.region();
    this.slot = slot;
    this.base = ControlRegion.slotOffset(slot);
    this.regs = new SlotRegisters(region, slot);
    this.process = process;
  }

  StubProcess process() {
    return process;
  }

  int slot() {
    return slot;
  }

  void started(StubProcess in, int hostTid) {
    process = in;
    tid = hostTid;
    in.contexts.add(this);
  }

  /** Whether it is somebody's: a thread that has left its task is nobody's. */
  boolean hasOwner() {
    return owner != null;
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
  public boolean calledDirectly() {
    return direct;
  }

  @Override
  public void setAnswers(int @Nullable [] ids) {
    region.putInt(base + ANSWERS, 0);
    if (ids != null) {
      for (int i = 0; i < ids.length; i++) {
        region.putInt(base + IDS + 4L * i, ids[i]);
      }
      region.putInt(base + ANSWERS, 1);
    }
  }

  @Override
  public Registers regs() {
    return regs;
  }

  @Override
  public int faultSignal() {
    return signo;
  }

  @Override
  public int faultCode() {
    return code;
  }

  @Override
  public long faultAddress() {
    return address;
  }

  @Override
  public boolean faultIsWrite() {
    return (errorCode & ERROR_WRITE) != 0;
  }

  @Override
  public boolean faultIsFetch() {
    return (errorCode & ERROR_FETCH) != 0;
  }

  @Override
  public AddressSpace addressSpace() {
    return process;
  }

  // ---- running ----

  @Override
  public void resume() {
    if (process.dead) {
      lose();
      return;
    }
    publishOps();
    event = NONE;
    looks = -1;
    running = true;
    platform.watch(this);
    region.answer(slot, STATE_RESUME);
  }

  /** Looks whether the guest has stopped; if so, notes why. Called by the platform's poll. */
  boolean hasStopped() {
    int state = region.stateAcquire(slot);
    if (state != STATE_EVENT && state != STATE_ASLEEP) {
      return false;
    }
    running = false;
    runReleases();
    decode();
    return true;
  }

  private void decode() {
    signo = region.getInt(base + SIGNO);
    code = region.getInt(base + CODE);
    address = region.getLong(base + ADDRESS);
    int error = region.getInt(base + OP_ERROR);
    if (error != 0 || !regs.setFrame(region.getInt(base + FRAME))) {
      // The host refused a change of the guest's memory, or the guest tampers with the slot: it
      // cannot go on.
      event = LOST;
      return;
    }
    direct = regs.frame() == base + SLOT_FRAME;
    fpSaved = false;
    switch (signo) {
      case 0 -> {
        regs.setOrigRax((int) regs.get(Registers.RAX));
        event = direct ? SYSCALL : LOST;
      }
      case Signals.SIGSYS -> {
        // int $0x80 arrives with another architecture: no such call.
        boolean native64 = region.getInt(base + ARCH) == AUDIT_ARCH_X86_64;
        regs.setOrigRax(native64 ? region.getInt(base + NR) : -1);
        event = SYSCALL;
      }
      case Signals.SIGURG -> event = INTERRUPTED;
      case Signals.SIGSEGV, Signals.SIGBUS, Signals.SIGFPE, Signals.SIGILL, Signals.SIGTRAP -> {
        long frame = regs.frame();
        errorCode = 0;
        if (region.getLong(frame + UC_TRAPNO) == TRAP_PAGE_FAULT) {
          errorCode = region.getLong(frame + UC_ERR);
          address = region.getLong(frame + UC_CR2);
        }
        event = FAULT;
      }
      default -> event = LOST;
    }
  }

  void lose() {
    running = false;
    event = LOST;
    runReleases();
    platform.lost(this);
  }

  @Override
  public void parkGuest() {
    if (!running) {
      region.park(slot);
    }
  }

  @Override
  public void interrupt() {
    if (running && !process.dead) {
      looks = Math.max(0, looks);
      platform.supervisor().interrupt(process.pid, tid);
    }
  }

  /** Of a running guest: how often this was called since the guest was called back. */
  int looksSinceCalled() {
    return looks < 0 ? 0 : ++looks;
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

  /** Has the stub carry out what is queued, and waits for it. The guest stays stopped as it was. */
  void flush() {
    if (opCount == 0) {
      return;
    }
    publishOps();
    if (!process.dead) {
      region.answer(slot, STATE_FLUSH);
      platform.awaitStop(this);
    }
    runReleases();
  }

  // ---- threads and processes ----

  @Override
  public Context newThread() throws PlatformException {
    SystrapContext child = spawn(CLONE_GUEST_THREAD);
    child.started(process, child.tid);
    return child;
  }

  @Override
  public Context fork() throws PlatformException {
    SystrapContext child = spawn(CLONE_GUEST_PROCESS);
    child.started(platform.newProcessEntry(child.tid), child.tid);
    return child;
  }

  /** Has this stopped thread make another, whose registers are a copy of its own. */
  private SystrapContext spawn(long flags) throws PlatformException {
    SystrapContext child = platform.newContext(process);
    try {
      copyFrameTo(child);
      child.regs.inherit(regs);
      if (regs.gsBase() != 0) {
        child.regs.setGsBase(regs.gsBase());
      }
      child.tid = cloneInto(child.slot, flags);
      return child;
    } catch (PlatformException e) {
      platform.freeSlot(child.slot);
      throw e;
    }
  }

  /** Runs the clone operation now; returns the new thread's id. */
  int cloneInto(int slotOfChild, long flags) throws PlatformException {
    // The new thread announces itself by the state of its slot, so that its first answer finds it
    // waiting.
    region.setState(slotOfChild, STATE_RUNNING);
    queue(KIND_CLONE, slotOfChild, flags, 0, 0, 0);
    flush();
    long id = process.dead ? -Errno.EAGAIN : region.getLong(base + CLONE_RESULT);
    if (id <= 0 || id > Integer.MAX_VALUE) {
      int errno = id < 0 && id > -4096 ? (int) -id : Errno.EAGAIN;
      throw new PlatformException(
          errno, "the host makes no more guest threads: " + Errno.name(errno));
    }
    return (int) id;
  }

  private void copyFrameTo(SystrapContext child) throws PlatformException {
    MemorySegment memory = region.memory();
    long from = regs.frame();
    long to = child.base + SLOT_FRAME;
    child.prepareFrame();
    MemorySegment.copy(memory, from + UC_GREGS, memory, to + UC_GREGS, 18 * 8);
    saveDirectFpState();
    long fp = fpOffset();
    if (fp >= 0) {
      int size = fpStateSize();
      MemorySegment.copy(memory, fp, memory, child.fpHome(), size);
      region.putLong(to + UC_FPSTATE, addressOf(child.fpHome()));
    }
  }

  /** A first frame with no registers set and the initial FPU state. */
  void prepareFrame() {
    long frame = base + SLOT_FRAME;
    region.memory().asSlice(frame, UC_SIZE).fill((byte) 0);
    region.putLong(frame + UC_FLAGS, UC_FLAGS_VALUE);
    region.putLong(frame + UC_STACK_SP, ControlRegion.slotAddress(slot) + SLOT_STACK);
    region.putLong(frame + UC_STACK_SIZE, SLOT_SIZE - SLOT_STACK);
    region.putLong(frame + UC_CSGSFS, USER_SEGMENTS);
    region.putLong(frame + UC_GREGS + 8L * Registers.EFLAGS, 0x202);
    region.putInt(base + OP_ERROR, 0);
    region.putInt(base + FRAME, SLOT_FRAME);
    region.putInt(base + SET_BASES, 0);
    region.putInt(base + OP_COUNT, 0);
    region.putInt(base + ANSWERS, 0);
    regs.setFrame(SLOT_FRAME);
  }

  @Override
  public AddressSpace replaceAddressSpace() throws PlatformException {
    if (process.contexts.size() == 1) {
      // Nobody else is in the old one: the stub process itself goes on, emptied.
      queue(KIND_UNMAP, 0, platform.minAddress(), GUEST_LIMIT - platform.minAddress(), 0, 0);
      flush();
      resetFpState();
      regs.setFsBase(0);
      regs.setGsBase(0);
      StubProcess fresh = platform.renewProcessEntry(process);
      process = fresh;
      return fresh;
    }
    // Others stay behind: this context moves to the slot of a new process's only thread.
    SystrapContext fresh = platform.newProcess();
    StubProcess to = fresh.process;
    SystrapContext old = new SystrapContext(platform, slot, process);
    old.opCount = opCount;
    old.pendingReleases = pendingReleases;
    process.contexts.set(process.contexts.indexOf(this), old);
    old.exit();
    direct = false;
    slot = fresh.slot;
    base = fresh.base;
    regs = fresh.regs;
    tid = fresh.tid;
    opCount = 0;
    pendingReleases = new ArrayList<>();
    process = to;
    to.contexts.clear();
    to.contexts.add(this);
    return to;
  }

  /** After a call from a patched site the state is still in the thread's registers. */
  private void saveDirectFpState() {
    if (direct && !fpSaved && !process.dead) {
      queue(KIND_SAVE_FPU, 0, platform.fpFeatures(), 0, 0, 0);
      flush();
      platform.sanitizeFpState(region.memory(), fpHome());
      region.putLong(regs.frame() + UC_FPSTATE, addressOf(fpHome()));
      fpSaved = true;
    }
  }

  private void resetFpState() {
    region.putLong(regs.frame() + UC_FPSTATE, 0);
    region.putLong(regs.frame() + UC_FLAGS, UC_FLAGS_VALUE);
  }

  @Override
  public void exit() {
    process.contexts.remove(this);
    if (running) {
      throw new IllegalStateException("exit of a running guest");
    }
    if (process.dead) {
      runReleases();
      platform.freeSlot(slot);
      return;
    }
    queue(KIND_EXIT, 0, 0, 0, 0, 0);
    publishOps();
    region.answer(slot, STATE_RESUME);
    platform.leaving(this);
  }

  /** Whether the thread has left its slot for good. */
  boolean hasLeft() {
    if (process.dead || region.stateAcquire(slot) == STATE_DEAD) {
      runReleases();
      return true;
    }
    return false;
  }

  // ---- FPU state ----

  private static long addressOf(long offset) {
    return CONTROL_BASE + offset;
  }

  /** Where a prepared frame's FPU state lies: 64-byte aligned behind the ucontext. */
  private long fpHome() {
    return base + SLOT_FPU;
  }

  /** The offset of the present frame's FPU state, before its size is known. */
  long frameFpOffset() {
    long offset = region.getLong(regs.frame() + UC_FPSTATE) - CONTROL_BASE;
    if (offset < base + SLOT_FRAME
        || offset > base + SLOT_SIZE - FP_LEGACY_SIZE
        || (offset & 63) != 0) {
      throw new IllegalStateException("the zygote's frame has no FPU state");
    }
    return offset;
  }

  /**
   * The offset of the present frame's FPU state in the region, or -1 if it has none (or a wrong
   * one).
   */
  private long fpOffset() {
    long offset = region.getLong(regs.frame() + UC_FPSTATE) - CONTROL_BASE;
    if (offset < base + SLOT_FRAME
        || offset > base + SLOT_SIZE - platform.fpStateSize()
        || (offset & 63) != 0) {
      return -1;
    }
    return offset;
  }

  @Override
  public int fpStateSize() {
    return platform.fpStateSize();
  }

  @Override
  public void saveFpState(MemorySegment target, long offset) {
    saveDirectFpState();
    long fp = fpOffset();
    if (fp < 0) {
      target.asSlice(offset, fpStateSize()).fill((byte) 0);
      MemorySegment.copy(platform.initialFpState(), 0, target, offset, FP_LEGACY_SIZE);
    } else {
      MemorySegment.copy(region.memory(), fp, target, offset, fpStateSize());
    }
  }

  @Override
  public boolean loadFpState(MemorySegment source, long offset, long length) {
    int size = fpStateSize();
    if (length < size) {
      return false;
    }
    saveDirectFpState();
    long frame = regs.frame();
    long fp = fpOffset();
    if (fp < 0) {
      // The frame has none: it is the prepared one, or FPU state was reset. Its own place is free.
      fp = frame == base + SLOT_FRAME ? fpHome() : -1;
      if (fp < 0) {
        return false;
      }
    }
    // The host kernel validates the state itself when the stub's sigreturn loads it; what it
    // refuses ends
    // the stub thread, so the parts that it is strict about are ours.
    MemorySegment.copy(source, offset, region.memory(), fp, size);
    platform.sanitizeFpState(region.memory(), fp);
    region.putLong(frame + UC_FPSTATE, addressOf(fp));
    if (direct) {
      queue(KIND_LOAD_FPU, 0, platform.fpFeatures(), 0, 0, 0);
    }
    return true;
  }
}
