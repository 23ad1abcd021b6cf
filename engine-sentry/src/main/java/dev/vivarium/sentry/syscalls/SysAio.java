package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.AioContext;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.EventFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappings;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import org.jspecify.annotations.Nullable;

/**
 * io_setup and its relatives. As with buffered files on Linux, a read or write is done when it is
 * submitted; only polls are waited for later.
 */
final class SysAio {
  // linux/aio_abi.h
  private static final int CMD_PREAD = 0;
  private static final int CMD_PWRITE = 1;
  private static final int CMD_FSYNC = 2;
  private static final int CMD_FDSYNC = 3;
  private static final int CMD_POLL = 5;
  private static final int CMD_PREADV = 7;
  private static final int CMD_PWRITEV = 8;
  private static final int FLAG_RESFD = 1;
  private static final int FLAG_IOPRIO = 2;
  private static final int RWF_ALL = 63;

  private static final int IOCB_SIZE = 64;
  private static final int EVENT_SIZE = 32;
  private static final long PAGE = 4096;
  private static final int MAX_EVENTS = 65_536;

  private SysAio() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.IO_SETUP, "io_setup", SysAio::setup);
    b.full(Sys.IO_DESTROY, "io_destroy", SysAio::destroy);
    b.full(Sys.IO_SUBMIT, "io_submit", SysAio::submit);
    b.full(Sys.IO_CANCEL, "io_cancel", SysAio::cancel);
    b.full(
        Sys.IO_GETEVENTS,
        "io_getevents",
        (t, ctx, min, nr, events, timeout, a5) -> getevents(t, ctx, min, nr, events, timeout));
    b.full(Sys.IO_PGETEVENTS, "io_pgetevents", SysAio::pgetevents);
  }

  static long setup(Task t, long events, long at, long a2, long a3, long a4, long a5) {
    long before = t.mm.readLong(at);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    int n = (int) events;
    if (before != 0 || n == 0) {
      return -Errno.EINVAL;
    }
    if (Integer.compareUnsigned(n, MAX_EVENTS) > 0) {
      return n < 0 ? -Errno.EINVAL : -Errno.EAGAIN;
    }
    AioContext.Table table = AioContext.Table.of(t.mm);
    if (table.room() < n) {
      return -Errno.EAGAIN;
    }
    // The context's name is the address of a ring that libraries may look into: an empty one, whose
    // missing magic number sends them to io_getevents.
    int prot = Mman.PROT_READ | Mman.PROT_WRITE;
    long ring =
        Mappings.mmap(t, t.mm, 0, PAGE, prot, Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS, null, 0);
    if (ring < 0) {
      return ring;
    }
    if (t.mm.writeLong(at, ring) < 0) {
      Mappings.munmap(t, t.mm, ring, PAGE);
      return -Errno.EFAULT;
    }
    table.add(ring, new AioContext(n));
    return 0;
  }

  static long destroy(Task t, long ctx, long a1, long a2, long a3, long a4, long a5) {
    AioContext context = AioContext.Table.of(t.mm).remove(ctx);
    if (context == null) {
      return -Errno.EINVAL;
    }
    context.close(t);
    Mappings.munmap(t, t.mm, ctx, PAGE);
    return 0;
  }

  static long submit(Task t, long ctx, long count, long pointers, long a3, long a4, long a5) {
    if (count < 0) {
      return -Errno.EINVAL;
    }
    AioContext context = AioContext.Table.of(t.mm).get(ctx);
    if (context == null) {
      return -Errno.EINVAL;
    }
    long n = Math.min(count, context.size());
    for (long i = 0; i < n; i++) {
      long at = t.mm.readLong(pointers + 8 * i);
      long rc = t.mm.error() != 0 ? -Errno.EFAULT : submitOne(t, context, at);
      if (rc < 0) {
        return i > 0 ? i : rc;
      }
    }
    return n;
  }

  private static long submitOne(Task t, AioContext context, long at) {
    byte[] b = new byte[IOCB_SIZE];
    if (t.mm.copyIn(at, b, 0, IOCB_SIZE) < 0) {
      return -Errno.EFAULT;
    }
    long length = Bytes.getLong(b, 32);
    int flags = Bytes.getInt(b, 56);
    if (Bytes.getLong(b, 48) != 0 || length < 0) {
      return -Errno.EINVAL;
    }
    if (!context.hasRoom(t)) {
      return -Errno.EAGAIN;
    }
    File f = t.fds.get(Bytes.getInt(b, 20));
    if (f == null) {
      return -Errno.EBADF;
    }
    EventFile signal = null;
    if ((flags & FLAG_RESFD) != 0) {
      File s = t.fds.get(Bytes.getInt(b, 60));
      if (s == null) {
        return -Errno.EBADF;
      }
      if (!(s instanceof EventFile event)) {
        return -Errno.EINVAL;
      }
      signal = event;
    }
    if (t.mm.writeInt(at + 8, 0) < 0) { // KIOCB_KEY
      return -Errno.EFAULT;
    }
    AioContext.Request r = new AioContext.Request(at, Bytes.getLong(b, 0), signal);
    int command = Bytes.getShort(b, 16);
    if (command == CMD_POLL) {
      return poll(t, context, r, f, b);
    }
    f.acquire();
    try {
      long result = transfer(t, f, command, b, length, flags);
      if (result == REFUSED_EINVAL || result == REFUSED_EBADF) {
        return result == REFUSED_EINVAL ? -Errno.EINVAL : -Errno.EBADF;
      }
      if (result <= REFUSED_OTHER) {
        return result - REFUSED_OTHER;
      }
      // A signal cannot interrupt what nobody waits for.
      boolean restart = result <= -Errno.ERESTARTSYS && result >= -Errno.ERESTART_RESTARTBLOCK;
      context.complete(r, restart ? -Errno.EINTR : result);
      return 0;
    } finally {
      f.drop(t);
    }
  }

  // A request that is not taken at all, against one that completes with an error.
  private static final long REFUSED_EINVAL = Long.MIN_VALUE;
  private static final long REFUSED_EBADF = Long.MIN_VALUE + 1;
  private static final long REFUSED_OTHER = -(1L << 40);

  private static long transfer(Task t, File f, int command, byte[] b, long length, int flags) {
    long buffer = Bytes.getLong(b, 24);
    long offset = Bytes.getLong(b, 40);
    int rwf = Bytes.getInt(b, 12);
    switch (command) {
      case CMD_FSYNC, CMD_FDSYNC -> {
        if (buffer != 0 || offset != 0 || length != 0 || rwf != 0) {
          return REFUSED_EINVAL;
        }
        return f.inode.isRegular() ? f.sync(t) : REFUSED_EINVAL;
      }
      case CMD_PREAD, CMD_PREADV, CMD_PWRITE, CMD_PWRITEV -> {}
      default -> {
        return REFUSED_EINVAL;
      }
    }
    boolean write = command == CMD_PWRITE || command == CMD_PWRITEV;
    if (write ? !f.isWritable() : !f.isReadable()) {
      return REFUSED_EBADF;
    }
    if ((rwf & ~RWF_ALL) != 0) {
      return REFUSED_OTHER - Errno.EOPNOTSUPP;
    }
    Uio uio;
    if (command == CMD_PREADV || command == CMD_PWRITEV) {
      uio = t.mm.uioVector(buffer, (int) Math.min(length, Integer.MAX_VALUE));
      if (uio == null) {
        return REFUSED_OTHER + t.mm.error();
      }
    } else {
      uio = t.mm.uio(buffer, length);
    }
    if (f.isSeekable() && offset < 0) {
      return REFUSED_EINVAL;
    }
    return write
        ? SysReadWrite.writeFile(t, f, uio, offset, rwf)
        : SysReadWrite.readFile(t, f, uio, offset);
  }

  private static long poll(Task t, AioContext context, AioContext.Request r, File f, byte[] b) {
    long mask = Bytes.getLong(b, 24);
    if ((mask & ~0xffffL) != 0 || Bytes.getLong(b, 40) != 0 || Bytes.getLong(b, 32) != 0) {
      return -Errno.EINVAL;
    }
    context.poll(r, f, (int) mask);
    return 0;
  }

  static long cancel(Task t, long ctx, long iocb, long result, long a3, long a4, long a5) {
    t.mm.readInt(iocb + 8);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    AioContext context = AioContext.Table.of(t.mm).get(ctx);
    return context != null && context.cancel(t, iocb) ? -Errno.EINPROGRESS : -Errno.EINVAL;
  }

  private static long getevents(Task t, long ctx, long min, long count, long events, long timeout) {
    long deadline = Task.NO_DEADLINE;
    if (timeout != 0) {
      long nanos = Deadlines.readTimespec(t, timeout);
      if (nanos == -Errno.EFAULT) {
        return nanos;
      }
      deadline = Deadlines.after(Math.max(0, nanos));
    }
    AioContext context = AioContext.Table.of(t.mm).get(ctx);
    if (context == null || min < 0 || count < min) {
      return -Errno.EINVAL;
    }
    long done = 0;
    for (; ; ) {
      AioContext.Event e = done < count ? context.next(t) : null;
      if (e != null) {
        byte[] b = new byte[EVENT_SIZE];
        Bytes.putLong(b, 0, e.data());
        Bytes.putLong(b, 8, e.request());
        Bytes.putLong(b, 16, e.result());
        if (t.mm.copyOut(events + EVENT_SIZE * done, b, 0, EVENT_SIZE) < 0) {
          return done > 0 ? done : -Errno.EFAULT;
        }
        done++;
        continue;
      }
      if (done >= min || context.isClosed()) {
        return done > 0 || !context.isClosed() ? done : -Errno.EINVAL;
      }
      long rc = t.waitOn(context.queue(), deadline);
      if (rc < 0) {
        return done > 0 || rc == -Errno.ETIMEDOUT ? done : -Errno.EINTR;
      }
    }
  }

  static long pgetevents(
      Task t, long ctx, long min, long count, long events, long timeout, long masks) {
    Long mask = null;
    if (masks != 0) {
      byte[] b = new byte[16];
      if (t.mm.copyIn(masks, b, 0, 16) < 0) {
        return -Errno.EFAULT;
      }
      if (Bytes.getLong(b, 0) != 0) {
        if (Bytes.getLong(b, 8) != 8) {
          return -Errno.EINVAL;
        }
        mask = t.mm.readLong(Bytes.getLong(b, 0));
        if (t.mm.error() != 0) {
          return -Errno.EFAULT;
        }
      }
    }
    return withMask(t, mask, ctx, min, count, events, timeout);
  }

  private static long withMask(
      Task t, @Nullable Long mask, long ctx, long min, long count, long events, long timeout) {
    if (mask == null) {
      return getevents(t, ctx, min, count, events, timeout);
    }
    t.setTemporarySigmask(mask);
    long rc = getevents(t, ctx, min, count, events, timeout);
    t.endTemporarySigmask(rc);
    return rc;
  }
}
