package dev.vivarium.sentry.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PidTableTest {
  @Test
  void noMoreTasksThanTheLimit() {
    TaskWorld world = new TaskWorld();
    int before = world.kernel.pids().taskCount();
    int made = 0;
    while (world.kernel.pids().allocate() != 0) {
      world.addThread(world.init);
      made++;
      assertTrue(made <= 5000);
    }
    assertEquals(4096, before + made);
  }

  @Test
  void idsWrapAroundPastThoseInUseAndThoseReserved() {
    PidTable pids = new PidTable(10);
    Session session = new Session(305);
    pids.add(session);
    int last = 0;
    for (int i = 0; i < PidTable.PID_MAX - 1; i++) {
      last = pids.allocate();
      assertNotEquals(305, last);
    }
    assertTrue(last < 310, "it wrapped: " + last);
    assertTrue(last >= 300, "reserved: " + last);
  }
}
