package dev.vivarium.sentry.platform;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One guest thread as the platform runs it. Between {@link #resume} and the next event the guest
 * runs; at all other times it stands still and its registers may be read and changed.
 *
 * <p>All methods are called on the kernel thread.
 */
public interface Context {
  /** No event: the guest is running. */
  int NONE = 0;

  /** The guest made a system call; {@link Registers#origRax} is its number. */
  int SYSCALL = 1;

  /** The guest's instruction trapped; {@link #faultSignal} and its siblings say how. */
  int FAULT = 2;

  /** {@link #interrupt} took effect. */
  int INTERRUPTED = 3;

  /** The guest's host process died under it (a bug, a hostile guest, or the host's OOM killer). */
  int LOST = 4;

  /** The kernel's object that runs on this context (its task); the platform only carries it. */
  Object owner();

  void setOwner(Object owner);

  /**
   * For {@link #SYSCALL}: whether the call came by {@link Platform#directEntry}, not by a trap of
   * its instruction.
   */
  default boolean calledDirectly() {
    return false;
  }

  /**
   * Tells the platform what the thread may be told of itself without asking the kernel (getpid,
   * gettid, getppid, getuid, geteuid, getgid, getegid in this order); may be called while it runs.
   *
   * @param ids of length 7, which the platform does not keep; null if nothing may
   */
  default void setAnswers(int @Nullable [] ids) {}

  /** What stopped the guest, or {@link #NONE} while it runs. */
  int event();

  /** The guest's registers; valid while it stands still. Values are hostile. */
  Registers regs();

  /**
   * For {@link #FAULT}: SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGTRAP, as the host kernel delivered
   * it.
   */
  int faultSignal();

  /** For {@link #FAULT}: {@code si_code}. */
  int faultCode();

  /** For {@link #FAULT}: {@code si_addr}. */
  long faultAddress();

  /** For a page fault: whether it was a write (bit 1 of the x86 page-fault error code). */
  boolean faultIsWrite();

  /** For a page fault: whether it was an instruction fetch. */
  boolean faultIsFetch();

  /**
   * Lets the guest run until its next event. Changes queued on its address space are made first.
   */
  void resume();

  /**
   * Like {@link #resume}, but tells the platform that an answer will be long in coming, so that it
   * sleeps at once.
   */
  void parkGuest();

  /**
   * Asks a running guest to stop with {@link #INTERRUPTED} soon; harmless if it stands still by
   * then.
   */
  void interrupt();

  /** The address space it runs in. */
  AddressSpace addressSpace();

  /**
   * Makes a context for a new thread in the same address space, with a copy of this one's registers
   * and FPU state. It stands still until its first {@link #resume}.
   *
   * @throws PlatformException if the host has no room for it
   */
  Context newThread() throws PlatformException;

  /**
   * Makes a copy of the address space with a context for its first thread, registers copied as by
   * {@link #newThread}. The caller has write-protected what is to be copied on write.
   *
   * @throws PlatformException if the host has no room for it
   */
  Context fork() throws PlatformException;

  /**
   * Moves this context, which must stand still, into a new and empty address space (execve). The
   * old one lives on if it has other contexts. Registers are left for the caller to set; the FPU
   * state is reset.
   *
   * @throws PlatformException if the host has no room for it; the context is then unchanged
   */
  AddressSpace replaceAddressSpace() throws PlatformException;

  /** Ends the guest thread; the context is not used again. */
  void exit();

  /** Bytes of the extended FPU state (XSAVE area) as signal frames carry it. */
  int fpStateSize();

  /** Copies the FPU state, in the layout of a signal frame's {@code fpstate}, to {@code target}. */
  void saveFpState(MemorySegment target, long offset);

  /** Sets the FPU state from a frame; the platform validates it. False if it is malformed. */
  boolean loadFpState(MemorySegment source, long offset, long length);
}
