package dev.vivarium.engine.watch;

import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * {@code events.ring}: a header, slots of fixed size, and the payloads behind them. All numbers are
 * little endian.
 *
 * <p>Event N lies in slot N modulo their number. Its first word is N + 1 when it is complete and ~N
 * while it is being written; a reader takes the slot's content for event N only if the word was N +
 * 1 before and after it copied it. A writer that is stopped in a slot while the others go once
 * around keeps it: the event that would have come there is given up, and {@link #GIVEN_UP_AT} is
 * its number or a higher one. The payload of an event is a range of an endless stream of bytes, of
 * which the last ones are there; there such a writer may write over what came later, which the
 * {@link #CHECKSUM} shows.
 */
final class RingLayout {
  static final long MAGIC = 0x31474e4952564956L; // VIVRING1
  static final int VERSION = 3;

  static final int MAGIC_AT = 0;
  static final int VERSION_AT = 8;
  static final int SLOTS_AT = 12;
  static final int PAYLOAD_BYTES_AT = 16;
  static final int ORIGIN_AT = 24;

  /** How many events have been begun. */
  static final int HEAD_AT = 64;

  /** How many bytes of payload have been begun. */
  static final int PAYLOAD_HEAD_AT = 128;

  /** 1 when no more will come. */
  static final int ENDED_AT = 192;

  /** One more than the highest number of an event that was given up. */
  static final int GIVEN_UP_AT = 256;

  static final int HEADER_BYTES = 4096;

  static final int SLOT_BYTES = 128;

  // In a slot.
  static final int STATE = 0;
  static final int TIME = 8;
  static final int PID = 16;
  static final int TID = 20;
  static final int KIND = 24;
  static final int FLAGS = 26;
  static final int NUMBER = 28;
  static final int ARGUMENTS = 32;
  static final int RESULT = 80;
  static final int DURATION = 88;
  static final int BLOCKED = 96;
  static final int DISK = 104;
  static final int PAYLOAD = 112;
  static final int PAYLOAD_LENGTH = 120;

  /** CRC-32 of the payload. */
  static final int CHECKSUM = 124;

  /** The call has begun and will not return. */
  static final short NO_RESULT = 1;

  static final int MIN_SLOTS = 64;
  static final int MAX_SLOTS = 1 << 20;
  static final int MIN_PAYLOAD = Payload.MAX;
  static final int MAX_PAYLOAD = 1 << 28;

  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final VarHandle LONGS = LONG.varHandle();
  static final VarHandle INTS = INT.varHandle();

  private RingLayout() {}

  static long fileBytes(int slots, int payload) {
    return HEADER_BYTES + (long) slots * SLOT_BYTES + payload;
  }
}
