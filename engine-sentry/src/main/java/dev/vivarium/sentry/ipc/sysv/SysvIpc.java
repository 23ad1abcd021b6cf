package dev.vivarium.sentry.ipc.sysv;

/** The System V objects of a sandbox (Linux: an IPC namespace). */
public final class SysvIpc {
  /** Default limits of Linux; see proc_sys_kernel(5). */
  public static final int SEMMNI = 32_000;

  public static final int SEMMSL = 32_000;
  public static final int SEMOPM = 500;
  public static final int SEMVMX = 32_767;

  /**
   * Semaphores in all sets; Linux has a thousand times more, but they would all lie in our heap.
   */
  public static final int SEMMNS = 1_024_000;

  public static final int MSGMNI = 32_000;
  public static final int MSGMAX = 8192;
  public static final int MSGMNB = 16_384;

  public static final int SHMMNI = 4096;
  public static final long SHMMAX = -1L - (1L << 24);

  private final IpcTable<SemaphoreSet> semaphores = new IpcTable<>(SEMMNI);
  private final IpcTable<MessageQueue> queues = new IpcTable<>(MSGMNI);
  private final IpcTable<SharedSegment> segments = new IpcTable<>(SHMMNI);

  /** Bytes of messages that wait in any queue. */
  long messageBytes;

  public IpcTable<SemaphoreSet> semaphores() {
    return semaphores;
  }

  public IpcTable<MessageQueue> queues() {
    return queues;
  }

  public IpcTable<SharedSegment> segments() {
    return segments;
  }

  public long messageBytes() {
    return messageBytes;
  }

  // ---- /proc/sysvipc ----

  public String describeQueues() {
    return "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid"
        + "      stime      rtime      ctime\n"
        + lines(queues);
  }

  public String describeSemaphores() {
    return "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n"
        + lines(semaphores);
  }

  public String describeSegments() {
    return "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid"
        + "  cgid      atime      dtime      ctime                   rss                  swap\n"
        + lines(segments);
  }

  private static String lines(IpcTable<?> table) {
    StringBuilder b = new StringBuilder();
    for (IpcObject o : table.all()) {
      b.append(o.describe()).append('\n');
    }
    return b.toString();
  }
}
