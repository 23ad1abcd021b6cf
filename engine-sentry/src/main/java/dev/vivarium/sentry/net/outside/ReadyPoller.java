package dev.vivarium.sentry.net.outside;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.HostBuffer;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.KernelLoop;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tells on the kernel thread when host descriptors are ready, each once for every time that it is
 * asked to: a descriptor that nobody waits for costs nothing. One thread waits with epoll, so that
 * a thousand connections are as cheap as one. But as long as the kernel thread is awake it looks at
 * the few that were asked for last by itself.
 */
public final class ReadyPoller implements KernelLoop.Lookout {
  /** Somebody who waits for a descriptor. */
  public interface Watched {
    /** Told once that one of the events (POLL* bits) asked for has come, or an error. */
    void ready(int events);
  }

  private static final int EPOLL_CLOEXEC = 0x80000;
  private static final int CTL_ADD = 1;
  private static final int CTL_DEL = 2;
  private static final int CTL_MOD = 3;
  private static final int ONESHOT = 1 << 30;
  private static final int EVENT_SIZE = 12; // packed
  private static final int BATCH = 128;
  private static final int POLLFD_SIZE = 8;

  /** How many the kernel thread looks at, and how often. */
  private static final int MOST_LOOKED_AT = 8;

  private static final long LOOK_EVERY_NANOS = 2_000;

  /** How long the kernel thread looks at most for what it was asked for last, rather than sleep. */
  private static final long PATIENCE_MAX_NANOS = 100_000;

  /** What comes within this time would have been found, had it looked so long. */
  private static final long SOON_NANOS = 250_000;

  /** One descriptor's place in the table. */
  private static final class Slot {
    @Nullable Watched watched;
    int fd;
    int generation;
    boolean added;

    /** What the kernel thread looks for; 0 if it does not look at this one. */
    int looked;

    boolean answers;

    /** When it was asked for. */
    long since;

    /** The other thread waits for it. */
    boolean waiting;
  }

  private final KernelLoop loop;
  private final int epoll;
  private final HostBuffer scratch = new HostBuffer(64);
  private final HostBuffer polled = new HostBuffer(POLLFD_SIZE * MOST_LOOKED_AT);
  private final int[] lookedAt = new int[MOST_LOOKED_AT];
  private int lookedAtCount;
  private long lastLook;

  /** How long it is worth to look: more after what came soon, less after what did not. */
  private long patience = PATIENCE_MAX_NANOS / 2;

  private long lookUntil = System.nanoTime();
  private final List<Slot> slots = new ArrayList<>();
  private final List<Integer> free = new ArrayList<>();
  private boolean started;

  public ReadyPoller(KernelLoop loop) {
    this.loop = loop;
    this.epoll = (int) Libc.syscall(Sys.EPOLL_CREATE1, EPOLL_CLOEXEC, 0, 0, 0, 0, 0);
    if (epoll < 0) {
      throw new IllegalStateException("epoll for the network: " + Errno.name(-epoll));
    }
    loop.setLookout(this);
  }

  /**
   * Makes a descriptor known.
   *
   * @param answers whether what it is waited for may come soon because of what was sent
   * @return its number here
   */
  public int add(int fd, Watched watched, boolean answers) {
    Slot slot;
    int index;
    if (free.isEmpty()) {
      index = slots.size();
      slot = new Slot();
      slots.add(slot);
    } else {
      index = free.removeLast();
      slot = slots.get(index);
    }
    slot.fd = fd;
    slot.watched = watched;
    slot.answers = answers;
    slot.added = false;
    return index;
  }

  /** Has the owner told when one of these events (POLL* bits) has come; replaces what was asked. */
  public void arm(int index, int events) {
    Slot slot = slots.get(index);
    if (slot.answers) {
      slot.since = System.nanoTime();
      lookUntil = slot.since + patience;
    }
    if (slot.waiting || slot.looked == 0 && lookedAtCount == MOST_LOOKED_AT) {
      await(index, slot, events);
      return;
    }
    if (slot.looked == 0) {
      lookedAt[lookedAtCount++] = index;
    }
    slot.looked = events;
  }

  private void control(int index, Slot slot, int events) {
    scratch.putInt(0, events | ONESHOT);
    scratch.putInt(4, index);
    scratch.putInt(8, slot.generation);
    Libc.syscall(
        Sys.EPOLL_CTL, epoll, slot.added ? CTL_MOD : CTL_ADD, slot.fd, scratch.address(), 0, 0);
    slot.added = true;
  }

  private void await(int index, Slot slot, int events) {
    control(index, slot, events);
    slot.waiting = true;
    if (!started) {
      started = true;
      Thread.ofPlatform().daemon(true).name("net-poller").start(this::run);
    }
  }

  /**
   * Takes a descriptor back from the thread that waits, which is not woken by it then: the kernel
   * thread is about to wait for it by itself. It is to be armed again afterwards.
   */
  void claim(int index) {
    Slot slot = slots.get(index);
    if (slot.waiting) {
      control(index, slot, 0);
      slot.waiting = false;
    }
  }

  @Override
  public boolean look(long nowNanos) {
    if (lookedAtCount == 0 || nowNanos - lastLook < LOOK_EVERY_NANOS) {
      return false;
    }
    lastLook = nowNanos;
    int count = lookedAtCount;
    for (int i = 0; i < count; i++) {
      Slot slot = slots.get(lookedAt[i]);
      polled.putInt(i * POLLFD_SIZE, slot.fd);
      polled.putInt(i * POLLFD_SIZE + 4, slot.looked & 0xffff);
    }
    if (Libc.syscall(Sys.POLL, polled.address(), count, 0, 0, 0, 0) <= 0) {
      return false;
    }
    int found = 0;
    int left = 0;
    int[] ready = new int[2 * MOST_LOOKED_AT];
    for (int i = 0; i < count; i++) {
      int events = polled.getInt(i * POLLFD_SIZE + 4) >>> 16;
      if (events == 0) {
        lookedAt[left++] = lookedAt[i];
      } else {
        ready[found++] = lookedAt[i];
        ready[found++] = events;
        slots.get(lookedAt[i]).looked = 0;
      }
    }
    lookedAtCount = left;
    for (int i = 0; i < found; i += 2) {
      came(slots.get(ready[i]), nowNanos);
    }
    for (int i = 0; i < found; i += 2) {
      Watched watched = slots.get(ready[i]).watched;
      if (watched != null) {
        watched.ready(ready[i + 1]);
      }
    }
    return true;
  }

  private void came(Slot slot, long nowNanos) {
    if (!slot.answers) {
      return;
    }
    patience =
        nowNanos - slot.since < SOON_NANOS
            ? Math.min(PATIENCE_MAX_NANOS, patience + PATIENCE_MAX_NANOS / 4)
            : patience / 2;
  }

  @Override
  public long lookUntil() {
    return lookUntil;
  }

  @Override
  public void sleepFollows() {
    for (int i = 0; i < lookedAtCount; i++) {
      Slot slot = slots.get(lookedAt[i]);
      int events = slot.looked;
      slot.looked = 0;
      await(lookedAt[i], slot, events);
    }
    lookedAtCount = 0;
  }

  /** Forgets a descriptor, which is then closed. */
  public void remove(int index) {
    Slot slot = slots.get(index);
    if (slot.added) {
      Libc.syscall(Sys.EPOLL_CTL, epoll, CTL_DEL, slot.fd, scratch.address(), 0, 0);
    }
    for (int i = 0; slot.looked != 0 && i < lookedAtCount; i++) {
      if (lookedAt[i] == index) {
        lookedAt[i] = lookedAt[--lookedAtCount];
        slot.looked = 0;
      }
    }
    slot.waiting = false;
    slot.watched = null;
    slot.generation++;
    free.add(index);
  }

  /** Which of the events are there now (poll(2), without waiting). */
  public int poll(int fd, int events) {
    scratch.putInt(16, fd);
    scratch.putInt(20, events & 0xffff);
    long n = Libc.syscall(Sys.POLL, scratch.address() + 16, 1, 0, 0, 0, 0);
    return n > 0 ? scratch.getInt(20) >>> 16 : 0;
  }

  private void run() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment events = arena.allocate((long) EVENT_SIZE * BATCH, 8);
      for (; ; ) {
        long n = Libc.syscall(Sys.EPOLL_WAIT, epoll, events.address(), BATCH, -1, 0, 0);
        if (n < 0 && n != -Errno.EINTR) {
          long failed = n;
          loop.post(() -> {
            throw new IllegalStateException("epoll of the network: " + Errno.name((int) -failed));
          });
          return;
        }
        if (n <= 0) {
          continue;
        }
        int[] batch = new int[(int) n * 3];
        MemorySegment.copy(events, ValueLayout.JAVA_INT, 0, batch, 0, batch.length);
        loop.post(() -> tell(batch));
      }
    }
  }

  /** On the kernel thread. */
  private void tell(int[] batch) {
    long now = System.nanoTime();
    for (int i = 0; i < batch.length; i += 3) {
      Slot slot = slots.get(batch[i + 1]);
      Watched watched = slot.watched;
      if (watched != null && slot.generation == batch[i + 2]) {
        slot.waiting = false;
        came(slot, now);
        watched.ready(batch[i]);
      }
    }
  }
}
