package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.ipc.AioContext;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.platform.AddressSpace;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.platform.Registers;
import dev.vivarium.sentry.vfs.File;
import java.util.ArrayList;
import java.util.List;
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
  /** How much of the stack around its pointer a forked child will write to for sure. */
  private static final long STACK_HOT = 8L << 10;

  private static final long PAGE = AddressMap.PAGE;

  /** How often {@link #access} tries again when others got in between. */
  private static final int MAX_ATTEMPTS = 16;

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

  /** Contexts of io_setup(2); null if there are none. */
  public AioContext.@Nullable Table aio;

  /** /proc/PID/coredump_filter. */
  public int coreFilter = DumpPlan.DEFAULT_FILTER;

  /** What membarrier(2) has registered, as the bits of its commands. */
  public int barriers;

  /** How much memory the host looks through for one question about what is resident. */
  private static final long ASKED_MAX = 1L << 30;

  final MemoryFile memoryFile;
  final AddressMap map;
  final HostSide host;
  final Pager pager;
  final MemoryLayout layout;
  final BlobSegments blobs;

  /** Which system-call instructions are patched. */
  final CallSites sites = new CallSites();

  @Nullable Patcher patcher;

  private int users = 1;
  long heapStart;
  long heapEnd;
  long peakBytes;

  /** New mappings are locked (mlockall(MCL_FUTURE)). */
  boolean lockFuture;

  /** Where this address space's children write to first. */
  final ForkWrites childWrites = new ForkWrites();

  /** In a copy: there is memory that the host must map in place of the original's. */
  boolean hasCopies;

  /** In a copy: what the host has mapped in it because the original had, and the copy must not. */
  final List<long[]> notInherited = new ArrayList<>();

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
    this(
        memoryFile,
        blobs,
        new MemoryLayout(platform.minAddress(), platform.maxAddress(), 128L << 20, random));
    host.bind(addressSpace);
  }

  MemoryManager(MemoryFile memoryFile, BlobSegments blobs, MemoryLayout layout) {
    this.memoryFile = memoryFile;
    this.blobs = blobs;
    this.layout = layout;
    this.host = new HostSide(memoryFile);
    this.map = new AddressMap(this, memoryFile, host);
    this.pager = new Pager(map, blobs);
  }

  // ---- patched system-call instructions ----

  /** Has hot system-call instructions patched from now on. */
  public void setPatcher(@Nullable Patcher patcher) {
    this.patcher = patcher;
  }

  /** Notes that a system call came by a trap of the instruction that ends at {@code next}. */
  public void trapped(Task t, long next) {
    long site = next - Patcher.SYSCALL_LENGTH;
    if (patcher != null && Patcher.isHot(sites.trapped(site))) {
      enterFast(t);
      patcher.patch(this, site);
    }
  }

  /**
   * Where a thread is to go on that was about to go on just behind a system-call instruction which
   * is a jump now; 0 if it is none.
   */
  public long behindPatched(long address) {
    return sites.tailOf(address - Patcher.SYSCALL_LENGTH);
  }

  /** Whether the address is in a trampoline of a patched instruction. */
  public boolean inTrampoline(long address) {
    return sites.inArea(address);
  }

  /** The address as it would be if nothing were patched: what the guest is to see. */
  public long unpatchedAddress(long address) {
    return sites.inArea(address) ? Patcher.unpatchedAddress(sites, address) : address;
  }

  /** Gives the guest its own code back in a range, before it changes it or moves it. */
  void unpatch(long start, long end) {
    for (long page : sites.pages(start, end)) {
      map.dropPmas(page, page + PAGE);
      host.unmap(page, page + PAGE);
    }
    sites.restored(start, end);
  }

  /** Gives all code back, and patches no more until the next program. */
  public void stopPatching(Task t) {
    on(t);
    patcher = null;
    unpatch(layout.min, layout.max);
    changed();
  }

  // ---- life ----

  /** Adds a user; returns this. */
  public MemoryManager acquire() {
    users++;
    host.setShared(true);
    return this;
  }

  /** How many tasks use it. */
  public int users() {
    return users;
  }

  /**
   * Drops a user. When the last one goes all memory goes; no guest code may run in the address
   * space any more, nor its host side be used.
   */
  public void release(Task t) {
    if (--users > 0) {
      host.setShared(users > 1);
      return;
    }
    AioContext.Table requests = aio;
    if (requests != null) {
      aio = null;
      requests.close(t);
    }
    Residency.writeBack(t, this, layout.min, layout.max);
    map.removeVmas(t, layout.min, layout.max);
    host.freeAll();
    forgetWindows();
    if (exe != null) {
      exe.drop(t);
      exe = null;
    }
  }

  /**
   * Says that {@code t}, whose context stands still in this address space, is what runs kernel code
   * from now on, in its coroutine. To be called when the coroutine starts or goes on.
   */
  public void enter(Task t) {
    enter(t, t.context, true);
  }

  /**
   * Like {@link #enter}, for kernel code outside a coroutine: where it would have to wait for
   * memory, {@link WouldWaitException} is thrown.
   */
  public void enterFast(Task t) {
    enter(t, t.context, false);
  }

  /** For calls that name their task: makes sure that it is the one that has entered. */
  void on(Task t) {
    if (pager.task != t) {
      enter(t);
    }
  }

  /**
   * Says that {@code t}, of another address space, is going to read or write here (process_vm_readv
   * …). What that changes in the host's mappings is carried out when a task of this address space
   * enters again.
   */
  public void enterForeign(Task t) {
    enter(t, null, true);
  }

  /**
   * Reads or writes as a debugger does, on behalf of {@code t}: what is mapped can be read, private
   * memory can be written (into a copy of its own) whatever its protection. Changes of the host's
   * mappings are made through {@code owner}'s context if it stands still, else when it next does.
   *
   * @param owner a task of this address space
   * @return how many bytes were transferred, up to the first that cannot be
   */
  public int access(
      Task t, Task owner, long address, byte[] bytes, int offset, int length, boolean write) {
    int done = 0;
    int attempts = 0;
    while (done < length) {
      long at = address + done;
      int n = (int) Math.min(length - done, PAGE - (at & (PAGE - 1)));
      Task via = t.mm == this ? t : owner;
      boolean still = !via.isInGuest() && !via.hasExited() && via.mm == this;
      enter(t, still ? via.context : null, true);
      forgetWindows();
      pager.forcedBy = t;
      long rc = write ? copyOut(at, bytes, offset + done, n) : copyIn(at, bytes, offset + done, n);
      boolean undisturbed = pager.task == t;
      pager.forcedBy = null;
      forgetWindows();
      if (rc == 0) {
        done += n;
      } else if (undisturbed || ++attempts > MAX_ATTEMPTS) {
        break; // else another task ran here while this one waited for the memory
      }
    }
    return done;
  }

  void enter(@Nullable Task t, @Nullable Context context, boolean mayWait) {
    pager.task = t;
    pager.mayWait = mayWait;
    host.enter(context);
  }

  /**
   * A copy for a child process. Private memory is write-protected in both; the caller then calls
   * {@link AddressSpace#flush} and {@link Context#fork}, and {@link #attach} on the copy (or {@link
   * #release} if the platform refused).
   */
  public MemoryManager fork(Task parent) {
    on(parent);
    if (users == 1) {
      long sp = parent.context.regs().get(Registers.RSP) & -PAGE;
      if (map.vmas.at(sp) != null) {
        // Both sides go on with this part of the stack.
        pager.markHot(sp - STACK_HOT, sp + STACK_HOT);
      }
    }
    return fork();
  }

  MemoryManager fork() {
    return MemoryFork.copy(this);
  }

  /** Binds a copy made by {@link #fork} to the address space that the platform made for it. */
  public void attach(AddressSpace addressSpace, Context context) {
    host.bind(addressSpace);
    host.enter(context);
    for (long[] range : notInherited) {
      host.unmap(range[0], range[1]);
    }
    notInherited.clear();
    if (hasCopies) {
      pager.mapHost(layout.min, layout.max);
      hasCopies = false;
    }
  }

  boolean isInside(long addr, long length) {
    return addr >= 0 && length >= 0 && addr <= layout.max && length <= layout.max - addr;
  }

  /** Where the heap starts. */
  public long heapStart() {
    return heapStart;
  }

  /** Where the heap ends (the "break"). */
  public long heapEnd() {
    return heapEnd;
  }

  /** After the host's changes have been queued. */
  void changed() {
    host.commit();
    peakBytes = Math.max(peakBytes, map.mappedBytes);
    forgetWindows();
  }

  static long pageUp(long length) {
    return (length + PAGE - 1) & -PAGE;
  }

  /**
   * Takes the pages of a file from a page-aligned offset on out of this address space.
   *
   * @return whether there were any
   */
  boolean unmapFileFrom(Task t, Mappable file, long offset) {
    if (t.mm == this) {
      on(t);
    } else {
      enterForeign(t);
    }
    boolean any = false;
    for (int i = 0; i < map.vmas.size(); i++) {
      Vma v = map.vmas.get(i);
      long start = Math.max(v.start, v.start + (offset - v.offset));
      if (v.mappable == file && start < v.end && map.hasPmas(start, v.end)) {
        map.dropPmas(start, v.end);
        host.unmap(start, v.end);
        any = true;
      }
    }
    if (any) {
      changed();
    }
    return any;
  }

  // ---- faults and accesses ----

  /**
   * Makes an access possible that the guest tried. May wait.
   *
   * @return 0: it may try again; otherwise a signal as {@link Fault} encodes it
   */
  public long handleFault(Task t, long address, boolean write, boolean fetch) {
    on(t);
    return guestFault(address, write, fetch);
  }

  long guestFault(long address, boolean write, boolean fetch) {
    if (address < layout.min || address >= layout.max) {
      return Fault.SEGV_MAPERR;
    }
    long fault = pager.fault(address, write, fetch, true);
    forgetWindows();
    return fault;
  }

  @Override
  long locate(long address, boolean write, Window window) {
    if (address < layout.min || address >= layout.max) {
      return -Errno.EFAULT;
    }
    Pma p = map.pmas.at(address);
    Vma v = map.vmas.at(address);
    while (p == null || v == null || !pager.permits(v, write, false) || write && !p.writable) {
      if (pager.fault(address, write, false, false) != 0) {
        return -Errno.EFAULT;
      }
      forgetWindows();
      p = map.pmas.at(address);
      v = map.vmas.at(address);
    }
    window.set(p.start, p.end, pager.segment(p), p.offset);
    return 0;
  }

  /**
   * What identifies memory that processes share, for futexes: a number that is the same for the
   * same memory in every address space; -1 if the memory is private (then address space and address
   * identify it); -EFAULT if there is none.
   */
  public long sharedKey(long address) {
    Vma v = map.vmas.at(address);
    if (v == null) {
      return -Errno.EFAULT;
    }
    if (v.isPrivate()) {
      // Memory of one's own that nobody can change makes no futex for others.
      return v.permits(v.isPrivateAnonymous(), false) ? -1 : -Errno.EFAULT;
    }
    if (window(address, false) == null) {
      return -Errno.EFAULT;
    }
    Pma p = map.pmas.at(address);
    return p == null ? -Errno.EFAULT : (long) p.space << 48 | p.offsetAt(address);
  }

  // ---- what is shown ----

  /** Shows every mapping, lowest first. */
  public void forEachVma(Consumer<Vma> visitor) {
    for (int i = 0; i < map.vmas.size(); i++) {
      visitor.accept(map.vmas.get(i));
    }
  }

  /** The mapping that holds an address, or null. */
  public @Nullable Vma vmaAt(long address) {
    return map.vmas.at(address);
  }

  /** Bytes mapped (VmSize). */
  public long vmSize() {
    return map.mappedBytes;
  }

  /** The most that was ever mapped (VmPeak). */
  public long vmPeak() {
    return peakBytes;
  }

  /** Bytes of private writable memory but the stack (VmData). */
  public long dataBytes() {
    long sum = 0;
    for (int i = 0; i < map.vmas.size(); i++) {
      Vma v = map.vmas.get(i);
      if (v.isPrivate() && (v.prot & Mman.PROT_WRITE) != 0 && !v.has(Vma.STACK)) {
        sum += v.length();
      }
    }
    return sum;
  }

  /** Bytes of the stack (VmStk). */
  public long stackBytes() {
    long sum = 0;
    for (int i = 0; i < map.vmas.size(); i++) {
      Vma v = map.vmas.get(i);
      if (v.has(Vma.STACK)) {
        sum += v.length();
      }
    }
    return sum;
  }

  /** Bytes that are locked (VmLck). */
  public long lockedBytes() {
    long sum = 0;
    for (int i = 0; i < map.vmas.size(); i++) {
      Vma v = map.vmas.get(i);
      if (v.isLocked()) {
        sum += v.length();
      }
    }
    return sum;
  }

  /** Bytes that have memory behind them (VmRSS). */
  public long residentBytes() {
    return resident().total();
  }

  /** The same by kind. */
  public Resident resident() {
    return resident(layout.min, layout.max);
  }

  /**
   * The same for a range. The host is asked what it has filled of the guest's memory, up to a
   * bound; of files that it maps itself it cannot tell who has looked at what, so that they count
   * as far as they are mapped.
   */
  public Resident resident(long start, long end) {
    long anonymous = 0;
    long file = 0;
    long shared = 0;
    long asked = 0;
    for (int i = map.pmas.firstEndingAbove(start);
        i < map.pmas.size() && map.pmas.get(i).start < end;
        i++) {
      Pma p = map.pmas.get(i);
      Vma v = map.vmas.at(p.start);
      long from = Math.max(start, p.start);
      long bytes = Math.min(end, p.end) - from;
      if (p.inMemoryFile() && asked + bytes <= ASKED_MAX) {
        asked += bytes;
        bytes = memoryFile.backedBytes(p.offsetAt(from), bytes);
      }
      if (!p.shared && p.inMemoryFile() && !p.borrowed) {
        anonymous += bytes;
      } else if (v == null || v.file == null || v.file.inode.fs.keepsFilesInMemory()) {
        shared += bytes;
      } else {
        file += bytes;
      }
    }
    return new Resident(anonymous, file, shared);
  }

  /** Bytes of executable file mappings (VmExe and VmLib). */
  public long fileCodeBytes() {
    long sum = 0;
    for (int i = 0; i < map.vmas.size(); i++) {
      Vma v = map.vmas.get(i);
      if (v.file != null && (v.prot & Mman.PROT_EXEC) != 0) {
        sum += v.length();
      }
    }
    return sum;
  }
}
