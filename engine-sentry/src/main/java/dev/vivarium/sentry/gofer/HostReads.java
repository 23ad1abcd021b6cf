package dev.vivarium.sentry.gofer;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.Task;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Reads from host files into native memory: what the host has in its page cache is taken at once,
 * on the kernel thread; for the rest a helper thread waits.
 */
final class HostReads {
  private static final int RWF_NOWAIT = 8;

  private final MemorySegment iovec = Arena.ofAuto().allocate(16, 16);

  /** The kind of file does not know RWF_NOWAIT. */
  private boolean unsupported;

  /** Reads up to {@code length} bytes; fewer only at the end of the file, as far as it is known. */
  long read(Task t, GoferInode inode, long address, long length, long offset) {
    int fd = inode.readDescriptor(t);
    if (fd < 0) {
      return fd;
    }
    long done = 0;
    while (!unsupported && done < length) {
      Fields.putLong(iovec, 0, address + done);
      Fields.putLong(iovec, 8, length - done);
      long n = Libc.preadv2(fd, iovec.address(), 1, offset + done, RWF_NOWAIT);
      if (n == 0) {
        return done;
      }
      if (n < 0) {
        if (n == -Errno.EOPNOTSUPP) {
          unsupported = true;
        }
        break;
      }
      done += n;
      if (done < length && offset + done >= inode.size) {
        // The end as it was known: to ask again would only say so once more.
        return done;
      }
    }
    if (done == length) {
      return done;
    }
    long before = done;
    long rest =
        inode.onHelper(t, () -> readAll(fd, address + before, length - before, offset + before));
    return rest >= 0 ? done + rest : done > 0 ? done : rest;
  }

  private static long readAll(int fd, long address, long length, long offset) {
    long done = 0;
    while (done < length) {
      long n = Libc.pread(fd, address + done, length - done, offset + done);
      if (n == -Errno.EINTR) {
        continue;
      }
      if (n <= 0) {
        return done > 0 ? done : n;
      }
      done += n;
    }
    return done;
  }
}
