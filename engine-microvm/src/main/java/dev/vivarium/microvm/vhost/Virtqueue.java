package dev.vivarium.microvm.vhost;

import dev.vivarium.microvm.host.DeviceCalls;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A ring of requests: a split virtqueue, without indirect descriptors. The guest writes to it at
 * any time; belongs to one thread of ours.
 *
 * <p>No request is missed: before we sleep we say that we want to be told of new ones, and look
 * once more after that; the guest looks at what we said after it has put one in. The fences between
 * keep both in that order.
 */
final class Virtqueue {
  /** Answers requests. */
  interface Server {
    /** The answer to one; null if none is wanted. Valid until the next. */
    @Nullable ByteBuffer answer(byte[] request) throws IOException;
  }

  private static final int MOST_ENTRIES = 1024;

  /** A frame of data, a header and arguments: more than our mounts ever agree to. */
  private static final int MOST_REQUEST = (64 << 10) + 4096;

  private static final int INDEX_MASK = 0xffff;

  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final VarHandle SHORTS = SHORT.varHandle();
  private static final VarHandle LONGS = LONG.varHandle();

  private final DeviceCalls calls;
  private int size;
  private long descriptorsAt;
  private long availableAt;
  private long usedAt;
  private boolean placed;
  private boolean enabled;
  private int kick = -1;
  private int call = -1;

  /** Where it lies; null while it does not run. */
  private @Nullable Rings rings;

  /** The next that the guest makes available, and the next that we give back. */
  private int next;

  private int returned;

  private final byte[] request = new byte[MOST_REQUEST];
  private final long[] roomAt = new long[MOST_ENTRIES];
  private final int[] roomFor = new int[MOST_ENTRIES];
  private int rooms;

  private record Rings(MemorySegment descriptors, MemorySegment available, MemorySegment used) {}

  Virtqueue(DeviceCalls calls) {
    this.calls = calls;
  }

  // ---- what the monitor says of it ----

  void setSize(int entries) throws VhostException {
    if (entries < 1 || entries > MOST_ENTRIES || Integer.bitCount(entries) != 1) {
      throw new VhostException("a ring of " + Integer.toUnsignedString(entries) + " entries");
    }
    stop();
    size = entries;
  }

  void place(long descriptors, long available, long used) throws VhostException {
    if (descriptors % 16 != 0 || available % 2 != 0 || used % 4 != 0) {
      throw new VhostException("a ring at an odd address");
    }
    stop();
    descriptorsAt = descriptors;
    availableAt = available;
    usedAt = used;
    placed = true;
  }

  void setNext(int index) throws VhostException {
    if ((index & ~INDEX_MASK) != 0) {
      throw new VhostException("a ring that begins outside of itself");
    }
    stop();
    next = index;
  }

  void enable(boolean on) {
    enabled = on;
  }

  /** Takes over the descriptor by which the guest tells of requests; negative for none. */
  void setKick(int descriptor) {
    close(kick);
    kick = descriptor;
  }

  /** The same of the one by which we tell of answers. */
  void setCall(int descriptor) {
    close(call);
    call = descriptor;
    // Of answers that were told of by the one before nobody may have heard.
    tell();
  }

  /** By which the guest tells of requests; negative if it does not run. */
  int kick() {
    return enabled && placed && size > 0 ? kick : -1;
  }

  /** Ends it, and says where it would go on. */
  int halt() {
    stop();
    setKick(-1);
    return next;
  }

  /** The memory is about to be another one. */
  void stop() {
    rings = null;
  }

  void close() {
    stop();
    close(kick);
    close(call);
    kick = -1;
    call = -1;
  }

  private void close(int descriptor) {
    if (descriptor >= 0) {
      calls.close(descriptor);
    }
  }

  // ---- what the guest puts into it ----

  private Rings rings(GuestMemory memory) throws VhostException {
    Rings known = rings;
    if (known == null) {
      known =
          new Rings(
              memory.atMonitor(descriptorsAt, (long) size * Vhost.DESCRIPTOR),
              memory.atMonitor(availableAt, Vhost.AVAILABLE_HEAD + size * 2L),
              memory.atMonitor(usedAt, Vhost.USED_HEAD + (long) size * Vhost.USED_ENTRY));
      if (known.descriptors.address() % 16 != 0
          || known.available.address() % 2 != 0
          || known.used.address() % 4 != 0) {
        throw new VhostException("a ring at an odd address");
      }
      returned = known.used.get(SHORT, 2) & INDEX_MASK;
      rings = known;
    }
    return known;
  }

  /**
   * Answers what there is, though not for ever.
   *
   * @return whether there may be more
   * @throws IOException if the guest broke the rules
   */
  boolean serve(GuestMemory memory, Server server) throws IOException {
    if (kick() < 0) {
      return false;
    }
    Rings ring = rings(memory);
    ring.used.set(SHORT, 0, Vhost.NO_NOTIFY);
    for (int i = 0; i < size; i++) {
      int waiting = waiting(ring);
      if (waiting == 0) {
        ring.used.set(SHORT, 0, (short) 0);
        VarHandle.fullFence();
        if (waiting(ring) == 0) {
          return false;
        }
        ring.used.set(SHORT, 0, Vhost.NO_NOTIFY);
      }
      answer(ring, memory, server);
    }
    return true;
  }

  private int waiting(Rings ring) throws VhostException {
    int index = (short) SHORTS.getAcquire(ring.available, 2L) & INDEX_MASK;
    int waiting = index - next & INDEX_MASK;
    if (waiting > size) {
      throw new VhostException("the guest put more into a ring than fits");
    }
    return waiting;
  }

  private void answer(Rings ring, GuestMemory memory, Server server) throws IOException {
    int head = ring.available.get(SHORT, Vhost.AVAILABLE_HEAD + next % size * 2L) & INDEX_MASK;
    int length = collect(ring, head, memory);
    ByteBuffer answer = server.answer(Arrays.copyOf(request, length));
    int written = answer == null ? 0 : give(answer, memory);
    long entry = Vhost.USED_HEAD + (long) (returned % size) * Vhost.USED_ENTRY;
    ring.used.set(INT, entry, head);
    ring.used.set(INT, entry + 4, written);
    next = next + 1 & INDEX_MASK;
    returned = returned + 1 & INDEX_MASK;
    SHORTS.setRelease(ring.used, 2L, (short) returned);
    VarHandle.fullFence();
    if (((short) SHORTS.getAcquire(ring.available, 0L) & Vhost.NO_INTERRUPT) == 0) {
      tell();
    }
  }

  private void tell() {
    if (call >= 0) {
      calls.tell(call);
    }
  }

  /**
   * Copies what is to be read of a chain of descriptors, and notes where the answer goes.
   *
   * @return how much it was
   */
  private int collect(Rings ring, int head, GuestMemory memory) throws VhostException {
    int length = 0;
    rooms = 0;
    int index = head;
    for (int seen = 0; seen < size; seen++) {
      if (index >= size) {
        throw new VhostException("the guest named a descriptor that is not in its ring");
      }
      // Each half is read once.
      long at = (long) index * Vhost.DESCRIPTOR;
      long address = (long) LONGS.getOpaque(ring.descriptors, at);
      long rest = (long) LONGS.getOpaque(ring.descriptors, at + 8);
      long bytes = rest & 0xffff_ffffL;
      int flags = (int) (rest >>> 32) & INDEX_MASK;
      if ((flags & Vhost.INDIRECT) != 0) {
        throw new VhostException("the guest uses indirect descriptors, which were not agreed on");
      }
      if ((flags & Vhost.WRITE) != 0) {
        roomAt[rooms] = address;
        roomFor[rooms++] = (int) Math.min(bytes, Integer.MAX_VALUE);
      } else if (rooms > 0) {
        throw new VhostException("the guest asks after its room for the answer");
      } else if (bytes > MOST_REQUEST - length) {
        throw new VhostException("the guest's request is too long");
      } else {
        memory.read(address, request, length, (int) bytes);
        length += (int) bytes;
      }
      if ((flags & Vhost.NEXT) == 0) {
        return length;
      }
      index = (int) (rest >>> 48);
    }
    throw new VhostException("the guest's descriptors lead in a circle");
  }

  private int give(ByteBuffer answer, GuestMemory memory) throws VhostException {
    int length = answer.remaining();
    int at = answer.arrayOffset() + answer.position();
    int done = 0;
    for (int i = 0; i < rooms && done < length; i++) {
      int n = Math.min(roomFor[i], length - done);
      memory.write(roomAt[i], answer.array(), at + done, n);
      done += n;
    }
    if (done < length) {
      throw new VhostException("the guest left too little room for an answer");
    }
    return length;
  }
}
