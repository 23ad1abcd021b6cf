package dev.vivarium.sentry.platform.ptrace;

import static dev.vivarium.sentry.platform.ptrace.Layout.*;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.host.HostMemory;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.host.NativeFiles;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.platform.PlatformException;
import dev.vivarium.sentry.platform.Registers;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Guest code runs in processes that one native tracer traces. All methods but {@link #wake} on the
 * kernel thread.
 *
 * <p>The sentry gives the tracer orders and takes its events through two queues in shared memory.
 * Each thread has at most one order and one interruption on its way, and at most one event, so that
 * the queues cannot overflow.
 */
public final class PtracePlatform implements Platform {
  private static final int ZYGOTE_SLOT = 1;
  private static final int FIRST_SLOT = 2;
  private static final long MIN_ADDRESS = 0x10000;
  private static final long EFLAGS_INITIAL = 0x202;

  /** Looks after guests in a row after which the tracer should have brought one. */
  private static final int MOST_LOOKS = 3;

  private final Region region;
  private final Tracer tracer;
  private final PtraceContext zygote;
  private final FpState fpState;

  /** By slot: whose event it is. */
  private final @Nullable PtraceContext[] contexts = new PtraceContext[SLOTS];

  private final ArrayDeque<Integer> freeSlots = new ArrayDeque<>();
  private int nextSlot = FIRST_SLOT;
  private volatile boolean gone;
  private volatile boolean wakeRequested;

  /**
   * Starts the tracer and the first process.
   *
   * @param memoryFd the memory file
   * @param blobFds the image's layers, in the order of their numbers
   * @throws PlatformException if this host cannot run it
   */
  public PtracePlatform(int memoryFd, int[] blobFds) throws PlatformException {
    int regionFd = HostMemory.createFile("vivarium-tracing", REGION_SIZE);
    region = new Region(HostMemory.map(regionFd, REGION_SIZE));
    int program = NativeFiles.open("tracee");
    int[] descriptors = new int[3 + blobFds.length];
    descriptors[0] = memoryFd;
    descriptors[1] = regionFd;
    descriptors[2] = program;
    System.arraycopy(blobFds, 0, descriptors, 3, blobFds.length);
    try {
      tracer = new Tracer(descriptors, this::tracerIsGone);
    } finally {
      Libc.close(program);
      Libc.close(regionFd);
    }
    tracer.awaitReady();
    long slot = Region.slotOffset(ZYGOTE_SLOT);
    int fpSize = region.getInt(slot + FP_SIZE);
    if (!FpState.isUsable(fpSize, FP_LIMIT)) {
      tracer.close();
      throw new PlatformException(
          Errno.EOPNOTSUPP, "this processor's FPU state cannot be traced: " + fpSize + " bytes");
    }
    fpState = new FpState(region.memory(), slot + FP, fpSize);
    zygote = new PtraceContext(this, ZYGOTE_SLOT, new TracedProcess());
    contexts[ZYGOTE_SLOT] = zygote;
  }

  @Override
  public String name() {
    return "ptrace";
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
  public long vdsoAddress() {
    return VDSO_BASE;
  }

  @Override
  public long vdsoSize() {
    return VDSO_SIZE;
  }

  /** What this host lacks of the walls around guest processes; empty if nothing. */
  public String missing() {
    int what = tracer.missing();
    if ((what & Tracer.MISSING_FILTER) != 0) {
      return "no system-call filter behind the tracer";
    }
    return (what & Tracer.MISSING_OWN_FILTER) != 0 ? "no system-call filter around the tracer" : "";
  }

  Region region() {
    return region;
  }

  // ---- slots ----

  @Override
  public PtraceContext newProcess() throws PlatformException {
    TracedProcess process = new TracedProcess();
    PtraceContext context = newContext(process);
    long to = Region.slotOffset(context.slot()) + REGS;
    region.memory().asSlice(to, REGS_SIZE).fill((byte) 0);
    region.putLong(to + REG_CS, region.getLong(zygoteRegs() + REG_CS));
    region.putLong(to + REG_SS, region.getLong(zygoteRegs() + REG_SS));
    context.regs().set(Registers.EFLAGS, EFLAGS_INITIAL);
    context.prepare();
    try {
      zygote.cloneInto(context.slot(), CLONE_GUEST_PROCESS);
    } catch (PlatformException e) {
      freeSlot(context.slot());
      throw e;
    }
    context.started(process);
    return context;
  }

  /** Where the registers of the first process lie in the region. */
  long zygoteRegs() {
    return Region.slotOffset(ZYGOTE_SLOT) + REGS;
  }

  PtraceContext newContext(TracedProcess process) throws PlatformException {
    Integer slot = freeSlots.poll();
    if (slot == null) {
      if (nextSlot == SLOTS) {
        throw new PlatformException(Errno.EAGAIN, "no more than " + SLOTS + " guest threads");
      }
      slot = nextSlot++;
    }
    return new PtraceContext(this, slot, process);
  }

  /** The context is the one that its slot's events are for. */
  void enter(PtraceContext context) {
    contexts[context.slot()] = context;
  }

  void freeSlot(int slot) {
    contexts[slot] = null;
    freeSlots.push(slot);
  }

  // ---- orders ----

  void order(int slot, int kind) {
    if (region.order(slot, kind)) {
      tracer.wake();
    }
  }

  /** Gives an order and waits until it has been carried out, or the tracer is gone. */
  void orderAndWait(int slot, int kind) {
    region.setDone(slot, false);
    order(slot, kind);
    for (int round = 0; !region.isDone(slot) && !gone; round++) {
      Thread.onSpinWait();
      if ((round & 0x3ff) == 0x3ff) {
        Thread.yield();
      }
    }
  }

  // ---- events ----

  @Override
  public int poll(EventSink sink) {
    int events = 0;
    while (region.hasEvent()) {
      PtraceContext context = contexts[region.takeEvent()];
      if (context != null && context.isRunning()) {
        context.stopped();
        events++;
        sink.onEvent(context);
      }
    }
    if (gone) {
      for (PtraceContext context : contexts) {
        if (context != null && context.isRunning()) {
          context.lose();
          events++;
          sink.onEvent(context);
        }
      }
    }
    return events;
  }

  @Override
  public void sleep(long timeoutNanos) {
    int seen = region.doorbell();
    region.setAsleep(true);
    // The tracer tells its event before it looks whether we sleep; we look for events after saying
    // so. A wake that came before we said so left its request.
    if (!wakeRequested && !region.hasEvent()) {
      region.waitForDoorbell(seen, gone ? 0 : timeoutNanos);
    }
    region.setAsleep(false);
    // The caller looks at what it may have been woken for before it sleeps again.
    wakeRequested = false;
  }

  @Override
  public void wake() {
    wakeRequested = true;
    region.ring();
  }

  @Override
  public String lookAfterGuests() {
    if (gone) {
      return tracer.isClosing() ? "" : "the tracer of the guests has ended";
    }
    for (PtraceContext context : contexts) {
      if (context != null && context.looksSinceCalled() > MOST_LOOKS) {
        return "the tracer of the guests does not answer";
      }
    }
    return "";
  }

  @Override
  public int processDescriptor() {
    return tracer.pidfd();
  }

  private void tracerIsGone() {
    gone = true;
    region.ring();
  }

  // ---- FPU state ----

  FpState fpState() {
    return fpState;
  }

  /** Gives a stopped thread the FPU state of a new program. */
  void resetFpState(int slot) {
    long at = Region.slotOffset(slot);
    region.putInt(at + FP_SIZE, fpState.reset(region.memory(), at + FP));
    orderAndWait(slot, ORDER_LOAD_FP);
  }

  @Override
  public void close() {
    tracer.close();
  }
}
