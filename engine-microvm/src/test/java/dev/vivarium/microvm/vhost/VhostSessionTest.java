package dev.vivarium.microvm.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.microvm.host.DeviceCalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a monitor says to us, and what one may say that has been taken over. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VhostSessionTest {
  private static final int NEEDS_REPLY = Vhost.VERSION | Vhost.NEED_REPLY;

  private final FakeGuest guest = new FakeGuest();
  private int socket = -1;
  private CompletableFuture<String> ended = new CompletableFuture<>();

  /** Has a session served by a thread of its own; its end is told of by what was wrong, or "". */
  private void begin() {
    int[] ends = guest.front.socketPair();
    socket = ends[0];
    CompletableFuture<String> end = new CompletableFuture<>();
    ended = end;
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          String why = "";
          try (DeviceCalls calls = new DeviceCalls()) {
            VhostSession session = new VhostSession(calls, ends[1], ByteBuffer::wrap);
            try {
              session.run();
            } catch (IOException e) {
              why = String.valueOf(e.getMessage());
            } finally {
              session.close();
            }
          } catch (InternalError e) {
            why = "cut off";
          }
          end.complete(why);
        });
  }

  private String end() throws Exception {
    try {
      return ended.get(20, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      return "it goes on";
    }
  }

  private void hangUp() {
    if (socket >= 0) {
      guest.calls.close(socket);
    }
    socket = -1;
  }

  @AfterEach
  void close() throws Exception {
    hangUp();
    ended.complete("");
    guest.close();
  }

  private static byte[] message(int request, int flags, int size, Object... fields) {
    ByteBuffer out = ByteBuffer.allocate(2048).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(request).putInt(flags).putInt(size);
    for (Object field : fields) {
      if (field instanceof Integer i) {
        out.putInt(i);
      } else {
        out.putLong(assertInstanceOf(Long.class, field));
      }
    }
    if (size < 0) {
      out.putInt(8, out.position() - Vhost.HEADER);
    }
    return java.util.Arrays.copyOf(out.array(), out.position());
  }

  private void say(int request, int flags, List<Integer> descriptors, Object... fields) {
    int[] all = descriptors.stream().mapToInt(Integer::intValue).toArray();
    guest.front.send(socket, message(request, flags, -1, fields), all);
  }

  private long answer(int request) {
    byte[] bytes = new byte[20];
    List<Integer> none = new ArrayList<>();
    for (int at = 0; at < 20; ) {
      int n = guest.calls.receive(socket, bytes, at, 20 - at, none);
      assertTrue(n > 0, "no answer to " + request);
      at += n;
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(request, in.getInt());
    assertEquals(Vhost.VERSION | Vhost.REPLY, in.getInt());
    assertEquals(8, in.getInt());
    return in.getLong();
  }

  private long ask(int request, Object... fields) {
    say(request, Vhost.VERSION, List.of(), fields);
    return answer(request);
  }

  private void tell(int request, List<Integer> descriptors, Object... fields) {
    say(request, NEEDS_REPLY, descriptors, fields);
    assertEquals(0, answer(request));
  }

  private void greet() {
    assertEquals(Vhost.FEATURES, ask(Vhost.GET_FEATURES));
    assertEquals(9, ask(Vhost.GET_PROTOCOL_FEATURES));
    tell(Vhost.SET_PROTOCOL_FEATURES, List.of(), 9L);
    assertEquals(2, ask(Vhost.GET_QUEUE_NUM));
    tell(Vhost.SET_OWNER, List.of());
    tell(Vhost.SET_FEATURES, List.of(), Vhost.FEATURES);
  }

  private void describeMemory() {
    tell(
        Vhost.SET_MEM_TABLE,
        List.of(guest.file),
        1,
        0,
        FakeGuest.GUEST,
        (long) FakeGuest.MEMORY,
        FakeGuest.MONITOR,
        0L);
  }

  private void startRing(int number) {
    tell(Vhost.SET_VRING_NUM, List.of(), number, FakeGuest.SIZE);
    tell(Vhost.SET_VRING_BASE, List.of(), number, 0);
    tell(
        Vhost.SET_VRING_ADDR,
        List.of(),
        number,
        0,
        FakeGuest.MONITOR + FakeGuest.DESCRIPTORS,
        FakeGuest.MONITOR + FakeGuest.USED,
        FakeGuest.MONITOR + FakeGuest.AVAILABLE,
        0L);
    tell(Vhost.SET_VRING_CALL, List.of(guest.call), (long) number);
    tell(Vhost.SET_VRING_ERR, List.of(guest.call), (long) number);
    tell(Vhost.SET_VRING_KICK, List.of(guest.kick), (long) number);
    tell(Vhost.SET_VRING_ENABLE, List.of(), number, 1);
  }

  private void awaitCall() {
    boolean[] ready = new boolean[1];
    assertEquals(1, guest.calls.poll(new int[] {guest.call}, ready, 20_000));
    guest.calls.take(guest.call);
  }

  private void echo() {
    guest.put(0x5000, new byte[] {1, 2, 3});
    guest.descriptor(0, 0x5000, 3, Vhost.NEXT, 1);
    guest.descriptor(1, 0x6000, 3, Vhost.WRITE, 0);
    int before = guest.returned();
    guest.offer(0);
    guest.calls.tell(guest.kick);
    while (guest.returned() == before) {
      awaitCall();
    }
    assertEquals(2, guest.bytes(0x6000, 3)[1]);
  }

  @Test
  void aRingIsServedFromItsStartToItsEnd() throws Exception {
    begin();
    greet();
    describeMemory();
    startRing(1);
    echo();
    echo();
    // The same memory, described anew.
    describeMemory();
    echo();
    assertEquals(1 | 3L << 32, ask(Vhost.GET_VRING_BASE, 1, 0));
    hangUp();
    assertEquals("", end());
  }

  @Test
  void whatWasThereBeforeTheFirstKickIsServed() throws Exception {
    begin();
    greet();
    describeMemory();
    guest.descriptor(0, 0x5000, 3, Vhost.NEXT, 1);
    guest.descriptor(1, 0x6000, 3, Vhost.WRITE, 0);
    guest.offer(0);
    startRing(0);
    while (guest.returned() == 0) {
      awaitCall();
    }
    hangUp();
    assertEquals("", end());
  }

  @Test
  void memoryThatIsCutOffEndsItAndNothingElse() throws Exception {
    begin();
    greet();
    describeMemory();
    startRing(1);
    echo();
    // The pages of this test's own map are not touched any more.
    guest.front.truncate(guest.file, 0);
    guest.calls.tell(guest.kick);
    String why = end();
    assertTrue(why.equals("cut off") || why.contains("ring"), why);
  }

  private void refused(String why, byte[] bytes, int... descriptors) throws Exception {
    begin();
    greet();
    guest.front.send(socket, bytes, descriptors);
    if (why.equals("cut off")) {
      hangUp();
    }
    assertTrue(end().contains(why), why + ": " + end());
    hangUp();
  }

  @Test
  void aHostileMonitorIsRefused() throws Exception {
    int file = guest.file;
    refused("a message of", message(Vhost.SET_OWNER, 1, 100_000));
    refused("a message of", withSize(message(Vhost.SET_OWNER, 1, 0), -1));
    refused("another version", message(Vhost.SET_OWNER, 2, 0));
    refused("another version", message(Vhost.SET_OWNER, 1 | Vhost.REPLY, 0));
    refused("cut off", message(Vhost.SET_FEATURES, 1, 8, 1));
    refused("unknown here", message(0, 1, 0));
    refused("unknown here", message(99, 1, 0));
    refused("not offered", message(Vhost.SET_FEATURES, 1, -1, 1L << 28));
    refused("not offered", message(Vhost.SET_PROTOCOL_FEATURES, 1, -1, 1L << 5));
    refused("not there", message(Vhost.SET_VRING_NUM, 1, -1, 2, 8));
    refused("not there", message(Vhost.SET_VRING_ENABLE, 1, -1, -1, 1));
    refused("not there", message(Vhost.GET_VRING_BASE, 1, -1, 7, 1));
    refused("not there", message(Vhost.SET_VRING_KICK, 1, -1, 2L), guest.kick);
    refused("wrong length", message(Vhost.SET_VRING_ADDR, 1, -1, 1, 0));
    refused("wrong length", message(Vhost.SET_FEATURES, 1, -1, 1));
    refused("wrong length", message(Vhost.SET_MEM_TABLE, 1, -1, 1), file);
    refused("no event", message(Vhost.SET_VRING_KICK, 1, -1, 1L));
    refused("no event", message(Vhost.SET_VRING_KICK, 1, -1, 1L | Vhost.NO_DESCRIPTOR));
    refused("no event", message(Vhost.SET_VRING_CALL, 1, -1, 1L), file, file);
    refused("descriptors with", message(Vhost.SET_OWNER, 1, 0), file);
    long memory = FakeGuest.MEMORY;
    refused("0 parts", message(Vhost.SET_MEM_TABLE, 1, -1, 0, 0));
    refused("9 parts", message(Vhost.SET_MEM_TABLE, 1, -1, 9, 0), file);
    refused("2 parts", message(Vhost.SET_MEM_TABLE, 1, -1, 2, 0, 0L, memory, 0L, 0L), file);
    refused("1 parts", message(Vhost.SET_MEM_TABLE, 1, -1, 1, 0, 0L, memory, 0L, 0L));
    refused("more memory", message(Vhost.SET_MEM_TABLE, 1, -1, 1, 0, 0L, memory, 0L, 4096L), file);
    refused("cut off", message(Vhost.SET_OWNER, 1, 0), 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }

  private static byte[] withSize(byte[] message, int size) {
    ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).putInt(8, size);
    return message;
  }

  @Test
  void somethingElseThanAnEventEndsIt() throws Exception {
    begin();
    greet();
    describeMemory();
    startRing(1);
    int[] ends = guest.front.socketPair();
    tell(Vhost.SET_VRING_KICK, List.of(ends[0]), 1L);
    guest.calls.close(ends[0]);
    guest.calls.close(ends[1]);
    assertTrue(end().contains("something else than an event"), end());
  }

  @Test
  void whatCameWithARefusedMessageIsClosed() throws Exception {
    int[] ends = guest.front.socketPair();
    refused("descriptors with", message(Vhost.SET_OWNER, 1, 0), ends[0]);
    guest.calls.close(ends[0]);
    assertEquals(0, guest.calls.receive(ends[1], new byte[1], 0, 1, new ArrayList<>()));
    guest.calls.close(ends[1]);
  }
}
