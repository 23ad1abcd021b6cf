package dev.vivarium.sentry.tty;

import dev.vivarium.sentry.memory.Uio;
import java.util.BitSet;

/**
 * What was typed and not read yet. Committed bytes can be read; the rest is the line being edited.
 * Ends of lines are marked, because what ends a line may have changed by the time that it is read.
 */
final class InputBuffer {
  /** As N_TTY_BUF_SIZE: no line is longer. */
  static final int SIZE = 4096;

  /** Marks an end of file, which is no byte of the line. */
  static final int END_OF_FILE = -1;

  private final byte[] ring = new byte[SIZE];
  private final BitSet lineEnds = new BitSet(SIZE);
  private final BitSet ends = new BitSet(SIZE);

  /** Counters of bytes, not indices: tail <= committed <= head. */
  private long tail;

  private long committed;
  private long head;

  private static int at(long position) {
    return (int) (position & SIZE - 1);
  }

  int free() {
    return SIZE - 1 - (int) (head - tail);
  }

  /** Whether one more ordinary byte fits, leaving room for the end of the line. */
  boolean hasRoomInLine() {
    return free() > 1;
  }

  int available() {
    return (int) (head - tail);
  }

  /** Whether there is something that a canonical read may take. */
  boolean hasLine() {
    return committed > tail;
  }

  int lineBytes() {
    int n = 0;
    for (long p = tail; p < committed; p++) {
      if (!ends.get(at(p))) {
        n++;
      }
    }
    return n;
  }

  /** Adds an ordinary byte; dropped when there is no room. */
  void add(int c) {
    if (hasRoomInLine()) {
      put(c, false, false);
    }
  }

  private void put(int c, boolean lineEnd, boolean endOfFile) {
    int i = at(head++);
    ring[i] = (byte) c;
    lineEnds.set(i, lineEnd);
    ends.set(i, endOfFile);
  }

  /** Ends the line with this byte, or with {@link #END_OF_FILE}; false if there was no room. */
  boolean endLine(int c) {
    if (free() < 1) {
      return false;
    }
    put(c == END_OF_FILE ? 0 : c, true, c == END_OF_FILE);
    committed = head;
    return true;
  }

  /** Everything typed can be read (raw mode). */
  void commit() {
    committed = head;
  }

  /** Bytes of the line being edited. */
  int pendingLength() {
    return (int) (head - committed);
  }

  int pendingAt(int index) {
    return ring[at(committed + index)] & 0xff;
  }

  /** Forgets the last {@code count} bytes of the line being edited. */
  void dropPending(int count) {
    head -= Math.min(count, pendingLength());
  }

  void clear() {
    tail = head;
    committed = head;
  }

  /** ICANON was switched: to canonical, what was typed becomes a line; to raw, all can be read. */
  void modeChanged(boolean canonical) {
    lineEnds.clear();
    ends.clear();
    if (canonical && head > tail) {
      lineEnds.set(at(head - 1));
    }
    committed = head;
  }

  /** See {@link LineDiscipline#readLine}. */
  long readLine(Uio dst) {
    long done = 0;
    while (tail < committed) {
      if (ends.get(at(tail))) {
        tail++;
        return done > 0 ? done : -1;
      }
      if (dst.remaining() == 0) {
        break;
      }
      // A run up to the end of the line, of the ring, or of what was asked for.
      int start = at(tail);
      int limit = (int) Math.min(Math.min(committed - tail, SIZE - start), dst.remaining());
      int n = 0;
      boolean ended = false;
      while (n < limit && !ended) {
        if (ends.get(start + n)) {
          break;
        }
        ended = lineEnds.get(start + n);
        n++;
      }
      long moved = dst.put(ring, start, n);
      if (moved < 0) {
        return done > 0 ? done : moved;
      }
      tail += moved;
      done += moved;
      if (moved < n || ended) {
        break;
      }
    }
    return done;
  }

  /** See {@link LineDiscipline#readRaw}. */
  long readRaw(Uio dst) {
    long done = 0;
    while (tail < head && dst.remaining() > 0) {
      int start = at(tail);
      int n = (int) Math.min(Math.min(head - tail, SIZE - start), dst.remaining());
      long moved = dst.put(ring, start, n);
      if (moved < 0) {
        return done > 0 ? done : moved;
      }
      tail += moved;
      done += moved;
      if (moved < n) {
        break;
      }
    }
    committed = Math.max(committed, tail);
    return done;
  }
}
