package dev.vivarium.engine.watch;

import static dev.vivarium.engine.watch.RingLayout.*;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
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

  private static final int WORDS = SLOT_BYTES / 8;

  /** So many slots are copied at once if they are there. */
  private static final int BATCH = 64;

  /** And so much of their payload. */
  private static final int STREAM = 1 << 15;

  private final Arena arena = Arena.ofShared();

  /**
   * The file, to see that it is as long as it was: no interrupt closes it, as it does a channel.
   */
  private final RandomAccessFile ring;

  private final MemorySegment map;
  private final long size;
  private final int slots;
  private final int payloadBytes;
  private final long payloadStart;
  private final long epochNanos;
  private final Set<EventKind> more;
  private @Nullable BitSet calls;
  private final byte[] payload = new byte[Payload.MAX];

  /** Slots that were copied together, {@link #from} being where the next one lies. */
  private final long[] copied = new long[BATCH * WORDS];

  private int from;
  private int ready;

  /** Payloads that were copied with them: a part of the endless stream of bytes. */
  private final byte[] stream = new byte[STREAM];

  private long streamStart;
  private int streamLength;

  /** Of these two arrays, the one that has what was asked for last. */
  private byte[] payloadIn = stream;

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
    ring = new RandomAccessFile(file.toFile(), "r");
    try {
      size = ring.length();
      if (size < HEADER_BYTES || size > fileBytes(MAX_SLOTS, MAX_PAYLOAD)) {
        throw new IOException("not a ring of events: " + file);
      }
      map = ring.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
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
      checkWhole();
    } catch (IOException | RuntimeException | InternalError e) {
      close();
      throw e instanceof IOException io ? io : new IOException("cannot read the ring: " + file, e);
    }
  }

  /**
   * Passes over system calls that are not of these numbers, which costs less than to look at the
   * event of each.
   */
  public void only(BitSet numbers) {
    calls = (BitSet) numbers.clone();
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
      long head = head();
      checkWhole();
      return head;
    } catch (IOException | InternalError e) {
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

  /**
   * Ends what was begun if a page of the file is not there any more. What the map gave until then
   * may be anything, and the {@link InternalError} for it may come at a later place of the thread,
   * which a call out of Java is at the latest: so here, and not in a caller that expects none.
   */
  private void checkWhole() throws IOException {
    if (ring.length() < size) {
      throw new IOException("the ring of events was cut off");
    }
  }

  private long head() {
    return Math.max(0, (long) LONGS.getAcquire(map, (long) HEAD_AT));
  }

  /** Whether the writer has said that no more will come, and all has been taken. */
  public boolean isAtEnd() {
    try {
      boolean ended = (int) INTS.getAcquire(map, (long) ENDED_AT) != 0 && next >= head();
      checkWhole();
      return ended;
    } catch (IOException | InternalError e) {
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
      EventKind kind = ahead();
      if (kind == null) {
        return Optional.empty();
      }
      int at = from;
      int length = payloadLength();
      List<Event.Item> items = length == 0 ? List.of() : null;
      int start = length == 0 ? -1 : payload(length);
      if (start >= 0) {
        items = PackedEvents.items(payloadIn, start, length);
      }
      Event event = PackedEvents.event(copied, at, next, kind, items);
      pass();
      return Optional.of(event);
    } catch (InternalError e) {
      throw cutOff(e);
    }
  }

  /**
   * Moves the next event to a place, without an object for it.
   *
   * @return false if there is none yet
   * @throws IOException if the ring is not readable any more
   */
  public boolean poll(PackedEvents into, int place) throws IOException {
    try {
      if (ahead() == null) {
        return false;
      }
      int length = payloadLength();
      int start = length == 0 ? -1 : payload(length);
      into.set(
          place,
          copied,
          from,
          next,
          start < 0 ? null : Arrays.copyOfRange(payloadIn, start, start + length));
      pass();
      return true;
    } catch (InternalError e) {
      throw cutOff(e);
    }
  }

  /** A page of the file is not there any more. */
  private static IOException cutOff(InternalError e) {
    return new IOException("the ring of events was cut off", e);
  }

  /** The kind of the next event for this reader, which is at {@link #from}; null if none is yet. */
  private @Nullable EventKind ahead() throws IOException {
    while (true) {
      if (ready > 0) {
        EventKind kind = EventKind.of((short) copied[from + KIND / 8]).orElse(null);
        if (kind != null && (kind.isForAll() || more.contains(kind)) && isWanted(kind)) {
          return kind;
        }
        if (kind == null) {
          dropped++; // of no kind that there is
        }
        pass();
        continue;
      }
      long head = head();
      if (next >= head) {
        if (next > head) {
          next = head; // a writer that counts backwards
        }
        checkWhole();
        return null;
      }
      if (head - next > slots) {
        skipTo(head - slots + slots / 8);
      }
      long at = HEADER_BYTES + (next & (slots - 1)) * SLOT_BYTES;
      long state = (long) LONGS.getAcquire(map, at + STATE);
      if (state == next + 1) {
        waitingSince = 0;
        if (!copy(head)) {
          skipTo(next + 1); // overwritten meanwhile
        }
      } else if (isOlder(state) && (long) LONGS.getAcquire(map, (long) GIVEN_UP_AT) > next) {
        skipTo(next + 1);
      } else if (state == ~next || isOlder(state)) {
        // Begun and not complete: soon, unless its writer was lost.
        long now = System.nanoTime();
        if (waitingSince == 0) {
          waitingSince = now;
        }
        if (now - waitingSince < PATIENCE_NANOS) {
          checkWhole();
          return null;
        }
        skipTo(next + 1);
      } else {
        skipTo(next + 1);
      }
    }
  }

  private boolean isWanted(EventKind kind) {
    BitSet wanted = calls;
    return wanted == null
        || kind != EventKind.SYSCALL && kind != EventKind.WAIT
        || wanted.get(Math.max(0, (int) (copied[from + KIND / 8] >> 32)));
  }

  /** Goes on to the next of those that were copied. */
  private void pass() {
    next++;
    from += WORDS;
    ready--;
  }

  /**
   * Copies the next event, which is complete, and those behind it that are: an access to the map, a
   * memory segment, costs as much as all else that is done with an event where only C1 compiles.
   *
   * @return false if the next one was overwritten while it was copied
   */
  private boolean copy(long head) throws IOException {
    int first = (int) (next & (slots - 1));
    int most = (int) Math.min(Math.min(BATCH, slots - first), head - next);
    int n = 1;
    while (n < most
        && (long) LONGS.getAcquire(map, HEADER_BYTES + (first + n) * (long) SLOT_BYTES + STATE)
            == next + n + 1) {
      n++;
    }
    MemorySegment.copy(map, LONG, HEADER_BYTES + first * (long) SLOT_BYTES, copied, 0, n * WORDS);
    copyPayloads(n);
    VarHandle.loadLoadFence();
    checkWhole();
    // Who writes into a slot has counted its event before. So all are whole that are less than once
    // around behind; else one of them is looked at again by itself.
    if (head() - next > slots) {
      long state = HEADER_BYTES + first * (long) SLOT_BYTES + STATE;
      if ((long) LONGS.getOpaque(map, state) != next + 1) {
        return false;
      }
      n = 1;
    }
    from = 0;
    ready = n;
    return true;
  }

  /** Copies what most of the payloads lie in: events and their payloads come in the same order. */
  private void copyPayloads(int n) {
    streamLength = 0;
    long start = -1;
    long end = -1;
    for (int i = 0; i < n; i++) {
      int length = (int) copied[i * WORDS + PAYLOAD_LENGTH / 8];
      long position = copied[i * WORDS + PAYLOAD / 8];
      if (length <= 0 || length > Payload.MAX || position < 0) {
        continue;
      }
      if (start < 0) {
        start = position;
        end = position;
      }
      if (position < start || position + length - start > STREAM) {
        break;
      }
      end = Math.max(end, position + length);
    }
    // One that goes over the end of the ring's bytes is copied alone.
    int at = (int) (start & (payloadBytes - 1));
    if (start >= 0 && at + (end - start) <= payloadBytes) {
      streamLength = (int) (end - start);
      streamStart = start;
      MemorySegment.copy(map, ValueLayout.JAVA_BYTE, payloadStart + at, stream, 0, streamLength);
      VarHandle.loadLoadFence();
      long head = (long) LONGS.getAcquire(map, (long) PAYLOAD_HEAD_AT);
      if (head - start > payloadBytes || end > head) {
        streamLength = 0;
      }
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

  private int payloadLength() {
    return (int) copied[from + PAYLOAD_LENGTH / 8];
  }

  /**
   * Where the payload of the next event begins in {@link #payloadIn}, of so many bytes; below 0 if
   * it was overwritten or is none.
   */
  private int payload(int length) throws IOException {
    long position = copied[from + PAYLOAD / 8];
    int checksum = (int) (copied[from + PAYLOAD_LENGTH / 8] >> 32);
    if (length < 0 || length > Payload.MAX || position < 0) {
      return -1;
    }
    boolean there = position >= streamStart && position + length <= streamStart + streamLength;
    payloadIn = there ? stream : payload;
    int start = there ? (int) (position - streamStart) : 0;
    if (!there && !copyPayload(position, length)
        || Payload.checksum(crc, payloadIn, start, length) != checksum) {
      return -1;
    }
    payloadTaken = position + length;
    return start;
  }

  /** Copies one payload by itself; false if it was overwritten meanwhile. */
  private boolean copyPayload(long position, int length) throws IOException {
    int at = (int) (position & (payloadBytes - 1));
    int first = Math.min(length, payloadBytes - at);
    MemorySegment.copy(map, ValueLayout.JAVA_BYTE, payloadStart + at, payload, 0, first);
    if (first < length) {
      MemorySegment.copy(map, ValueLayout.JAVA_BYTE, payloadStart, payload, first, length - first);
    }
    VarHandle.loadLoadFence();
    long head = (long) LONGS.getAcquire(map, (long) PAYLOAD_HEAD_AT);
    checkWhole();
    return head - position <= payloadBytes && position + length <= head;
  }

  @Override
  public void close() {
    arena.close();
    try {
      ring.close();
    } catch (IOException e) {
      // It was only read.
    }
  }
}
