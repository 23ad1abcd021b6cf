package dev.vivarium.engine.watch;

import static dev.vivarium.engine.watch.RingLayout.*;

import dev.vivarium.engine.memory.RawMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writes events into the ring. From any thread, without locks and without allocation; what readers
 * have not taken in time is overwritten. With {@link #setBackPressure} the writers wait for one
 * reader instead, for files in which nothing may be missing.
 *
 * <p>The mapping lives as long as the process: a writer may be on its way into it at any time.
 */
public final class EventWriter {
  /** A reader in the same process that the writers must not get ahead of. */
  public interface Follower {
    /** The number of the next event that it has not taken; it may only grow. */
    long taken();

    /** The bytes of payload before that event. */
    long payloadTaken();

    /** It has stopped: nobody is to be waited for any more. */
    boolean isGone();
  }

  /** What several writers may add between a look at the follower and their event. */
  private static final int MARGIN = 16;

  private static final long WAIT_NANOS = 50_000;

  /** Where the ring lies: it is mapped for as long as the process lives. */
  private final long map;

  private final int slots;
  private final int payloadBytes;
  private final long payloadStart;
  private final long originNanos;
  private volatile @Nullable Follower follower;

  private EventWriter(MemorySegment map, int slots, int payloadBytes, long originNanos) {
    if (map.byteSize() != fileBytes(slots, payloadBytes)) {
      throw new IllegalArgumentException("ring of " + map.byteSize() + " bytes");
    }
    this.map = map.address();
    this.slots = slots;
    this.payloadBytes = payloadBytes;
    this.payloadStart = HEADER_BYTES + (long) slots * SLOT_BYTES;
    this.originNanos = originNanos;
  }

  /**
   * Makes the ring.
   *
   * @param slots a power of two
   * @param payloadBytes a power of two
   * @param originNanos what times count from, on the clock of {@link System#nanoTime}
   */
  public static EventWriter create(Path file, int slots, int payloadBytes, long originNanos)
      throws IOException {
    if (Integer.bitCount(slots) != 1
        || Integer.bitCount(payloadBytes) != 1
        || slots < MIN_SLOTS
        || payloadBytes < MIN_PAYLOAD) {
      throw new IllegalArgumentException("ring of " + slots + " slots, " + payloadBytes);
    }
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try (FileChannel channel =
        FileChannel.open(
            part,
            Set.of(
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      long size = fileBytes(slots, payloadBytes);
      // As long as it will be before it is mapped: a confined process can write, not truncate.
      channel.position(size - 1).write(ByteBuffer.allocate(1));
      MemorySegment map = channel.map(FileChannel.MapMode.READ_WRITE, 0, size, Arena.global());
      long age = System.nanoTime() - originNanos;
      map.set(INT, VERSION_AT, VERSION);
      map.set(INT, SLOTS_AT, slots);
      map.set(INT, PAYLOAD_BYTES_AT, payloadBytes);
      map.set(LONG, ORIGIN_AT, System.currentTimeMillis() * 1_000_000 - age);
      map.set(LONG, MAGIC_AT, MAGIC);
      java.nio.file.Files.move(part, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
      return new EventWriter(map, slots, payloadBytes, originNanos);
    }
  }

  /** What times count from. */
  public long originNanos() {
    return originNanos;
  }

  /** How many events have been written. */
  public long written() {
    return RawMemory.getLongVolatile(map + HEAD_AT);
  }

  /** From now on the writers wait until the follower has taken what they would overwrite. */
  public void setBackPressure(Follower reader) {
    follower = reader;
  }

  /** No more will come. */
  public void end() {
    RawMemory.putIntVolatile(map + ENDED_AT, 1);
  }

  /**
   * Writes a system call.
   *
   * @param beginNanos when it began, on the clock of {@link System#nanoTime}
   * @param returned false for a call that has begun and will not return
   * @param blockedNanos of its duration, what it waited as it was asked to
   * @param diskNanos of its duration, what it waited for files of the host
   */
  public void call(
      long beginNanos,
      int pid,
      int tid,
      int number,
      long a0,
      long a1,
      long a2,
      long a3,
      long a4,
      long a5,
      boolean returned,
      long result,
      long durationNanos,
      long blockedNanos,
      long diskNanos,
      Payload payload) {
    call(
        EventKind.SYSCALL,
        beginNanos,
        pid,
        tid,
        number,
        a0,
        a1,
        a2,
        a3,
        a4,
        a5,
        returned,
        result,
        durationNanos,
        blockedNanos,
        diskNanos,
        payload);
  }

  /**
   * Writes that a system call has begun to wait.
   *
   * @param beginNanos when the call began
   */
  public void waits(
      long beginNanos,
      int pid,
      int tid,
      int number,
      long a0,
      long a1,
      long a2,
      long a3,
      long a4,
      long a5,
      Payload payload) {
    EventKind kind = EventKind.WAIT;
    call(kind, beginNanos, pid, tid, number, a0, a1, a2, a3, a4, a5, false, 0, 0, 0, 0, payload);
  }

  /**
   * Writes what was done in the network.
   *
   * @param payload the caller's own, to be filled
   */
  public void network(NetworkEvent e, Payload payload) {
    payload.clear();
    payload.add(0, e.protocol());
    payload.add(1, e.address());
    payload.add(2, e.name());
    payload.add(3, e.rule());
    event(
        EventKind.NETWORK,
        e.pid(),
        e.pid(),
        e.action().ordinal(),
        e.port(),
        e.sent(),
        e.received(),
        e.allowed() ? 1 : 0,
        e.durationNanos(),
        payload);
  }

  private void call(
      EventKind kind,
      long beginNanos,
      int pid,
      int tid,
      int number,
      long a0,
      long a1,
      long a2,
      long a3,
      long a4,
      long a5,
      boolean returned,
      long result,
      long durationNanos,
      long blockedNanos,
      long diskNanos,
      Payload payload) {
    long sequence = begin();
    if (sequence < 0) {
      return;
    }
    long at = slot(sequence);
    RawMemory.putLong(at + TIME, beginNanos - originNanos);
    RawMemory.putLong(at + PID, pair(pid, tid));
    RawMemory.putLong(at + KIND, pair(kind.number() | (returned ? 0 : NO_RESULT << 16), number));
    RawMemory.putLong(at + ARGUMENTS, a0);
    RawMemory.putLong(at + ARGUMENTS + 8, a1);
    RawMemory.putLong(at + ARGUMENTS + 16, a2);
    RawMemory.putLong(at + ARGUMENTS + 24, a3);
    RawMemory.putLong(at + ARGUMENTS + 32, a4);
    RawMemory.putLong(at + ARGUMENTS + 40, a5);
    RawMemory.putLong(at + RESULT, result);
    RawMemory.putLong(at + DURATION, durationNanos);
    RawMemory.putLong(at + BLOCKED, blockedNanos);
    RawMemory.putLong(at + DISK, diskNanos);
    finish(sequence, payload);
  }

  /** Writes an event of another kind; what its numbers mean, {@link EventKind} says. */
  public void event(
      EventKind kind,
      int pid,
      int tid,
      int number,
      long a0,
      long a1,
      long a2,
      long result,
      long durationNanos,
      Payload payload) {
    long now = System.nanoTime();
    event(kind, now, pid, tid, number, a0, a1, a2, result, durationNanos, payload);
  }

  /**
   * The same of what was a while ago.
   *
   * @param atNanos when, on the clock of {@link System#nanoTime}
   */
  public void event(
      EventKind kind,
      long atNanos,
      int pid,
      int tid,
      int number,
      long a0,
      long a1,
      long a2,
      long result,
      long durationNanos,
      Payload payload) {
    call(
        kind,
        atNanos,
        pid,
        tid,
        number,
        a0,
        a1,
        a2,
        0,
        0,
        0,
        true,
        result,
        durationNanos,
        0,
        0,
        payload);
  }

  private long slot(long sequence) {
    return map + HEADER_BYTES + (sequence & (slots - 1)) * SLOT_BYTES;
  }

  /** The number of the next event, whose slot is now the caller's; negative if it is given up. */
  private long begin() {
    Follower f = follower;
    if (f != null) {
      waitFor(f);
    }
    long sequence = RawMemory.getAndAddLong(map + HEAD_AT, 1);
    long state = slot(sequence) + STATE;
    long before = RawMemory.getLongVolatile(state);
    // Another is stopped in the middle of this slot, or went once around while we were: either way
    // it is not ours to write to.
    if (before < 0 || before > sequence || !RawMemory.compareAndSetLong(state, before, ~sequence)) {
      giveUp(sequence);
      return -1;
    }
    VarHandle.storeStoreFence();
    return sequence;
  }

  /**
   * Says that there were events of which nothing is known; every reader counts them as dropped.
   *
   * @param count at least one
   */
  public void lost(int count) {
    giveUp(RawMemory.getAndAddLong(map + HEAD_AT, count) + count - 1);
  }

  private void giveUp(long sequence) {
    long before = RawMemory.getLongVolatile(map + GIVEN_UP_AT);
    while (before <= sequence
        && !RawMemory.compareAndSetLong(map + GIVEN_UP_AT, before, sequence + 1)) {
      before = RawMemory.getLongVolatile(map + GIVEN_UP_AT);
    }
  }

  /** Two fields of four bytes that lie next to each other. */
  private static long pair(int first, int second) {
    return Integer.toUnsignedLong(first) | (long) second << 32;
  }

  private void finish(long sequence, Payload payload) {
    int length = payload.length();
    long position = 0;
    int sum = 0;
    if (length > 0) {
      position = RawMemory.getAndAddLong(map + PAYLOAD_HEAD_AT, length);
      VarHandle.storeStoreFence();
      int from = (int) (position & (payloadBytes - 1));
      int first = Math.min(length, payloadBytes - from);
      RawMemory.copy(payload.array(), 0, map + payloadStart + from, first);
      if (first < length) {
        RawMemory.copy(payload.array(), first, map + payloadStart, length - first);
      }
      sum = payload.checksum();
    }
    long at = slot(sequence);
    RawMemory.putLong(at + PAYLOAD, position);
    RawMemory.putLong(at + PAYLOAD_LENGTH, pair(length, sum));
    RawMemory.putLongRelease(at + STATE, sequence + 1);
  }

  private void waitFor(Follower f) {
    while (!f.isGone()
        && (RawMemory.getLongVolatile(map + HEAD_AT) - f.taken() > slots - MARGIN
            || RawMemory.getLongVolatile(map + PAYLOAD_HEAD_AT) - f.payloadTaken()
                > payloadBytes - Math.min(payloadBytes / 2, 4 * Payload.MAX))) {
      LockSupport.parkNanos(WAIT_NANOS);
    }
    if (f.isGone()) {
      follower = null;
    }
  }
}
