package dev.vivarium.sentry.tty;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Termios;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;

/** read(2) of a terminal: by lines, or as VMIN and VTIME say (termios(3)). */
final class SlaveReader {
  /** VTIME's unit. */
  private static final long TENTH_NANOS = 100_000_000L;

  private SlaveReader() {}

  static long read(Task t, Terminal tty, Uio dst, boolean nonBlocking) {
    if (dst.remaining() == 0) {
      return 0;
    }
    LineDiscipline line = tty.line;
    byte[] chunk = new byte[(int) Math.min(dst.remaining(), InputBuffer.SIZE)];
    int min = line.attributes.controlChar(Termios.VMIN);
    int time = line.attributes.controlChar(Termios.VTIME);
    long done = 0;
    // Without VMIN the time begins with the call; otherwise with the first byte.
    long deadline =
        min == 0 && time > 0 ? System.nanoTime() + time * TENTH_NANOS : Task.NO_DEADLINE;
    for (; ; ) {
      if (tty.isHungUp()) {
        return done;
      }
      long n = 0;
      if (line.attributes.localHas(Termios.ICANON)) {
        if (line.hasLine()) {
          n = line.readLine(Uio.of(chunk, 0, chunk.length));
          tty.inputTaken();
          return n <= 0 ? 0 : dst.put(chunk, 0, (int) n);
        }
      } else {
        n = line.readRaw(Uio.of(chunk, 0, (int) Math.min(chunk.length, dst.remaining())));
        if (n > 0) {
          tty.inputTaken();
          long moved = dst.put(chunk, 0, (int) n);
          if (moved < 0) {
            return done > 0 ? done : moved;
          }
          done += moved;
          if (min > 0 && time > 0) {
            deadline = System.nanoTime() + time * TENTH_NANOS;
          }
        }
        if (dst.remaining() == 0 || done >= Math.max(min, 1) || min == 0 && time == 0) {
          return done;
        }
      }
      if (tty.isMasterClosed()) {
        return done > 0 ? done : -Errno.EIO;
      }
      if (nonBlocking) {
        return done > 0 ? done : -Errno.EAGAIN;
      }
      long w = t.waitOn(tty.slaveQueue(), deadline);
      if (w == -Errno.ETIMEDOUT) {
        return done;
      }
      if (w < 0) {
        return done > 0 ? done : w;
      }
      if (done == 0) {
        // The job may have gone to the background while it waited.
        long r = JobControl.mayRead(t, tty);
        if (r < 0) {
          return r;
        }
      }
    }
  }
}
