package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.ipc.mq.PosixQueues;
import dev.vivarium.sentry.ipc.sysv.SysvIpc;
import dev.vivarium.sentry.memory.BlobSegments;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.memory.Patcher;
import dev.vivarium.sentry.net.Network;
import dev.vivarium.sentry.platform.AddressSpace;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.vfs.AnonFileSystems;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.LockWaits;
import dev.vivarium.sentry.vfs.NameTable;
import dev.vivarium.sentry.vfs.SpecialFiles;
import dev.vivarium.sentry.vfs.tmpfs.MemoryBudget;
import dev.vivarium.sentry.vfs.tmpfs.Tmpfs;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One sandbox's kernel: what all its tasks share. */
public final class Kernel {
  /** How many tasks a sandbox may have: each costs the host a thread. */
  private static final int MAX_TASKS = 4096;

  /** Of a task that is none of the guest's. */
  private static final int KERNEL_TID = 0;

  /** Bounds of a tmpfs that a guest mounts. */
  private static final long GUEST_TMPFS_HEAP = 4L << 20;

  private static final long GUEST_TMPFS_INODES = 100_000;

  /** Device numbers of file systems that guests mount; the sandbox's own are lower. */
  private static final long FIRST_GUEST_DEVICE = 200;

  private static final int MAX_BUGS_LOGGED = 20;

  private final KernelLoop loop;
  private @Nullable MemoryBudget diskBudget;
  private final PidTable pids = new PidTable(MAX_TASKS);
  private final Futexes futexes = new Futexes();
  private final GuestBarrier guestBarrier = new GuestBarrier();
  private final Entropy entropy = Entropy.fromHost();
  private final Uts uts = new Uts();
  private final MemoryFile memoryFile;
  private final Dispatcher dispatcher;
  private final AnonFileSystems anonFileSystems = new AnonFileSystems();
  private final Network network = new Network();
  private final SysvIpc ipc = new SysvIpc();
  private final Map<Integer, Integer> inotifyInstances = new HashMap<>();
  private static final int ACCOUNTS_BEFORE_SWEEP = 1024;
  private final Map<Integer, SignalQueue.Account> queuedSignals = new HashMap<>();
  private int lastMoveCookie;
  private final LockWaits lockWaits = new LockWaits();
  private final PosixQueues messageQueues = new PosixQueues();
  private final NameTable names = new NameTable();

  /** File systems of which there is one, by type: guests may mount them elsewhere too. */
  private final Map<String, FileSystem> fileSystems = new HashMap<>();

  private SpecialFiles specialFiles = (t, inode, path, flags, out) -> -Errno.ENXIO;

  private BlobSegments blobs =
      space -> {
        throw new IllegalStateException("there is no blob " + space);
      };
  private Consumer<String> log = message -> System.err.println(message);
  private int processors = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 63);
  private Limits limits = Limits.NONE;
  private long totalMemory;
  private LongSupplier fileMemory = () -> 0;
  private final LoadAverage loadAverage = new LoadAverage(this);
  private @Nullable CpuQuota cpuQuota;
  private final WaitQueue thaw = new WaitQueue();
  private boolean frozen;
  private @Nullable Patcher patcher;
  private boolean answersInGuest;
  private @Nullable Watcher watcher;

  /** /proc/sys/kernel/core_pattern and core_uses_pid: how core files are called. */
  public String corePattern = "core";

  public boolean coreUsesPid;

  /** Processes that were killed because the sandbox had no memory left. */
  public long oomKills;

  /** What processes used that were started from outside, the first one among them, and are gone. */
  final CpuTimes goneFromOutside = new CpuTimes();

  private @Nullable Tmpfs memfds;
  private long nextDevice = FIRST_GUEST_DEVICE;
  private int bugs;
  private Consumer<Throwable> bugListener = what -> {};
  private boolean initWasLost;
  private int liveTasks;
  private @Nullable ThreadGroup init;
  private int exitStatus;

  public Kernel(Platform platform, MemoryFile memoryFile, Dispatcher dispatcher) {
    this.loop = new KernelLoop(platform, this::bug);
    this.memoryFile = memoryFile;
    this.totalMemory = memoryFile.segment().byteSize();
    this.dispatcher = dispatcher;
  }

  public KernelLoop loop() {
    return loop;
  }

  /** Tasks, processes, process groups and sessions by number. */
  public PidTable pids() {
    return pids;
  }

  public Futexes futexes() {
    return futexes;
  }

  /** The paths that calls gave of late. */
  public NameTable names() {
    return names;
  }

  /** Memory barriers on guests. */
  public GuestBarrier guestBarrier() {
    return guestBarrier;
  }

  /** The sandbox's random numbers. */
  public Entropy entropy() {
    return entropy;
  }

  /**
   * What the sandbox may use. Processors beyond the limit, rounded up, are not shown: programs
   * start as many threads as they see.
   */
  public void setLimits(Limits bounds) {
    limits = bounds;
    if (bounds.cpus() > 0) {
      cpuQuota = new CpuQuota(this, bounds.cpus(), processors);
      processors = Math.clamp((int) Math.ceil(bounds.cpus()), 1, processors);
    }
  }

  public Limits limits() {
    return limits;
  }

  /** How much memory guests are told that the machine has. */
  public void setTotalMemory(long bytes) {
    totalMemory = bytes;
  }

  public long totalMemory() {
    return totalMemory;
  }

  /** Tells how much memory the files hold that the sandbox has made. */
  public void setFileMemory(LongSupplier bytes) {
    fileMemory = bytes;
  }

  /** What of {@link #usedMemory} is the contents of files. */
  public long fileMemory() {
    return fileMemory.getAsLong();
  }

  /** What of {@link #totalMemory} is in use. */
  public long usedMemory() {
    return Math.min(totalMemory, limits.memoryUsed().getAsLong());
  }

  /** How busy the sandbox has been. */
  public LoadAverage loadAverage() {
    return loadAverage;
  }

  /** What all processes have used, also those that are gone, without the first one's parent. */
  public CpuTimes times() {
    CpuTimes sum = new CpuTimes();
    sum.add(goneFromOutside);
    for (ThreadGroup g : pids.groups()) {
      sum.add(g.cpuTimes());
      sum.add(g.childrenTimes());
    }
    return sum;
  }

  /** The limit of processor time; null if there is none. */
  public @Nullable CpuQuota cpuQuota() {
    return cpuQuota;
  }

  /**
   * Whether no guest may run now: for want of processor time, or because all are to stand still.
   */
  boolean guestsStand() {
    CpuQuota q = cpuQuota;
    return frozen || q != null && q.isSpent();
  }

  /**
   * Lets all guests stand still, or go on; what they wait for goes on meanwhile, and so do clocks.
   */
  public void freeze(boolean still) {
    frozen = still;
    if (still) {
      for (ThreadGroup g : pids.groups()) {
        g.tasks.forEach(Task::comeIn);
      }
    } else {
      thaw.wake(0);
    }
  }

  boolean isFrozen() {
    return frozen;
  }

  /** Waits until guests may go on, or for the task's death. */
  void awaitThaw(Task t) {
    t.waitKillable(thaw);
  }

  /** How many processors the guest sees. */
  public int processors() {
    return processors;
  }

  /** Host and domain name. */
  public Uts uts() {
    return uts;
  }

  /**
   * Lets guests make their calls without a trap where the platform can.
   *
   * @param answers whether calls that only ask for the caller's own ids need not reach the kernel
   *     at all (nobody watches them)
   */
  public void callDirectly(boolean answers) {
    long entry = loop.platform().directEntry();
    if (entry != 0) {
      patcher = new Patcher(memoryFile, entry);
      answersInGuest = answers;
    }
  }

  /**
   * Has somebody look on at all that tasks do from now on, or nobody any more. Calls under way are
   * seen only if they began before and end after. On the kernel thread.
   */
  public void setWatcher(@Nullable Watcher looking) {
    watcher = looking;
    for (ThreadGroup g : pids.groups()) {
      g.tasks.forEach(Task::publishAnswers);
    }
  }

  /** Who looks on; null mostly. */
  @Nullable Watcher watcher() {
    return watcher;
  }

  /** A limit of the sandbox was reached, by a process that is there. */
  public void tellLimit(ThreadGroup g, String what) {
    Watcher looking = watcher;
    if (looking != null) {
      looking.limit(g, what);
    }
  }

  /**
   * Nobody has a file open any more that the watcher keeps something for. What the kernel itself
   * held, such as a terminal until all that was written is read, no process has closed.
   */
  public void tellClosed(Task t, File f) {
    Watcher looking = watcher;
    if (looking != null && t.tid() != KERNEL_TID) {
      looking.closed(t, f);
    }
  }

  /**
   * A task was to reach an address outside, and there is no network.
   *
   * @param protocol tcp, udp or icmp
   * @param wide the address, of 16 bytes
   */
  public void tellUnreachable(Task t, String protocol, byte[] wide, int port) {
    Watcher looking = watcher;
    if (looking != null) {
      looking.unreachable(t, protocol, wide, port);
    }
  }

  boolean answersInGuest() {
    return answersInGuest;
  }

  /** Where the image's layer blobs are mapped. */
  public void setBlobs(BlobSegments segments) {
    blobs = segments;
  }

  /** Takes messages for the sandbox's log. */
  public void setLog(Consumer<String> sink) {
    log = sink;
  }

  public void log(String message) {
    log.accept(message);
  }

  /** Has all that is thrown where nothing may be told to somebody; on the kernel thread. */
  public void setBugListener(Consumer<Throwable> listener) {
    bugListener = listener;
  }

  /** The process of the host's that a task ran in is no more. */
  void lost(Task t) {
    log("the host process of task " + t.tid() + " (" + t.comm + ") was lost");
    initWasLost |= t.group == init;
  }

  /** Whether the first process ended because the host's process that it ran in did. */
  public boolean initWasLost() {
    return initWasLost;
  }

  /** Something happened that must not: the guest gets an error, the log the reason. */
  void bug(String where, Throwable what) {
    bugListener.accept(what);
    if (++bugs > MAX_BUGS_LOGGED) {
      return; // a guest that has found one must not fill the disk with it
    }
    StringWriter trace = new StringWriter();
    what.printStackTrace(new PrintWriter(trace));
    log("error inside the sentry: " + where + ": " + trace);
  }

  /** A manager for a new, empty address space. */
  MemoryManager newMemory(AddressSpace addressSpace) {
    MemoryManager mm = new MemoryManager(memoryFile, blobs, loop.platform(), entropy, addressSpace);
    mm.setPatcher(patcher);
    return mm;
  }

  // ---- beginning and end ----

  /** The first process; null before it was started. */
  public @Nullable ThreadGroup init() {
    return init;
  }

  /** The wait status of the first process, after {@link KernelLoop#run} has returned. */
  public int exitStatus() {
    return exitStatus;
  }

  void setInit(ThreadGroup first) {
    init = first;
  }

  void taskStarted() {
    liveTasks++;
  }

  void taskEnded() {
    liveTasks--;
    stopIfEmpty();
  }

  /** When the first process ends, all others are killed and the sandbox is over. */
  void processEnded(ThreadGroup g) {
    Watcher looking = watcher;
    if (looking != null) {
      looking.ended(g);
    }
    if (g == init) {
      exitStatus = g.exitStatus();
      shutDown();
    }
    g.tellEndListener();
  }

  /** Kills every process. The loop ends when the last task has gone. */
  public void shutDown() {
    for (ThreadGroup g : pids.groups()) {
      if (!g.isDead()) {
        SignalSending.killAll(g);
      }
    }
    stopIfEmpty();
  }

  private void stopIfEmpty() {
    ThreadGroup first = init;
    if (liveTasks == 0 && first != null && first.isDead()) {
      loop.stop();
    }
  }

  /**
   * Brings the guests of an address space back, so that what has changed in its mappings holds for
   * them too when they go on.
   */
  public void interruptGuests(MemoryManager mm, Task except) {
    for (ThreadGroup g : pids.groups()) {
      for (Task t : g.tasks) {
        if (t.mm == mm && t != except) {
          t.interrupt();
        }
      }
    }
  }

  public Timers timers() {
    return loop.timers();
  }

  public MemoryFile memoryFile() {
    return memoryFile;
  }

  /** Answers system calls: the table, seen from below. */
  public Dispatcher dispatcher() {
    return dispatcher;
  }

  /** The sandbox's own network. */
  public Network network() {
    return network;
  }

  public LockWaits lockWaits() {
    return lockWaits;
  }

  /** Semaphores, message queues and shared memory of System V. */
  public SysvIpc ipc() {
    return ipc;
  }

  /** POSIX message queues. */
  public PosixQueues messageQueues() {
    return messageQueues;
  }

  /** What a user is charged for queued signals and POSIX timers. */
  SignalQueue.Account queuedSignals(int uid) {
    SignalQueue.Account account = queuedSignals.get(uid);
    if (account == null) {
      if (queuedSignals.size() >= ACCOUNTS_BEFORE_SWEEP) {
        queuedSignals.values().removeIf(a -> a.signals == 0);
      }
      account = new SignalQueue.Account();
      queuedSignals.put(uid, account);
    }
    return account;
  }

  /** How many signals a user has queued, as /proc/PID/status shows it. */
  public int queuedSignalCount(int uid) {
    SignalQueue.Account account = queuedSignals.get(uid);
    return account == null ? 0 : account.signals;
  }

  /** How many inotify instances each user has. */
  public Map<Integer, Integer> inotifyInstances() {
    return inotifyInstances;
  }

  /** What ties the two events of a rename together. */
  public int nextMoveCookie() {
    return ++lastMoveCookie;
  }

  /** Where pipes, sockets, eventfds and the like have their inodes. */
  public AnonFileSystems anonFileSystems() {
    return anonFileSystems;
  }

  /** What memfd_create(2) makes files in. */
  public Tmpfs memfdFileSystem() {
    Tmpfs fs = memfds;
    if (fs == null) {
      fs = newTmpfs(0, 0, 01777, null);
      memfds = fs;
    }
    return fs;
  }

  /** A tmpfs that a guest mounts: the sandbox's memory limit is what bounds it. */
  public Tmpfs newTmpfs() {
    return newTmpfs(0, 0, 01777);
  }

  /** The same with bounds of its own; 0 for none. */
  public Tmpfs newTmpfs(long bytes, long inodes, int mode) {
    return newTmpfs(bytes, inodes, mode, diskBudget);
  }

  /** What guests write to file systems that they mount counts as written to this one. */
  public void setDiskBudget(MemoryBudget budget) {
    diskBudget = budget;
  }

  private Tmpfs newTmpfs(long bytes, long inodes, int mode, @Nullable MemoryBudget whole) {
    long room = memoryFile.segment().byteSize();
    MemoryBudget budget =
        new MemoryBudget(
            bytes == 0 ? room : Math.min(bytes, room),
            bytes == 0 ? GUEST_TMPFS_HEAP : Math.min(bytes, GUEST_TMPFS_HEAP),
            inodes == 0 ? GUEST_TMPFS_INODES : Math.min(inodes, GUEST_TMPFS_INODES),
            whole);
    return new Tmpfs(nextDevice++, memoryFile, budget, mode);
  }

  /** Lets guests mount a file system, of which there is only this one. */
  public void offer(FileSystem fs) {
    fileSystems.put(fs.typeName(), fs);
  }

  /** What mount(2) mounts as a type but tmpfs; null (-ENODEV) if there is none. */
  public @Nullable FileSystem mountable(String type) {
    return fileSystems.get(type);
  }

  /** Opens FIFOs and device nodes. */
  public SpecialFiles specialFiles() {
    return specialFiles;
  }

  public void setSpecialFiles(SpecialFiles opener) {
    specialFiles = opener;
  }

  /**
   * A task that never runs guest code, with root's credentials: the kernel's own hands for file
   * operations while it sets a sandbox up. It must not wait.
   */
  public Task newKernelTask() {
    Task t = new Task(this, KERNEL_TID);
    t.creds = Credentials.kernel();
    t.comm = "kernel";
    return t;
  }

  /** The system-call table as the kernel sees it; {@code syscalls.SyscallTable} implements it. */
  public interface Dispatcher {
    /** Whether the call never waits, so that it needs no coroutine. */
    boolean isFast(int number);

    /** Runs the handler; returns its result or a negative errno (also the restart codes). */
    long call(Task t, int number, long a0, long a1, long a2, long a3, long a4, long a5);
  }
}
