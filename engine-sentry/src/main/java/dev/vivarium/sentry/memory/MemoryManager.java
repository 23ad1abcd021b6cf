package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.abi.Resource;
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
  /** Most mappings of one address space (vm.max_map_count's default). */
  static final int MAX_MAP_COUNT = 65530;

  /** The part of the main stack that is there from the start. */
  private static final long STACK_START = 8L << 20;

  /** How much of the stack around its pointer a forked child will write to for sure. */
  private static final long STACK_HOT = 8L << 10;

  /** How much memory fork copies at most. */
  private static final long FORK_COPY_MAX = 256L << 10;

  private static final long PAGE = AddressMap.PAGE;

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

  final MemoryFile memoryFile;
  final AddressMap map;
  final HostSide host;
  final Pager pager;
  final MemoryLayout layout;
  private final BlobSegments blobs;

  private int users = 1;
  private long heapStart;
  private long heapEnd;
  private long peakBytes;

  /** New mappings are locked (mlockall(MCL_FUTURE)). */
  boolean lockFuture;

  /** In a copy: there is memory that the host must map in place of the original's. */
  private boolean hasCopies;

  /** In a copy: what the host has mapped in it because the original had, and the copy must not. */
  private final List<long[]> notInherited = new ArrayList<>();

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

  private MemoryManager(MemoryFile memoryFile, BlobSegments blobs, MemoryLayout layout) {
    this.memoryFile = memoryFile;
    this.blobs = blobs;
    this.layout = layout;
    this.host = new HostSide(memoryFile);
    this.map = new AddressMap(memoryFile, host);
    this.pager = new Pager(map, blobs);
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
    writeBack(t, layout.min, layout.max);
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
    MemoryManager child = new MemoryManager(memoryFile, blobs, layout);
    // With other threads about, only memory that is write-protected stands still to be copied.
    long left = users == 1 ? FORK_COPY_MAX : 0;
    for (int i = 0; i < map.vmas.size(); i++) {
      Vma v = map.vmas.get(i);
      if (!v.has(Vma.DONTFORK)) {
        Vma copy = v.copyOf(v.start, v.end);
        copy.flags &= ~Vma.LOCKED;
        child.map.insert(copy);
      }
      if (v.has(Vma.DONTFORK | Vma.WIPEONFORK)) {
        if (map.isHostMapped(v.start, v.end)) {
          child.notInherited.add(new long[] {v.start, v.end});
        }
      } else if (v.isPrivate()) {
        left -= copyHot(v, child, left);
        disown(v, child.map);
      }
    }
    map.protectHost(layout.min, layout.max);
    for (int i = 0; i < map.pmas.size(); i++) {
      Pma p = map.pmas.get(i);
      Vma v = child.map.vmas.at(p.start);
      if (v != null && !v.has(Vma.WIPEONFORK) && child.map.pmas.at(p.start) == null) {
        if (p.inMemoryFile()) {
          memoryFile.incRef(p.offset, p.length());
        }
        child.map.insert(p.copyOf(p.start, p.end));
      }
    }
    child.heapStart = heapStart;
    child.heapEnd = heapEnd;
    child.peakBytes = child.map.mappedBytes;
    child.startCode = startCode;
    child.endCode = endCode;
    child.startData = startData;
    child.endData = endData;
    child.startStack = startStack;
    child.argStart = argStart;
    child.argEnd = argEnd;
    child.envStart = envStart;
    child.envEnd = envEnd;
    child.auxv = auxv;
    child.exe = exe == null ? null : exe.acquire();
    forgetWindows();
    return child;
  }

  /** Copies what parent and child will both write to; returns how many bytes. */
  private long copyHot(Vma v, MemoryManager child, long limit) {
    long copied = 0;
    for (int i = map.pmas.firstEndingAbove(v.start);
        i < map.pmas.size() && map.pmas.get(i).start < v.end;
        i++) {
      Pma p = map.pmas.get(i);
      if (p.hot > 0) {
        p.hot--;
        Pma copy = copied + p.length() <= limit ? pager.copyForChild(p) : null;
        if (copy != null) {
          child.map.insert(copy);
          copied += p.length();
        }
      }
    }
    child.hasCopies |= copied > 0;
    return copied;
  }

  /** From now on a write to this mapping makes a copy, unless the child has got one. */
  private void disown(Vma v, AddressMap copies) {
    for (int i = map.pmas.firstEndingAbove(v.start);
        i < map.pmas.size() && map.pmas.get(i).start < v.end;
        i++) {
      Pma p = map.pmas.get(i);
      if (copies.pmas.at(p.start) == null) {
        p.writable = false;
      }
    }
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

  // ---- system calls ----

  /** mmap(2); flags as there. Returns the address or a negative errno. */
  public long mmap(
      Task t, long addr, long length, int prot, int flags, @Nullable File file, long offset) {
    on(t);
    return mapFile(addr, length, prot, flags, file, offset);
  }

  private long mapFile(
      long addr, long length, int prot, int flags, @Nullable File file, long offset) {
    Mappable mappable = null;
    int type = flags & Mman.MAP_TYPE;
    boolean shared = type == Mman.MAP_SHARED || type == Mman.MAP_SHARED_VALIDATE;
    int vmaFlags = 0;
    if ((flags & Mman.MAP_ANONYMOUS) != 0) {
      file = null;
    } else if (file == null) {
      return -Errno.EBADF;
    } else {
      if (!file.isReadable() || shared && (prot & Mman.PROT_WRITE) != 0 && !file.isWritable()) {
        return -Errno.EACCES;
      }
      boolean sealed = shared && !file.allowsSharedWrites();
      if (sealed && (prot & Mman.PROT_WRITE) != 0) {
        return -Errno.EPERM;
      }
      mappable = file.mappable();
      if (mappable == null) {
        return -Errno.ENODEV;
      }
      if (sealed || shared && !file.isWritable()) {
        vmaFlags = Vma.NOWRITE;
      }
      if (mappable == Mappable.ANONYMOUS) {
        file = null;
        mappable = null;
      }
    }
    return map(addr, length, prot, flags, vmaFlags, file, mappable, offset);
  }

  /** mmap(2), when it is clear what is to be mapped. */
  long map(
      long addr,
      long length,
      int prot,
      int flags,
      int vmaFlags,
      @Nullable File file,
      @Nullable Mappable mappable,
      long offset) {
    int type = flags & Mman.MAP_TYPE;
    boolean shared = type == Mman.MAP_SHARED || type == Mman.MAP_SHARED_VALIDATE;
    if (length == 0 || (offset & (PAGE - 1)) != 0 || !shared && type != Mman.MAP_PRIVATE) {
      return -Errno.EINVAL;
    }
    if (type == Mman.MAP_SHARED_VALIDATE && (flags & Mman.MAP_SYNC) != 0) {
      return -Errno.EOPNOTSUPP;
    }
    if (length < 0 || length > layout.max - layout.min || (flags & Mman.MAP_HUGETLB) != 0) {
      return -Errno.ENOMEM;
    }
    length = pageUp(length);
    if (offset < 0 || offset + length < 0) {
      return -Errno.EOVERFLOW;
    }
    if (!pager.mayWait && (flags & (Mman.MAP_POPULATE | Mman.MAP_LOCKED)) != 0) {
      throw WouldWaitException.INSTANCE;
    }
    long start = choose(addr, length, flags);
    if (start < 0) {
      return start;
    }
    long end = start + length;
    prot &= Mman.PROT_READ | Mman.PROT_WRITE | Mman.PROT_EXEC;
    if (map.vmas.size() >= MAX_MAP_COUNT || !mayGrow(length, prot, shared, flags)) {
      return -Errno.ENOMEM;
    }
    writeBack(pager.task, start, end);
    boolean replaces = map.isHostMapped(start, end);
    map.removeVmas(pager.task, start, end);
    Vma v = new Vma(start, end, prot, vmaFlags | vmaFlags(flags));
    v.file = file;
    v.mappable = mappable;
    v.offset = mappable == null ? 0 : offset;
    if (shared && mappable == null) {
      v.mappable = new SharedAnonymous(memoryFile, length);
    } else {
      v.acquireBacking();
    }
    map.insert(v);
    pager.populate(v, start, end);
    if (replaces) {
      map.unmapHostGaps(start, end);
    }
    map.join(pager.task, start, end);
    changed();
    if ((flags & (Mman.MAP_POPULATE | Mman.MAP_LOCKED)) != 0 && (flags & Mman.MAP_NONBLOCK) == 0) {
      populateAll(start, end);
    }
    return start;
  }

  private int vmaFlags(int flags) {
    int result = 0;
    if ((flags & Mman.MAP_TYPE) != Mman.MAP_PRIVATE) {
      result |= Vma.SHARED;
    }
    if ((flags & Mman.MAP_GROWSDOWN) != 0) {
      result |= Vma.GROWSDOWN;
    }
    if ((flags & Mman.MAP_NORESERVE) != 0) {
      result |= Vma.NORESERVE;
    }
    if (lockFuture || (flags & Mman.MAP_LOCKED) != 0) {
      result |= Vma.LOCKED;
    }
    return result;
  }

  /** Where a new mapping goes, or a negative errno. */
  private long choose(long addr, long length, int flags) {
    if ((flags & (Mman.MAP_FIXED | Mman.MAP_FIXED_NOREPLACE)) != 0) {
      if ((addr & (PAGE - 1)) != 0) {
        return -Errno.EINVAL;
      }
      if (addr < 0 || addr > layout.max - length) {
        return -Errno.ENOMEM;
      }
      if (addr < layout.min) {
        return -Errno.EPERM;
      }
      if ((flags & Mman.MAP_FIXED_NOREPLACE) != 0 && !map.vmas.isFree(addr, addr + length)) {
        return -Errno.EEXIST;
      }
      return addr;
    }
    if (addr > 0 && addr <= layout.max - length) {
      long hint = Math.max(pageUp(addr), layout.min);
      if (hint <= layout.max - length
          && map.findGap(length, hint, hint + length, PAGE, 0) == hint) {
        return hint;
      }
    }
    boolean low = (flags & Mman.MAP_32BIT) != 0;
    long top = low ? Math.min(layout.mmapTop, 1L << 31) : layout.mmapTop;
    long place = map.findGap(length, layout.min, top, PAGE, 0);
    if (place < 0 && !low) {
      place = map.findGap(length, layout.min, layout.max, PAGE, 0);
    }
    return place < 0 ? -Errno.ENOMEM : place;
  }

  /** Whether the limits permit so much more. */
  boolean mayGrow(long length, int prot, boolean shared, int flags) {
    boolean charged = !shared && (prot & Mman.PROT_WRITE) != 0;
    if (charged && (flags & Mman.MAP_NORESERVE) == 0 && length > memoryFile.segment().byteSize()) {
      return false;
    }
    return !exceeds(Resource.RLIMIT_AS, map.mappedBytes + length)
        && (!charged
            || isUnlimited(Resource.RLIMIT_DATA)
            || !exceeds(Resource.RLIMIT_DATA, dataBytes() + length));
  }

  boolean exceeds(int resource, long value) {
    Task t = pager.task;
    return t != null && t.group.rlimits.exceeds(resource, value);
  }

  private boolean isUnlimited(int resource) {
    Task t = pager.task;
    return t == null || t.group.rlimits.soft(resource) == Resource.RLIM_INFINITY;
  }

  /** munmap(2). */
  public long munmap(Task t, long addr, long length) {
    on(t);
    return unmap(addr, length);
  }

  long unmap(long addr, long length) {
    if ((addr & (PAGE - 1)) != 0
        || length <= 0
        || addr < 0
        || addr > layout.max
        || length > layout.max - addr) {
      return -Errno.EINVAL;
    }
    long start = Math.max(addr, layout.min);
    long end = pageUp(addr + length);
    if (end <= start) {
      return 0;
    }
    if (map.vmas.size() >= MAX_MAP_COUNT && map.vmas.at(start) == map.vmas.at(end)) {
      return -Errno.ENOMEM;
    }
    writeBack(pager.task, start, end);
    boolean mapped = map.isHostMapped(start, end);
    map.removeVmas(pager.task, start, end);
    if (mapped) {
      host.unmap(start, end);
    }
    changed();
    return 0;
  }

  /** mprotect(2). */
  public long mprotect(Task t, long addr, long length, int prot) {
    on(t);
    return protect(addr, length, prot);
  }

  long protect(long addr, long length, int prot) {
    int grows = prot & (Mman.PROT_GROWSDOWN | Mman.PROT_GROWSUP);
    prot &= ~(grows | Mman.PROT_SEM);
    if ((addr & (PAGE - 1)) != 0
        || grows == (Mman.PROT_GROWSDOWN | Mman.PROT_GROWSUP)
        || (prot & ~(Mman.PROT_READ | Mman.PROT_WRITE | Mman.PROT_EXEC)) != 0) {
      return -Errno.EINVAL;
    }
    if (length == 0) {
      return 0;
    }
    if (!isInside(addr, length)) {
      return -Errno.ENOMEM;
    }
    long end = addr + pageUp(length);
    Vma first = map.vmas.at(addr);
    if (first == null) {
      return -Errno.ENOMEM;
    }
    if (grows != 0) {
      if (grows == Mman.PROT_GROWSUP || !first.has(Vma.GROWSDOWN)) {
        return -Errno.EINVAL;
      }
      addr = first.start;
    }
    if (map.vmas.size() >= MAX_MAP_COUNT) {
      return -Errno.ENOMEM;
    }
    long at = addr;
    long result = 0;
    while (at < end) {
      Vma v = map.vmas.at(at);
      if (v == null) {
        result = -Errno.ENOMEM;
        break;
      }
      if ((prot & Mman.PROT_WRITE) != 0 && v.has(Vma.NOWRITE)) {
        result = -Errno.EACCES;
        break;
      }
      if (v.prot != prot) {
        map.splitAt(at);
        map.splitAt(end);
        v = map.vmas.at(at);
        if (v == null) {
          throw new IllegalStateException("lost a mapping");
        }
        v.prot = prot;
        map.protectHost(v.start, v.end);
        pager.populate(v, v.start, v.end);
      }
      at = v.end;
    }
    map.join(pager.task, addr, Math.min(at, end));
    changed();
    return result;
  }

  boolean isInside(long addr, long length) {
    return addr >= 0 && length >= 0 && addr <= layout.max && length <= layout.max - addr;
  }

  /** Maps the main stack of {@code size} bytes at a random place; returns its top or -ENOMEM. */
  public long mapStack(Task t, long size) {
    on(t);
    return mapStack(size);
  }

  long mapStack(long size) {
    long length = size < 0 || size > STACK_START ? STACK_START : Math.max(pageUp(size), 32 * PAGE);
    long top = layout.stackTop;
    Vma v =
        new Vma(
            top - length,
            top,
            Mman.PROT_READ | Mman.PROT_WRITE,
            Vma.GROWSDOWN | Vma.STACK | vmaFlags(Mman.MAP_PRIVATE));
    v.name = "[stack]";
    if (top - length < layout.min || !map.vmas.isFree(v.start, v.end)) {
      return -Errno.ENOMEM;
    }
    map.insert(v);
    pager.populate(v, v.start, v.end);
    changed();
    return top;
  }

  /** A random address for a position-independent executable of {@code size} bytes. */
  public long pieBase(long size) {
    long base = layout.pieBase();
    return base <= layout.max - size ? base : layout.min;
  }

  /** Puts the heap a random distance behind {@code end}, where the program's data end. */
  public void setBrk(long end) {
    heapStart = pageUp(end);
    long start = heapStart + layout.pages(Math.min(32L << 20, (layout.max - layout.min) >>> 10));
    if (start + PAGE <= layout.max && map.vmas.isFree(heapStart, start + PAGE)) {
      heapStart = start;
    }
    heapEnd = heapStart;
  }

  /** brk(2): moves the end of the heap if it can; returns where it is now. */
  public long brk(Task t, long end) {
    on(t);
    return moveHeapEnd(end);
  }

  long moveHeapEnd(long end) {
    if (end < heapStart || end > layout.max - PAGE) {
      return heapEnd;
    }
    long oldEnd = pageUp(heapEnd);
    long newEnd = pageUp(end);
    if (newEnd < oldEnd) {
      if (unmap(newEnd, oldEnd - newEnd) != 0) {
        return heapEnd;
      }
    } else if (newEnd > oldEnd) {
      if (!map.vmas.isFree(oldEnd, newEnd + PAGE)
          || !mayGrow(newEnd - oldEnd, Mman.PROT_WRITE, false, 0)) {
        return heapEnd;
      }
      Vma v =
          new Vma(
              oldEnd,
              newEnd,
              Mman.PROT_READ | Mman.PROT_WRITE,
              Vma.HEAP | vmaFlags(Mman.MAP_PRIVATE));
      v.name = "[heap]";
      map.insert(v);
      pager.populate(v, oldEnd, newEnd);
      map.join(pager.task, oldEnd, newEnd);
      changed();
    }
    heapEnd = end;
    return heapEnd;
  }

  /** Where the heap starts. */
  public long heapStart() {
    return heapStart;
  }

  /** Where the heap ends (the "break"). */
  public long heapEnd() {
    return heapEnd;
  }

  /**
   * Writes back what shared file mappings in a range have changed, as is done before they go. May
   * wait.
   */
  long writeBack(@Nullable Task t, long start, long end) {
    long result = 0;
    for (long at = start; at < end; ) {
      int i = map.vmas.firstEndingAbove(at);
      if (i == map.vmas.size() || map.vmas.get(i).start >= end) {
        break;
      }
      Vma v = map.vmas.get(i);
      at = v.end;
      if (v.file != null && !pager.mayWait) {
        // Neither writing back nor the end of the file's last reference may happen here.
        throw WouldWaitException.INSTANCE;
      }
      if (t != null
          && v.isShared()
          && v.file != null
          && v.mappable != null
          && !v.has(Vma.NOWRITE)) {
        long from = Math.max(start, v.start);
        long done = v.mappable.writeBack(t, v.offsetAt(from), Math.min(end, v.end) - from);
        if (done < 0) {
          result = done;
        }
      }
    }
    return result;
  }

  /** Has all memory of a range found now, as far as it can be. */
  void populateAll(long start, long end) {
    for (long at = start; at < end; ) {
      int i = map.vmas.firstEndingAbove(at);
      if (i == map.vmas.size() || map.vmas.get(i).start >= end) {
        return;
      }
      Vma v = map.vmas.get(i);
      long to = Math.min(end, v.end);
      populateAll(Math.max(at, v.start), to, v.isPrivate() && (v.prot & Mman.PROT_WRITE) != 0);
      at = to;
    }
  }

  /** The same as one kind of access would do it; 0 or -EFAULT. */
  long populateAll(long start, long end, boolean write) {
    long result = 0;
    for (long at = start; at < end && result == 0; ) {
      if (pager.fault(at, write, false, false) != 0) {
        result = -Errno.EFAULT;
      }
      Pma p = map.pmas.at(at);
      at = p == null ? at + PAGE : p.end;
    }
    forgetWindows();
    return result;
  }

  /** msync(2), after the flags have been checked. */
  public long msync(Task t, long addr, long length, boolean wait, boolean invalidate) {
    on(t);
    length = pageUp(length);
    if (length < 0 || !isInside(addr, length)) {
      return -Errno.ENOMEM;
    }
    long end = addr + length;
    if (invalidate) {
      for (int i = map.vmas.firstEndingAbove(addr);
          i < map.vmas.size() && map.vmas.get(i).start < end;
          i++) {
        if (map.vmas.get(i).isLocked()) {
          return -Errno.EBUSY;
        }
      }
    }
    boolean mapped = Locking.isMapped(this, addr, end);
    long result = wait ? writeBack(t, addr, end) : 0;
    return result < 0 ? result : mapped ? 0 : -Errno.ENOMEM;
  }

  /** mincore(2): whether the pages from {@code addr} on have memory; -ENOMEM if not mapped. */
  public long mincore(long addr, byte[] present, int pages) {
    if (!isInside(addr, pages * PAGE) || !Locking.isMapped(this, addr, addr + pages * PAGE)) {
      return -Errno.ENOMEM;
    }
    for (int i = 0; i < pages; i++) {
      present[i] = (byte) (map.pmas.at(addr + i * PAGE) == null ? 0 : 1);
    }
    return 0;
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
    while (p == null || v == null || !v.permits(write, false) || write && !p.writable) {
      if (pager.fault(address, write, false, false) != 0) {
        return -Errno.EFAULT;
      }
      forgetWindows();
      p = map.pmas.at(address);
      v = map.vmas.at(address);
    }
    window.start = p.start;
    window.end = p.end;
    window.segment = pager.segment(p);
    window.delta = p.offset - p.start;
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
      return -1;
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

  /** Bytes that have memory behind them (VmRSS; an upper bound, since the host fills pages). */
  public long residentBytes() {
    return residentBytes(layout.min, layout.max);
  }

  /** The same for a range. */
  public long residentBytes(long start, long end) {
    long sum = 0;
    for (int i = map.pmas.firstEndingAbove(start);
        i < map.pmas.size() && map.pmas.get(i).start < end;
        i++) {
      Pma p = map.pmas.get(i);
      sum += Math.min(end, p.end) - Math.max(start, p.start);
    }
    return sum;
  }
}
