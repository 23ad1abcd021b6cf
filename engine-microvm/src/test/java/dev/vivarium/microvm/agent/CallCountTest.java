package dev.vivarium.microvm.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import org.junit.jupiter.api.Test;

class CallCountTest {
  /** As watch.c puts it together for the guest's kernel. */
  private static int bucket(long nanos) {
    int high = nanos == 0 ? 0 : 63 - Long.numberOfLeadingZeros(nanos);
    return high < 4 ? (int) nanos : (high - 3) * 16 + (int) (nanos >>> (high - 4) & 15);
  }

  @Test
  void theMiddleOfABucketIsWithinSixPercentOfAllThatCountsThere() {
    for (long nanos = 0; nanos < 1L << 42; nanos = nanos * 17 / 16 + 1) {
      long middle = CallCount.middle(bucket(nanos));
      assertTrue(Math.abs(middle - nanos) <= nanos / 16, nanos + " became " + middle);
    }
  }

  private static FrameReader frame(FrameWriter payload) throws Exception {
    ByteBuffer bytes = payload.frame(AgentProtocol.CALLS, 0);
    byte[] all = new byte[bytes.remaining()];
    bytes.get(all);
    FrameReader reader = new FrameReader(Channels.newChannel(new ByteArrayInputStream(all)));
    reader.next();
    return reader;
  }

  @Test
  void countsComeAsTheyWereMade() throws Exception {
    CallCount c =
        CallCount.read(
            frame(
                new FrameWriter()
                    .u32(39)
                    .u64(5)
                    .u64(2)
                    .u64(1_000_500)
                    .u64(1_000_000)
                    .u16(bucket(125))
                    .u64(4)
                    .u16(bucket(1_000_000))
                    .u64(1)));
    assertEquals(39, c.number());
    assertEquals(2, c.failures());
    assertEquals(5, c.latency().count());
    assertEquals(1_000_500, c.latency().sum());
    assertEquals(1_000_000, c.latency().max());
    assertTrue(Math.abs(c.latency().percentile(50) - 125) < 8, "" + c.latency().percentile(50));
  }

  @Test
  void whatThereIsNotIsRefused() throws Exception {
    FrameReader beyond = frame(new FrameWriter().u32(512).u64(1).u64(0).u64(1).u64(1));
    assertThrows(AgentException.class, () -> CallCount.read(beyond));
    FrameReader shorter = frame(new FrameWriter().u32(1).u64(1));
    assertThrows(AgentException.class, () -> CallCount.read(shorter));
    CallCount odd =
        CallCount.read(
            frame(new FrameWriter().u32(1).u64(-1).u64(-1).u64(-1).u64(-1).u16(65535).u64(-1)));
    assertEquals(0, odd.latency().count());
  }
}
