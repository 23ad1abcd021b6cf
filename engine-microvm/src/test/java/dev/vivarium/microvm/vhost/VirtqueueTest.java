package dev.vivarium.microvm.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A ring as a guest's kernel uses it, and as one does that has been taken over. */
class VirtqueueTest {
  private static final int ROOM = Vhost.WRITE;

  private final FakeGuest guest = new FakeGuest();
  private final List<String> asked = new ArrayList<>();
  private GuestMemory memory;
  private Virtqueue queue;

  @BeforeEach
  void begin() throws Exception {
    memory = new GuestMemory(guest.calls);
    memory.add(FakeGuest.GUEST, FakeGuest.MEMORY, FakeGuest.MONITOR, 0, guest.file);
    queue = ring();
  }

  private Virtqueue ring() throws Exception {
    Virtqueue made = new Virtqueue(guest.calls);
    made.setSize(FakeGuest.SIZE);
    made.place(
        FakeGuest.MONITOR + FakeGuest.DESCRIPTORS,
        FakeGuest.MONITOR + FakeGuest.AVAILABLE,
        FakeGuest.MONITOR + FakeGuest.USED);
    made.setKick(guest.front.event());
    made.setCall(guest.front.event());
    made.enable(true);
    return made;
  }

  @AfterEach
  void end() {
    queue.close();
    memory.close();
    guest.close();
  }

  /** Says what it was asked in capitals; nothing to what begins with a dot. */
  private ByteBuffer shout(byte[] request) {
    String text = new String(request, StandardCharsets.US_ASCII);
    asked.add(text);
    return text.startsWith(".")
        ? null
        : ByteBuffer.wrap(text.toUpperCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII));
  }

  private boolean serve() throws Exception {
    return queue.serve(memory, this::shout);
  }

  private void put(long place, String text) {
    guest.put(place, text.getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void aRequestInPartsIsAnsweredInParts() throws Exception {
    put(0x5000, "hel");
    put(0x6000, "lo");
    guest.descriptor(3, 0x5000, 3, Vhost.NEXT, 1);
    guest.descriptor(1, 0x6000, 2, Vhost.NEXT, 0);
    guest.descriptor(0, 0x7000, 1, ROOM | Vhost.NEXT, 2);
    guest.descriptor(2, 0x8000, 100, ROOM, 0);
    guest.offer(3);
    assertFalse(serve());
    assertEquals(List.of("hello"), asked);
    assertEquals(1, guest.returned());
    assertEquals(5, guest.length(0));
    assertEquals("H", guest.text(0x7000, 1));
    assertEquals("ELLO", guest.text(0x8000, 4));
  }

  @Test
  void theGuestIsToldOfAnAnswerUnlessItWantsNot() throws Exception {
    int call = guest.front.event();
    queue.setCall(call);
    assertEquals(8, guest.calls.take(call), "of what may have been missed");
    put(0x5000, ".");
    guest.descriptor(0, 0x5000, 1, 0, 0);
    guest.offer(0);
    serve();
    assertEquals(0, guest.length(0));
    assertEquals(8, guest.calls.take(call));
    guest.memory.set(
        java.lang.foreign.ValueLayout.JAVA_SHORT, FakeGuest.AVAILABLE, (short) Vhost.NO_INTERRUPT);
    guest.offer(0);
    serve();
    assertEquals(2, guest.returned());
    assertTrue(guest.calls.take(call) < 0);
  }

  @Test
  void indicesGoRound() throws Exception {
    put(0x5000, "x");
    guest.descriptor(0, 0x5000, 1, Vhost.NEXT, 1);
    guest.descriptor(1, 0x6000, 1, ROOM, 0);
    for (int i = 0; i < 0x10000 + 3; i++) {
      guest.offer(0);
      serve();
    }
    assertEquals(3, guest.returned());
    assertEquals(0x10000 + 3, asked.size());
  }

  @Test
  void aFullRingIsServedButNotForEver() throws Exception {
    put(0x5000, ".");
    guest.descriptor(0, 0x5000, 1, 0, 0);
    for (int i = 0; i < FakeGuest.SIZE; i++) {
      guest.offer(0);
    }
    assertTrue(serve(), "there may be more");
    assertFalse(serve());
    assertEquals(FakeGuest.SIZE, guest.returned());
  }

  @Test
  void whatLiesInTwoPartsOfMemoryIsOne() throws Exception {
    memory.close();
    memory = new GuestMemory(guest.calls);
    long half = FakeGuest.MEMORY / 2;
    memory.add(FakeGuest.GUEST + half, half, FakeGuest.MONITOR + half, half, guest.file);
    memory.add(FakeGuest.GUEST, half, FakeGuest.MONITOR, 0, guest.file);
    put(half - 2, "abcd");
    guest.descriptor(0, half - 2, 4, Vhost.NEXT, 1);
    guest.descriptor(1, half - 3, 4, ROOM, 0);
    guest.offer(0);
    serve();
    assertEquals(List.of("abcd"), asked);
    assertEquals("ABCD", guest.text(half - 3, 4));
  }

  @Test
  void whatIsWrittenAnewMeanwhileIsNotReadAgain() throws Exception {
    put(0x5000, "x");
    guest.descriptor(0, 0x5000, 1, Vhost.NEXT, 1);
    guest.descriptor(1, 0x6000, 8, ROOM, 0);
    guest.offer(0);
    queue.serve(
        memory,
        request -> {
          guest.raw(1, -1, -1, ROOM | Vhost.NEXT, 1);
          return shout(request);
        });
    assertEquals("X", guest.text(0x6000, 1));
  }

  private void refused(String why, Consumer<FakeGuest> hostile) throws Exception {
    queue.close();
    queue = ring();
    int before = guest.returned();
    queue.setNext(before);
    asked.clear();
    put(0x5000, "x");
    hostile.accept(guest);
    VhostException e = assertThrows(VhostException.class, this::serve, why);
    assertTrue(String.valueOf(e.getMessage()).contains(why), e.getMessage());
    assertEquals(before, guest.returned());
    guest.jump(-1);
  }

  @Test
  void aHostileGuestIsRefused() throws Exception {
    refused(
        "in a circle",
        g -> {
          g.descriptor(0, 0x5000, 1, Vhost.NEXT, 1);
          g.descriptor(1, 0x5000, 1, Vhost.NEXT, 0);
          g.offer(0);
        });
    refused("not in its ring", g -> g.offer(FakeGuest.SIZE));
    refused("not in its ring", g -> g.offer(0xffff));
    refused(
        "not in its ring",
        g -> {
          g.descriptor(0, 0x5000, 1, Vhost.NEXT, FakeGuest.SIZE);
          g.offer(0);
        });
    for (long address : new long[] {0, FakeGuest.GUEST - 1, -1, Long.MIN_VALUE, 1L << 62}) {
      refused(
          "no memory",
          g -> {
            g.raw(0, address, 2, 0, 0);
            g.offer(0);
          });
    }
    refused(
        "no memory",
        g -> {
          g.descriptor(0, FakeGuest.MEMORY - 1, 2, 0, 0);
          g.offer(0);
        });
    refused(
        "too long",
        g -> {
          g.descriptor(0, 0x5000, -1, 0, 0);
          g.offer(0);
        });
    refused(
        "too long",
        g -> {
          g.descriptor(0, 0x5000, 60_000, Vhost.NEXT, 1);
          g.descriptor(1, 0x5000, 60_000, 0, 0);
          g.offer(0);
        });
    refused(
        "indirect",
        g -> {
          g.descriptor(0, 0x5000, 16, Vhost.INDIRECT, 0);
          g.offer(0);
        });
    refused(
        "after its room",
        g -> {
          g.descriptor(0, 0x6000, 16, ROOM | Vhost.NEXT, 1);
          g.descriptor(1, 0x5000, 1, 0, 0);
          g.offer(0);
        });
    refused(
        "too little room",
        g -> {
          g.descriptor(0, 0x5000, 1, 0, 0);
          g.offer(0);
        });
    refused(
        "no memory",
        g -> {
          g.descriptor(0, 0x5000, 1, Vhost.NEXT, 1);
          g.raw(1, 8, 16, ROOM, 0);
          g.offer(0);
        });
    refused("more into a ring than fits", g -> g.jump(FakeGuest.SIZE + 1));
  }

  @Test
  void aHostileMonitorIsRefused() {
    for (int size : new int[] {0, -1, 3, 2048, 1 << 30}) {
      assertThrows(VhostException.class, () -> queue.setSize(size), "size " + size);
    }
    assertThrows(VhostException.class, () -> queue.setNext(0x10000));
    assertThrows(VhostException.class, () -> queue.setNext(-1));
    long at = FakeGuest.MONITOR;
    assertThrows(VhostException.class, () -> queue.place(at + 8, at, at));
    assertThrows(VhostException.class, () -> queue.place(at, at + 1, at));
    assertThrows(VhostException.class, () -> queue.place(at, at, at + 2));
    for (long odd : new long[] {0, at - 16, at + FakeGuest.MEMORY, -16, Long.MIN_VALUE}) {
      assertThrows(
          VhostException.class,
          () -> {
            queue.place(at, odd, at);
            serve();
          },
          "at " + odd);
    }
    assertThrows(
        VhostException.class,
        () -> {
          queue.place(at + FakeGuest.MEMORY - 16, at, at);
          serve();
        });
  }

  @Test
  void memoryThatCannotBeIsRefused() {
    long size = FakeGuest.MEMORY;
    long[][] all = {
      {0, 0, 0, 0},
      {0, -1, 0, 0},
      {0, size + 1, 0, 0},
      {0, size, 0, 4096},
      {0, 4096, 0, 1},
      {0, 4096, 0, -4096},
      {-1, size, 0, 0},
      {0, size, -1, 0},
      {Long.MAX_VALUE, size, 0, 0},
      {0, size, Long.MAX_VALUE, 0},
      {0, Long.MAX_VALUE, 0, 4096},
      {0, 4096, 0, Long.MAX_VALUE - 4095},
    };
    for (long[] part : all) {
      assertThrows(
          VhostException.class,
          () -> memory.add(part[0], part[1], part[2], part[3], guest.file),
          java.util.Arrays.toString(part));
    }
  }
}
