package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.platform.AddressSpace;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.vfs.File;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A guest address space: VMAs, the memory behind them, and copies in and out of it. Tasks that
 * share it (threads, vfork) hold references.
 *
 * <p>Whenever a task goes on running kernel code it calls {@link #enter}, so that changes to the
 * host's mappings are carried out through its context.
 */
public final class MemoryManager extends GuestMemory {
  /** Where the loader put things, for /proc and prctl(PR_SET_MM). */
  public long startCode;

  public long endCode;
  public long startData;
  public long endData;
  public long startStack;
  public long argStart;
  public long argEnd;
  public long envStart;
  public long envEnd;

  /** The auxiliary vector as the program got it. */
  public byte[] auxv = {};

  /** What /proc/PID/exe names, with a reference that goes when the address space goes. */
  public @Nullable File exe;

  /**
   * @param random for the layout; a program in the guest may rely on it being hard to guess
   * @param addressSpace empty; its contexts stand still
   */
  public MemoryManager(
      MemoryFile memoryFile,
      BlobSegments blobs,
      Platform platform,
      RandomGenerator random,
      AddressSpace addressSpace) {
    throw new UnsupportedOperationException();
  }

  /** Adds a user; returns this. */
  public MemoryManager acquire() {
    throw new UnsupportedOperationException();
  }

  /**
   * Drops a user. When the last one goes all memory goes; no guest code may run in the address
   * space any more, nor its host side be used.
   */
  public void release(Task t) {
    throw new UnsupportedOperationException();
  }

  /**
   * Says that {@code t}, whose context stands still in this address space, is what runs kernel code
   * from now on. To be called when the task's coroutine (or a fast call) starts or goes on.
   */
  public void enter(Task t) {
    throw new UnsupportedOperationException();
  }

  /**
   * A copy for a child process. Private memory is write-protected in both; the caller then calls
   * {@link AddressSpace#flush} and {@link Context#fork}, and {@link #attach} on the copy (or {@link
   * #release} if the platform refused).
   */
  public MemoryManager fork(Task parent) {
    throw new UnsupportedOperationException();
  }

  /** Binds a copy made by {@link #fork} to the address space that the platform made for it. */
  public void attach(AddressSpace addressSpace, Context context) {
    throw new UnsupportedOperationException();
  }

  /** mmap(2); flags as there. Returns the address or a negative errno. */
  public long mmap(
      Task t, long addr, long length, int prot, int flags, @Nullable File file, long offset) {
    return -Errno.ENOSYS;
  }

  /** munmap(2). */
  public long munmap(Task t, long addr, long length) {
    return -Errno.ENOSYS;
  }

  /** mprotect(2). */
  public long mprotect(Task t, long addr, long length, int prot) {
    return -Errno.ENOSYS;
  }

  /** Maps the main stack of {@code size} bytes at a random place; returns its top or -ENOMEM. */
  public long mapStack(Task t, long size) {
    return -Errno.ENOSYS;
  }

  /** A random address for a position-independent executable of {@code size} bytes. */
  public long pieBase(long size) {
    throw new UnsupportedOperationException();
  }

  /** Puts the heap a random distance behind {@code end}, where the program's data end. */
  public void setBrk(long end) {
    throw new UnsupportedOperationException();
  }

  /** brk(2): moves the end of the heap if it can; returns where it is now. */
  public long brk(Task t, long end) {
    throw new UnsupportedOperationException();
  }

  /**
   * Makes an access possible that the guest tried. May wait.
   *
   * @return 0: it may try again; otherwise a signal as {@link Fault} encodes it
   */
  public long handleFault(Task t, long address, boolean write, boolean fetch) {
    return Fault.SEGV_MAPERR;
  }

  /**
   * What identifies memory that processes share, for futexes: a number that is the same for the
   * same memory in every address space; -1 if the memory is private (then address space and address
   * identify it); -EFAULT if there is none.
   */
  public long sharedKey(long address) {
    return -Errno.EFAULT;
  }

  /** Shows every mapping, lowest first. */
  public void forEachVma(Consumer<Vma> visitor) {}

  /** The mapping that holds an address, or null. */
  public @Nullable Vma vmaAt(long address) {
    return null;
  }

  /** Bytes mapped (VmSize). */
  public long vmSize() {
    return 0;
  }

  @Override
  long locate(long address, boolean write, Window window) {
    return -Errno.EFAULT;
  }
}
