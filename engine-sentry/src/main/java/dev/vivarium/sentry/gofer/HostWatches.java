package dev.vivarium.sentry.gofer;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ioctls;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The gofer's inotify watches and the queue of their events (inotify(7)). An event is in the queue
 * before the system call that caused it returns to whoever made it, so that looking there first
 * makes what is known of a watched directory as good as asking the host again.
 *
 * <p>Of the kernel's thread alone.
 */
final class HostWatches implements AutoCloseable {
  static final int IN_MODIFY = 0x2;
  static final int IN_ATTRIB = 0x4;
  static final int IN_CLOSE_WRITE = 0x8;
  static final int IN_MOVED_FROM = 0x40;
  static final int IN_MOVED_TO = 0x80;
  static final int IN_CREATE = 0x100;
  static final int IN_DELETE = 0x200;
  static final int IN_UNMOUNT = 0x2000;
  static final int IN_Q_OVERFLOW = 0x4000;
  static final int IN_IGNORED = 0x8000;

  /** Watches take kernel memory and count against the user's limit. */
  static final int MAX_WATCHES = 4096;

  /**
   * What is looked up, asked for its attributes and opened by one system call needs one look at the
   * queue; that somebody on the host changes it in between can be seen by nobody.
   */
  private static final long LOOKED_NANOS = 50_000;

  private static final int BUFFER = 64 * 1024;
  private static final int HEADER = 16;

  /** The queue holds 16,384 events by default; who does not get to its end forgets everything. */
  private static final int MAX_READS = 64;

  private final int queue;
  private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER, 8);
  private final Map<Integer, List<WatchedDirectory>> byNumber = new HashMap<>();
  private long lookedNanos = System.nanoTime() - LOOKED_NANOS;
  private boolean closed;

  /** Takes over the descriptor. */
  HostWatches(int queue) {
    this.queue = queue;
  }

  void add(WatchedDirectory directory) {
    byNumber.computeIfAbsent(directory.watch, n -> new ArrayList<>(1)).add(directory);
  }

  /** Forgets a directory, and has the host do so if nobody else wants to know of it. */
  void remove(WatchedDirectory directory) {
    List<WatchedDirectory> all = byNumber.get(directory.watch);
    if (all != null && all.remove(directory) && all.isEmpty()) {
      byNumber.remove(directory.watch);
      drop(directory.watch);
    }
  }

  /** Has the host watch no longer what nobody wanted to know of after all. */
  void drop(int number) {
    if (!closed && !byNumber.containsKey(number)) {
      Libc.syscall(Sys.INOTIFY_RM_WATCH, queue, number, 0, 0, 0, 0);
    }
  }

  /** The guest itself has changed something: events of it are there by now. */
  void changedHere() {
    lookedNanos = System.nanoTime() - LOOKED_NANOS;
  }

  /** Takes notice of what has changed until now. */
  void look() {
    if (byNumber.isEmpty() || System.nanoTime() - lookedNanos < LOOKED_NANOS) {
      return;
    }
    for (int reads = 0; waiting(); reads++) {
      long n = reads == MAX_READS ? -Errno.EIO : Libc.read(queue, buffer.address(), BUFFER);
      if (n <= 0 || !take(n)) {
        forgetEverything();
        break;
      }
    }
    lookedNanos = System.nanoTime();
  }

  /** Whether there are events; a read would wait if the gofer had made the queue so. */
  private boolean waiting() {
    return Libc.syscall(Sys.IOCTL, queue, Ioctls.FIONREAD, buffer.address(), 0, 0, 0) != 0
        || Fields.getInt(buffer, 0) > 0;
  }

  private boolean take(long length) {
    long at = 0;
    while (length - at >= HEADER) {
      int number = Fields.getInt(buffer, at);
      int mask = Fields.getInt(buffer, at + 4);
      long nameLength = Integer.toUnsignedLong(Fields.getInt(buffer, at + 12));
      at += HEADER;
      if (nameLength > length - at || (mask & IN_Q_OVERFLOW) != 0) {
        return false;
      }
      List<WatchedDirectory> all = byNumber.get(number);
      if (all != null) {
        String name = name(at, (int) nameLength);
        for (WatchedDirectory d : List.copyOf(all)) {
          d.changed(mask, name);
        }
      }
      at += nameLength;
    }
    return at == length;
  }

  private String name(long at, int room) {
    int length = 0;
    while (length < room && Fields.getByte(buffer, at + length) != 0) {
      length++;
    }
    byte[] bytes = new byte[length];
    Fields.copy(buffer, at, bytes, 0, length);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private void forgetEverything() {
    for (List<WatchedDirectory> all : List.copyOf(byNumber.values())) {
      for (WatchedDirectory d : List.copyOf(all)) {
        d.forget();
      }
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      Libc.close(queue);
    }
  }
}
