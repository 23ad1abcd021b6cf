package dev.vivarium.microvm.vhost;

import dev.vivarium.microvm.host.DeviceCalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One monitor's connection: its messages, and the rings that it tells of, on one thread. It takes
 * the socket over, and every descriptor that comes over it.
 */
final class VhostSession implements AutoCloseable {
  /** One for what must not wait, and one for requests. */
  static final int QUEUES = 2;

  private static final int MOST_PAYLOAD = 8 + Vhost.MOST_REGIONS * Vhost.REGION;

  private final DeviceCalls calls;
  private final int socket;
  private final Virtqueue.Server server;
  private final Virtqueue[] queues = new Virtqueue[QUEUES];
  private final byte[] bytes = new byte[Vhost.HEADER + MOST_PAYLOAD];
  private final List<Integer> descriptors = new ArrayList<>();
  private final int[] polled = new int[1 + QUEUES];
  private final boolean[] ready = new boolean[1 + QUEUES];
  private @Nullable GuestMemory memory;
  private boolean acknowledges;

  VhostSession(DeviceCalls calls, int socket, Virtqueue.Server server) {
    this.calls = calls;
    this.socket = socket;
    this.server = server;
    for (int i = 0; i < QUEUES; i++) {
      queues[i] = new Virtqueue(calls);
    }
  }

  /**
   * Serves until the monitor hangs up.
   *
   * @throws IOException if it, or the guest, broke the rules
   */
  void run() throws IOException {
    boolean more = false;
    while (true) {
      polled[0] = socket;
      for (int i = 0; i < QUEUES; i++) {
        polled[1 + i] = memory == null ? -1 : queues[i].kick();
      }
      if (calls.poll(polled, ready, more ? 0 : -1) < 0) {
        throw new IOException("cannot wait for the monitor");
      }
      for (int i = 0; i < QUEUES; i++) {
        if (ready[1 + i] && calls.take(polled[1 + i]) == 0) {
          throw new VhostException("the monitor gave something else than an event");
        }
      }
      if (ready[0] && !hear()) {
        return;
      }
      more = false;
      for (Virtqueue queue : queues) {
        GuestMemory now = memory;
        more |= now != null && queue.serve(now, server);
      }
    }
  }

  // ---- messages ----

  /** Takes one message; false at the end. */
  private boolean hear() throws IOException {
    if (!receive(0, Vhost.HEADER, true)) {
      return false;
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int request = in.getInt();
    int flags = in.getInt();
    int size = in.getInt();
    if ((flags & Vhost.VERSION_MASK) != Vhost.VERSION || (flags & Vhost.REPLY) != 0) {
      throw new VhostException("the monitor speaks another version of vhost-user");
    }
    if (size < 0 || size > MOST_PAYLOAD) {
      throw new VhostException("the monitor sent a message of " + Integer.toUnsignedString(size));
    }
    receive(Vhost.HEADER, size, false);
    in.limit(Vhost.HEADER + size);
    boolean answered = done(request, in);
    if (!descriptors.isEmpty()) {
      throw new VhostException("the monitor sent descriptors with request " + request);
    }
    if (!answered && acknowledges && (flags & Vhost.NEED_REPLY) != 0) {
      reply(request, 0);
    }
    return true;
  }

  private boolean receive(int from, int length, boolean mayEnd) throws IOException {
    int at = 0;
    while (at < length) {
      int n = calls.receive(socket, bytes, from + at, length - at, descriptors);
      if (n == 0 && at == 0 && mayEnd) {
        return false;
      }
      if (n <= 0 || descriptors.size() > Vhost.MOST_REGIONS) {
        throw new VhostException("the monitor's message is cut off");
      }
      at += n;
    }
    return true;
  }

  private void reply(int request, long value) throws IOException {
    ByteBuffer out = ByteBuffer.allocate(Vhost.HEADER + 8).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(request).putInt(Vhost.VERSION | Vhost.REPLY).putInt(8).putLong(value).flip();
    if (calls.send(socket, out) < 0) {
      throw new IOException("the monitor does not listen");
    }
  }

  private static void need(ByteBuffer in, int length) throws VhostException {
    if (in.remaining() != length) {
      throw new VhostException("the monitor sent a message of a wrong length");
    }
  }

  /**
   * Does what a message says.
   *
   * @return whether it had an answer of its own
   */
  private boolean done(int request, ByteBuffer in) throws IOException {
    switch (request) {
      case Vhost.GET_FEATURES -> {
        reply(request, Vhost.FEATURES);
        return true;
      }
      case Vhost.GET_PROTOCOL_FEATURES -> {
        reply(request, Vhost.PROTOCOL_FEATURE_MQ | Vhost.PROTOCOL_FEATURE_REPLY_ACK);
        return true;
      }
      case Vhost.GET_QUEUE_NUM -> {
        reply(request, QUEUES);
        return true;
      }
      case Vhost.GET_VRING_BASE -> {
        need(in, 8);
        int number = in.getInt();
        reply(request, Integer.toUnsignedLong(number) | (long) queue(number).halt() << 32);
        return true;
      }
      case Vhost.SET_OWNER -> {}
      case Vhost.SET_FEATURES -> {
        need(in, 8);
        agreed(in.getLong(), Vhost.FEATURES);
      }
      case Vhost.SET_PROTOCOL_FEATURES -> {
        need(in, 8);
        long wanted = in.getLong();
        agreed(wanted, Vhost.PROTOCOL_FEATURE_MQ | Vhost.PROTOCOL_FEATURE_REPLY_ACK);
        acknowledges = (wanted & Vhost.PROTOCOL_FEATURE_REPLY_ACK) != 0;
      }
      case Vhost.SET_MEM_TABLE -> setMemory(in);
      default -> ofRing(request, in);
    }
    return false;
  }

  private void ofRing(int request, ByteBuffer in) throws VhostException {
    switch (request) {
      case Vhost.SET_VRING_NUM -> {
        need(in, 8);
        queue(in.getInt()).setSize(in.getInt());
      }
      case Vhost.SET_VRING_BASE -> {
        need(in, 8);
        queue(in.getInt()).setNext(in.getInt());
      }
      case Vhost.SET_VRING_ENABLE -> {
        need(in, 8);
        queue(in.getInt()).enable(in.getInt() != 0);
      }
      case Vhost.SET_VRING_ADDR -> {
        need(in, 40);
        Virtqueue queue = queue(in.getInt());
        in.getInt();
        long table = in.getLong();
        long used = in.getLong();
        queue.place(table, in.getLong(), used);
      }
      case Vhost.SET_VRING_KICK, Vhost.SET_VRING_CALL, Vhost.SET_VRING_ERR -> {
        need(in, 8);
        setEvent(request, in.getLong());
      }
      default ->
          throw new VhostException(
              "the monitor sent request " + Integer.toUnsignedString(request) + ", unknown here");
    }
  }

  private static void agreed(long wanted, long offered) throws VhostException {
    if ((wanted & ~offered) != 0) {
      throw new VhostException("the monitor wants what was not offered");
    }
  }

  private Virtqueue queue(int number) throws VhostException {
    if (number < 0 || number >= QUEUES) {
      throw new VhostException("the monitor speaks of a ring that is not there");
    }
    return queues[number];
  }

  private void setEvent(int request, long which) throws VhostException {
    Virtqueue queue = queue((int) (which & 0xff));
    boolean none = (which & Vhost.NO_DESCRIPTOR) != 0;
    if (descriptors.size() != (none ? 0 : 1) || none && request == Vhost.SET_VRING_KICK) {
      throw new VhostException("the monitor sent no event, or several");
    }
    int descriptor = none ? -1 : descriptors.removeFirst();
    switch (request) {
      case Vhost.SET_VRING_KICK -> queue.setKick(descriptor);
      case Vhost.SET_VRING_CALL -> queue.setCall(descriptor);
      default -> {
        // Nobody is told of errors: they end the connection.
        if (descriptor >= 0) {
          calls.close(descriptor);
        }
      }
    }
  }

  private void setMemory(ByteBuffer in) throws VhostException {
    if (in.remaining() < 8) {
      throw new VhostException("the monitor sent a message of a wrong length");
    }
    int count = in.getInt();
    in.getInt();
    if (count < 1 || count > Vhost.MOST_REGIONS || descriptors.size() != count) {
      throw new VhostException("the monitor described " + count + " parts of memory");
    }
    need(in, count * Vhost.REGION);
    forgetMemory();
    GuestMemory described = new GuestMemory(calls);
    memory = described;
    for (int i = 0; i < count; i++) {
      long guest = in.getLong();
      long size = in.getLong();
      long monitor = in.getLong();
      described.add(guest, size, monitor, in.getLong(), descriptors.getFirst());
      calls.close(descriptors.removeFirst());
    }
  }

  private void forgetMemory() {
    for (Virtqueue queue : queues) {
      queue.stop();
    }
    GuestMemory old = memory;
    memory = null;
    if (old != null) {
      old.close();
    }
  }

  @Override
  public void close() {
    forgetMemory();
    for (Virtqueue queue : queues) {
      queue.close();
    }
    descriptors.forEach(calls::close);
    descriptors.clear();
    calls.close(socket);
  }
}
