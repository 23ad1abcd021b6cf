package dev.vivarium.engine.watch;

import static dev.vivarium.engine.watch.RingLayout.*;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A number of places for events, each as it lies in a ring. Who keeps many and looks at few needs
 * no object for each: a hundred thousand a second would be all that a small heap's collector does.
 * What a place holds was checked when it came there, but for what its items say. Not for several
 * threads at once.
 */
public final class PackedEvents {
  private static final int WORDS = SLOT_BYTES / 8;

  private final long[] slots;
  private final byte[] @Nullable [] payloads;

  /** So many, of which nothing is to be asked before it was filled. */
  public PackedEvents(int places) {
    slots = new long[places * WORDS];
    payloads = new byte[places][];
  }

  /** How many places there are. */
  public int places() {
    return payloads.length;
  }

  /** What a reader copied out of its ring; the payload is null if there is none or it was lost. */
  void set(int place, long[] from, int at, long sequence, byte @Nullable [] payload) {
    System.arraycopy(from, at, slots, place * WORDS, WORDS);
    slots[place * WORDS + STATE / 8] = sequence;
    payloads[place] = payload;
  }

  /** Takes over some that another one holds, in the same order. */
  public void copy(PackedEvents from, int first, int to, int count) {
    System.arraycopy(from.slots, first * WORDS, slots, to * WORDS, count * WORDS);
    System.arraycopy(from.payloads, first, payloads, to, count);
  }

  /** Puts an event there, as who has its own source of them does. Its items are not kept. */
  public void put(int place, Event e) {
    long[] slot = new long[WORDS];
    slot[TIME / 8] = e.timeNanos();
    slot[PID / 8] = e.pid() & 0xffffffffL | (long) e.tid() << 32;
    slot[KIND / 8] =
        e.kind().number() | (e.returned() ? 0 : NO_RESULT) << 16 | (long) e.number() << 32;
    System.arraycopy(e.arguments(), 0, slot, ARGUMENTS / 8, 6);
    slot[RESULT / 8] = e.result();
    slot[DURATION / 8] = e.durationNanos();
    slot[BLOCKED / 8] = e.blockedNanos();
    slot[DISK / 8] = e.diskNanos();
    set(place, slot, 0, e.sequence(), null);
  }

  /** Its number in the ring. */
  public long sequence(int place) {
    return slots[place * WORDS + STATE / 8];
  }

  /** Whether it tells of a system call. */
  public boolean isCall(int place) {
    return (short) slots[place * WORDS + KIND / 8] == EventKind.SYSCALL.number();
  }

  /** See {@link Event#pid}. */
  public int pid(int place) {
    return (int) slots[place * WORDS + PID / 8];
  }

  /** See {@link Event#tid}. */
  public int tid(int place) {
    return (int) (slots[place * WORDS + PID / 8] >> 32);
  }

  /** See {@link Event#number}. */
  public int number(int place) {
    return (int) (slots[place * WORDS + KIND / 8] >> 32);
  }

  /** See {@link Event#failed}. */
  public boolean failed(int place) {
    long result = slots[place * WORDS + RESULT / 8];
    return result < 0
        && result >= -4095
        && isCall(place)
        && (slots[place * WORDS + KIND / 8] >> 16 & NO_RESULT) == 0;
  }

  /** See {@link Event#durationNanos}. */
  public long durationNanos(int place) {
    return Math.max(0, slots[place * WORDS + DURATION / 8]);
  }

  /** See {@link Event#blockedNanos}. */
  public long blockedNanos(int place) {
    return Math.max(0, slots[place * WORDS + BLOCKED / 8]);
  }

  /** Whether it has texts or bytes. */
  public boolean hasItems(int place) {
    return payloads[place] != null;
  }

  /** The whole of it. */
  public Event get(int place) {
    int at = place * WORDS;
    EventKind kind = EventKind.of((short) slots[at + KIND / 8]).orElseThrow();
    byte[] payload = payloads[place];
    List<Event.Item> items =
        payload != null
            ? items(payload, 0, payload.length)
            : (int) slots[at + PAYLOAD_LENGTH / 8] == 0 ? List.of() : null;
    return event(slots, at, slots[at + STATE / 8], kind, items);
  }

  /**
   * Makes an event of a slot.
   *
   * @param items null if they were lost
   */
  static Event event(
      long[] slot, int at, long sequence, EventKind kind, @Nullable List<Event.Item> items) {
    return new Event(
        sequence,
        slot[at + TIME / 8],
        (int) slot[at + PID / 8],
        (int) (slot[at + PID / 8] >> 32),
        kind,
        (int) (slot[at + KIND / 8] >> 32),
        Arrays.copyOfRange(slot, at + ARGUMENTS / 8, at + ARGUMENTS / 8 + 6),
        (slot[at + KIND / 8] >> 16 & NO_RESULT) == 0,
        slot[at + RESULT / 8],
        Math.max(0, slot[at + DURATION / 8]),
        Math.max(0, slot[at + BLOCKED / 8]),
        Math.max(0, slot[at + DISK / 8]),
        items == null ? List.of() : items,
        items != null);
  }

  /** The items of a payload; null if these bytes are none. */
  static @Nullable List<Event.Item> items(byte[] bytes, int start, int length) {
    List<Event.Item> items = new ArrayList<>(4);
    int at = start;
    int end = start + length;
    while (at + Payload.HEADER <= end) {
      int size = (bytes[at + 2] & 0xff) | (bytes[at + 3] & 0xff) << 8;
      int value = at + Payload.HEADER;
      if (value + size > end) {
        return null;
      }
      items.add(
          new Event.Item(bytes[at], bytes[at + 1], Arrays.copyOfRange(bytes, value, value + size)));
      at = value + size;
    }
    return items;
  }
}
