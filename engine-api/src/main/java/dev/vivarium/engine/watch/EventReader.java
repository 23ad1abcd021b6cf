package dev.vivarium.engine.watch;

import static dev.vivarium.engine.watch.RingLayout.*;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Takes events out of a ring, at its own speed, and counts those that were overwritten before it
 * came to them. Writes nothing: any number of readers may look at one ring. Whatever the file holds
 * and whatever happens to it, a reader gives events of its own making, or says that it cannot.
 */
public final class EventReader implements Closeable {
  /** For how long a slot that was begun is waited for: its writer may not be running just now. */
  private static final long PATIENCE_NANOS = 2_000_000_000L;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment map;
  private final int slots;
  private final int payloadBytes;
  private final long payloadStart;
  private final long epochNanos;
  private final Set<EventKind> more;
  private final byte[] payload = new byte[Payload.MAX];
  private final long[] slot = new long[SLOT_BYTES / 8];
  private final CRC32 crc = new CRC32();
  private volatile long next;
  private volatile long payloadTaken;
  private long dropped;
  private long waitingSince;

  /**
   * Opens a ring.
   *
   * @param fromOldest whether to begin with what is still there; else with what comes
   * @throws IOException if it is none
   */
  public EventReader(Path file, boolean fromOldest) throws IOException {
    this(file, fromOldest, Set.of());
  }

  /**
   * Opens a ring.
   *
   * @param fromOldest whether to begin with what is still there; else with what comes
   * @param more kinds that are not for all readers, and for this one
   * @throws IOException if it is none
   */
  public EventReader(Path file, boolean fromOldest, Set<EventKind> more) throws IOException {
    this.more = Set.copyOf(more);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < HEADER_BYTES || size > fileBytes(MAX_SLOTS, MAX_PAYLOAD)) {
        throw new IOException("not a ring of events: " + file);
      }
      map = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      slots = map.get(INT, SLOTS_AT);
      payloadBytes = map.get(INT, PAYLOAD_BYTES_AT);
      epochNanos = map.get(LONG, ORIGIN_AT);
      if (map.get(LONG, MAGIC_AT) != MAGIC
          || map.get(INT, VERSION_AT) != VERSION
          || slots < MIN_SLOTS
          || slots > MAX_SLOTS
          || Integer.bitCount(slots) != 1
          || payloadBytes < MIN_PAYLOAD
          || payloadBytes > MAX_PAYLOAD
          || Integer.bitCount(payloadBytes) != 1
          || size != fileBytes(slots, payloadBytes)) {
        throw new IOException("not a ring of events of this version: " + file);
      }
      payloadStart = HEADER_BYTES + (long) slots * SLOT_BYTES;
      long head = head();
      next = fromOldest ? Math.max(0, head - slots) : head;
    } catch (IOException | RuntimeException | InternalError e) {
      arena.close();
      throw e instanceof IOException io ? io : new IOException("cannot read the ring: " + file, e);
    }
  }

  /** The wall clock's time of the sandbox's start, in nanoseconds since 1970. */
  public long epochNanos() {
    return epochNanos;
  }

  /** How many events were lost to this reader. */
  public long dropped() {
    return dropped;
  }

  /** How many events have been begun in all. */
  public long written() {
    try {
      return head();
    } catch (InternalError e) {
      return next;
    }
  }

  /** The number of the next event. From any thread. */
  public long next() {
    return next;
  }

  /** The bytes of payload that are no longer needed. From any thread. */
  public long payloadTaken() {
    return payloadTaken;
  }

  private long head() {
    return Math.max(0, (long) LONGS.getAcquire(map, (long) HEAD_AT));
  }

  /** Whether the writer has said that no more will come, and all has been taken. */
  public boolean isAtEnd() {
    try {
      return (int) INTS.getAcquire(map, (long) ENDED_AT) != 0 && next >= head();
    } catch (InternalError e) {
      return true;
    }
  }

  /**
   * The next event; empty if there is none yet.
   *
   * @throws IOException if the ring is not readable any more
   */
  public Optional<Event> poll() throws IOException {
    try {
      while (true) {
        long head = head();
        if (next >= head) {
          if (next > head) {
            next = head; // a writer that counts backwards
          }
          return Optional.empty();
        }
        if (head - next > slots) {
          skipTo(head - slots + slots / 8);
        }
        long at = HEADER_BYTES + (next & (slots - 1)) * SLOT_BYTES;
        long state = (long) LONGS.getAcquire(map, at + STATE);
        if (state == next + 1) {
          MemorySegment.copy(map, LONG, at, slot, 0, slot.length);
          EventKind kind = EventKind.of((short) slot[KIND / 8]).orElse(null);
          if (kind != null && !kind.isForAll() && !more.contains(kind)) {
            waitingSince = 0;
            next++; // whatever becomes of the slot, it was none for this reader
            continue;
          }
          Event event = kind == null ? null : take(kind);
          VarHandle.loadLoadFence();
          if (event != null && (long) LONGS.getOpaque(map, at + STATE) == next + 1) {
            waitingSince = 0;
            next++;
            return Optional.of(event);
          }
          skipTo(next + 1); // overwritten meanwhile, or of no kind that there is
        } else if (isOlder(state) && (long) LONGS.getAcquire(map, (long) GIVEN_UP_AT) > next) {
          skipTo(next + 1);
        } else if (state == ~next || isOlder(state)) {
          // Begun and not complete: soon, unless its writer was lost.
          long now = System.nanoTime();
          if (waitingSince == 0) {
            waitingSince = now;
          }
          if (now - waitingSince < PATIENCE_NANOS) {
            return Optional.empty();
          }
          skipTo(next + 1);
        } else {
          skipTo(next + 1);
        }
      }
    } catch (InternalError e) {
      // A page of the file is not there any more.
      throw new IOException("the ring of events was cut off", e);
    }
  }

  /** Whether a slot's word says that what is or was written there comes before the next event. */
  private boolean isOlder(long state) {
    return state < 0 ? ~state < next : state <= next;
  }

  private void skipTo(long sequence) {
    waitingSince = 0;
    dropped += sequence - next;
    next = sequence;
  }

  /** Makes an event of {@link #slot}. */
  private Event take(EventKind kind) {
    int length = (int) slot[PAYLOAD_LENGTH / 8];
    List<Event.Item> items =
        length == 0
            ? List.of()
            : items(slot[PAYLOAD / 8], length, (int) (slot[PAYLOAD_LENGTH / 8] >> 32));
    return new Event(
        next,
        slot[TIME / 8],
        (int) slot[PID / 8],
        (int) (slot[PID / 8] >> 32),
        kind,
        (int) (slot[KIND / 8] >> 32),
        Arrays.copyOfRange(slot, ARGUMENTS / 8, ARGUMENTS / 8 + 6),
        (slot[KIND / 8] >> 16 & NO_RESULT) == 0,
        slot[RESULT / 8],
        Math.max(0, slot[DURATION / 8]),
        Math.max(0, slot[BLOCKED / 8]),
        Math.max(0, slot[DISK / 8]),
        items == null ? List.of() : items,
        items != null);
  }

  /** Null if they were overwritten or are none. */
  private @Nullable List<Event.Item> items(long position, int length, int checksum) {
    if (length < 0 || length > Payload.MAX || position < 0) {
      return null;
    }
    int from = (int) (position & (payloadBytes - 1));
    int first = Math.min(length, payloadBytes - from);
    MemorySegment.copy(map, ValueLayout.JAVA_BYTE, payloadStart + from, payload, 0, first);
    if (first < length) {
      MemorySegment.copy(map, ValueLayout.JAVA_BYTE, payloadStart, payload, first, length - first);
    }
    VarHandle.loadLoadFence();
    long head = (long) LONGS.getAcquire(map, (long) PAYLOAD_HEAD_AT);
    if (head - position > payloadBytes
        || position + length > head
        || Payload.checksum(crc, payload, length) != checksum) {
      return null;
    }
    payloadTaken = position + length;
    List<Event.Item> items = new ArrayList<>(4);
    int at = 0;
    while (at + Payload.HEADER <= length) {
      int size = (payload[at + 2] & 0xff) | (payload[at + 3] & 0xff) << 8;
      int start = at + Payload.HEADER;
      if (start + size > length) {
        return null;
      }
      items.add(
          new Event.Item(
              payload[at], payload[at + 1], Arrays.copyOfRange(payload, start, start + size)));
      at = start + size;
    }
    return items;
  }

  @Override
  public void close() {
    arena.close();
  }
}
