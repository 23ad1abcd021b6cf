package dev.vivarium.sentry.net;

import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Data that has arrived at a socket and was not received yet. */
final class ReceiveQueue {
  static final int DEFAULT_LIMIT = 212_992;

  /** What a message costs besides its bytes, so that empty ones are bounded too. */
  private static final int OVERHEAD = 576;

  /** One send's data, or for streams a part of it. */
  static final class Message {
    final byte[] data;
    final PeerCredentials sender;
    final @Nullable LocalSocket source;
    List<File> rights;
    final @Nullable PacketInfo packet;
    int at;

    /** The sender's name, where it is no socket of this sandbox. */
    byte @Nullable [] from;

    Message(
        byte[] data,
        PeerCredentials sender,
        @Nullable LocalSocket source,
        List<File> rights,
        @Nullable PacketInfo packet) {
      this.packet = packet;
      this.data = data;
      this.sender = sender;
      this.source = source;
      this.rights = rights;
    }

    int remaining() {
      return data.length - at;
    }
  }

  private final ArrayDeque<Message> messages = new ArrayDeque<>(2);
  private int charged;
  private int bytes;
  int limit = DEFAULT_LIMIT;

  boolean isEmpty() {
    return messages.isEmpty();
  }

  /** Bytes that a stream's receiver would find. */
  int bytes() {
    return bytes;
  }

  /** How many bytes of a stream may be added now. */
  int room() {
    return limit - charged - OVERHEAD;
  }

  /** Whether a datagram of this size may be added now: one always fits into an empty queue. */
  boolean hasRoom(int size) {
    return charged == 0 || charged + OVERHEAD + size <= limit;
  }

  @Nullable Message first() {
    return messages.peekFirst();
  }

  void add(Message m) {
    messages.addLast(m);
    charged += OVERHEAD + m.data.length;
    bytes += m.remaining();
  }

  void removeFirst() {
    Message m = messages.pollFirst();
    if (m != null) {
      charged -= OVERHEAD + m.data.length;
      bytes -= m.remaining();
    }
  }

  /**
   * Moves stream data to {@code dst}: up to the end of what one sender sent with the same files.
   *
   * @return the count, or -EFAULT
   */
  long readStream(Uio dst, boolean peek, SocketMessage out) {
    long done = 0;
    int skipped = 0;
    while (dst.remaining() > 0) {
      long place = dst.peek(true); // may wait: what is queued is looked at afterwards
      if (place < 0) {
        return done > 0 ? done : place;
      }
      Message m = peek ? nth(skipped) : messages.peekFirst();
      if (m == null) {
        break;
      }
      if (done > 0 && (!m.rights.isEmpty() || !m.sender.equals(out.credentials))) {
        break;
      }
      out.credentials = m.sender;
      int n = (int) Math.min(Math.min(place, m.remaining()), dst.remaining());
      if (n > 0) {
        dst.put(m.data, m.at, n);
        done += n;
      }
      if (peek) {
        if (n < m.remaining()) {
          break; // the rest of a message that lies in two places is not shown by a peek
        }
        skipped++;
        continue;
      }
      if (!m.rights.isEmpty()) {
        out.rights = m.rights;
        m.rights = List.of();
      }
      m.at += n;
      bytes -= n;
      if (m.remaining() == 0) {
        removeFirst();
      }
      if (!out.rights.isEmpty()) {
        break;
      }
    }
    return done;
  }

  private @Nullable Message nth(int index) {
    int i = 0;
    for (Message m : messages) {
      if (i++ == index) {
        return m;
      }
    }
    return null;
  }

  /** Drops everything, with the files that were on their way. */
  void clear(Task t, Network network) {
    for (Message m = messages.pollFirst(); m != null; m = messages.pollFirst()) {
      network.landed(m.rights.size());
      for (File f : m.rights) {
        f.drop(t);
      }
    }
    charged = 0;
    bytes = 0;
  }
}
