package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.CallListener;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.seccomp.BpfProgram;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import org.jspecify.annotations.Nullable;

/** The descriptor of SECCOMP_FILTER_FLAG_NEW_LISTENER (linux/seccomp.h). */
public final class CallListenerFile extends File {
  private static final int NOTIF_RECV = 0xc0502100;
  private static final int NOTIF_SEND = 0xc0182101;
  private static final int NOTIF_ID_VALID = 0x40082102;
  private static final int NOTIF_ID_VALID_WRONG_DIR = 0x80082102;
  private static final int NOTIF_ADDFD = 0x40182103;
  private static final int NOTIF_SET_FLAGS = 0x40082104;

  /** Lengths of struct seccomp_notif, seccomp_notif_resp, seccomp_data and seccomp_notif_addfd. */
  public static final int NOTIF_SIZE = 80;

  public static final int RESPONSE_SIZE = 24;
  public static final int DATA_SIZE = 64;
  private static final int ADDFD_SIZE = 24;

  private static final int ADDFD_SETFD = 1;
  private static final int ADDFD_SEND = 2;
  private static final int SYNC_WAKE_UP = 1;

  private final CallListener listener;
  private final Task maker;

  private CallListenerFile(Inode inode, CallListener listener, Task maker) {
    super(inode, null, Fcntl.O_RDWR);
    this.listener = listener;
    this.maker = maker;
  }

  /** Gives a task the descriptor, always close-on-exec; returns it or a negative errno. */
  public static long install(Task t, CallListener listener) {
    Inode inode =
        t.kernel().anonFileSystems().anonInodes().newInode(t, 0600, "anon_inode:seccomp notify");
    File file = new CallListenerFile(inode, listener, t);
    int fd = t.fds.install(file, true, 0);
    if (fd < 0) {
      file.drop(t);
    }
    return fd;
  }

  @Override
  protected void release(Task t) {
    listener.close();
  }

  @Override
  public WaitQueue pollQueue() {
    return listener.changes();
  }

  @Override
  public int poll() {
    return (listener.first(CallListener.State.ASKED) != null ? Poll.IN | Poll.RDNORM : 0)
        | (listener.first(CallListener.State.SEEN) != null ? Poll.OUT | Poll.WRNORM : 0)
        | (listener.isUsed(maker.kernel()) ? 0 : Poll.HUP);
  }

  @Override
  public long ioctl(Task t, int command, long argument) {
    t.needCoroutine();
    return switch (command) {
      case NOTIF_RECV -> receive(t, argument);
      case NOTIF_SEND -> send(t, argument);
      case NOTIF_ID_VALID, NOTIF_ID_VALID_WRONG_DIR -> isValid(t, argument);
      case NOTIF_ADDFD -> addDescriptor(t, argument);
      // The argument is the flags themselves, a hint on which processor to wake up.
      case NOTIF_SET_FLAGS -> (argument & ~SYNC_WAKE_UP) != 0 ? -Errno.EINVAL : 0;
      default -> -Errno.EINVAL;
    };
  }

  private long receive(Task t, long address) {
    byte[] b = new byte[NOTIF_SIZE];
    if (t.mm.copyIn(address, b, 0, b.length) != 0) {
      return -Errno.EFAULT;
    }
    for (byte each : b) {
      if (each != 0) {
        return -Errno.EINVAL;
      }
    }
    CallListener.Request r = listener.first(CallListener.State.ASKED);
    while (r == null) {
      if (!listener.isUsed(t.kernel())) {
        return -Errno.ENOENT;
      }
      long rc = t.waitOn(listener.changes(), Task.NO_DEADLINE);
      r = listener.first(CallListener.State.ASKED);
      if (rc < 0 && r == null) {
        return rc;
      }
    }
    Bytes.putLong(b, 0, r.id);
    Bytes.putInt(b, 8, r.task.tid());
    for (int i = 0; i < BpfProgram.DATA_WORDS; i++) {
      Bytes.putInt(b, 16 + 4 * i, r.data(i));
    }
    listener.seen(r, true);
    if (t.mm.copyOut(address, b, 0, b.length) != 0) {
      listener.seen(r, false);
      return -Errno.EFAULT;
    }
    return 0;
  }

  private long send(Task t, long address) {
    byte[] b = new byte[RESPONSE_SIZE];
    if (t.mm.copyIn(address, b, 0, b.length) != 0) {
      return -Errno.EFAULT;
    }
    long value = Bytes.getLong(b, 8);
    int error = Bytes.getInt(b, 16);
    int flags = Bytes.getInt(b, 20);
    if ((flags & ~CallListener.CONTINUE) != 0 || flags != 0 && (value != 0 || error != 0)) {
      return -Errno.EINVAL;
    }
    CallListener.Request r = listener.find(Bytes.getLong(b, 0));
    if (r == null) {
      return -Errno.ENOENT;
    }
    if (r.state() != CallListener.State.SEEN) {
      return -Errno.EINPROGRESS;
    }
    listener.answer(r, value, error, flags);
    return 0;
  }

  private long isValid(Task t, long address) {
    long id = t.mm.readLong(address);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    CallListener.Request r = listener.find(id);
    return r != null && r.state() == CallListener.State.SEEN ? 0 : -Errno.ENOENT;
  }

  /** SECCOMP_IOCTL_NOTIF_ADDFD: a file of the listener becomes one of the caller's. */
  private long addDescriptor(Task t, long address) {
    byte[] b = new byte[ADDFD_SIZE];
    if (t.mm.copyIn(address, b, 0, b.length) != 0) {
      return -Errno.EFAULT;
    }
    int flags = Bytes.getInt(b, 8);
    int wanted = Bytes.getInt(b, 16);
    int fdFlags = Bytes.getInt(b, 20);
    if ((fdFlags & ~Fcntl.O_CLOEXEC) != 0
        || (flags & ~(ADDFD_SETFD | ADDFD_SEND)) != 0
        || wanted != 0 && (flags & ADDFD_SETFD) == 0) {
      return -Errno.EINVAL;
    }
    @Nullable File source = t.fds.get(Bytes.getInt(b, 12));
    if (source == null || (source.flags & Fcntl.O_PATH) != 0) {
      return -Errno.EBADF;
    }
    CallListener.Request r = listener.find(Bytes.getLong(b, 0));
    if (r == null) {
      return -Errno.ENOENT;
    }
    if (r.state() != CallListener.State.SEEN) {
      return -Errno.EINPROGRESS;
    }
    boolean cloexec = (fdFlags & Fcntl.O_CLOEXEC) != 0;
    source.acquire();
    int fd =
        (flags & ADDFD_SETFD) != 0
            ? r.task.fds.installAt(t, wanted, source, cloexec)
            : r.task.fds.install(source, cloexec, 0);
    if (fd < 0) {
      source.drop(t);
      return fd;
    }
    if ((flags & ADDFD_SEND) != 0) {
      listener.answer(r, fd, 0, 0);
    }
    return fd;
  }
}
