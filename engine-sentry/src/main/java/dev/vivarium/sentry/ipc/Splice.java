package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;

/** Moving bytes between a pipe and another file without the guest's memory: splice(2), tee(2). */
public final class Splice {
  private static final int CHUNK = 64 * 1024;

  private Splice() {}

  /**
   * From a pipe to a file. What the file does not take stays in the pipe.
   *
   * @param offset where in {@code out}, if it is seekable
   */
  public static long fromPipe(
      Task t, PipeFile in, File out, long offset, long length, boolean nonBlocking) {
    Pipe pipe = in.pipe();
    byte[] data = pipe.peek(piece(length));
    while (data.length == 0) {
      if (pipe.writers() == 0) {
        return 0;
      }
      if (nonBlocking || in.isNonBlocking()) {
        return -Errno.EAGAIN;
      }
      long w = t.waitOn(pipe.readQueue(), Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
      data = pipe.peek(piece(length));
    }
    if (out instanceof PipeFile target) {
      long room = awaitRoom(t, target, nonBlocking);
      if (room < 0) {
        return room;
      }
      data = pipe.peek((int) Math.min(piece(length), room));
    }
    long n = out.write(t, Uio.of(data, 0, data.length), offset);
    if (n > 0) {
      pipe.tryRead(Uio.of(new byte[(int) n], 0, (int) n));
    }
    return n;
  }

  /** From a file to a pipe, as much as the pipe has room for. */
  public static long toPipe(
      Task t, File in, long offset, PipeFile out, long length, boolean nonBlocking) {
    long room = awaitRoom(t, out, nonBlocking);
    if (room < 0) {
      return room;
    }
    byte[] data = new byte[(int) Math.min(piece(length), room)];
    long n = in.read(t, Uio.of(data, 0, data.length), offset);
    return n <= 0 ? n : out.pipe().write(t, Uio.of(data, 0, (int) n), false, false);
  }

  /** tee(2): copies from one pipe to another; nothing is taken from the first. */
  public static long tee(Task t, PipeFile in, PipeFile out, long length, boolean nonBlocking) {
    while (in.pipe().used() == 0) {
      if (in.pipe().writers() == 0) {
        return 0;
      }
      if (nonBlocking) {
        return -Errno.EAGAIN;
      }
      long w = t.waitOn(in.pipe().readQueue(), Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
    }
    long room = awaitRoom(t, out, nonBlocking);
    if (room < 0) {
      return room;
    }
    byte[] data = in.pipe().peek((int) Math.min(piece(length), room));
    return out.pipe().write(t, Uio.of(data, 0, data.length), false, false);
  }

  /** How much of a guest's length is moved at once; the length is unsigned. */
  private static int piece(long length) {
    return length < 0 || length > CHUNK ? CHUNK : (int) length;
  }

  /** Bytes that the pipe takes now, at least 1; or a negative errno. */
  private static long awaitRoom(Task t, PipeFile out, boolean nonBlocking) {
    Pipe pipe = out.pipe();
    for (; ; ) {
      if (pipe.readers() == 0) {
        return pipe.write(t, Uio.of(new byte[1], 0, 1), true, false); // SIGPIPE, -EPIPE
      }
      int room = pipe.capacity() - pipe.used();
      if (room > 0) {
        return room;
      }
      if (nonBlocking || out.isNonBlocking()) {
        return -Errno.EAGAIN;
      }
      long w = t.waitOn(pipe.writeQueue(), Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
    }
  }
}
