package dev.vivarium.engine.watch.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.EventReader;
import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.Packet;
import dev.vivarium.engine.watch.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PcapOutputTest {
  private static final byte[] HERE = {127, 0, 0, 1};
  private static final byte[] HERE_6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

  @TempDir Path dir;

  /** Through a ring and out of it. */
  private ByteBuffer written(Packet... packets) throws IOException {
    Path file = dir.resolve("ring");
    EventWriter writer = EventWriter.create(file, 64, 1 << 16, System.nanoTime());
    StringBuilder out = new StringBuilder();
    try (EventReader others = new EventReader(file, true);
        EventReader reader = new EventReader(file, true, Set.of(EventKind.PACKET));
        PcapOutput pcap = new PcapOutput(out, 1_700_000_000_123_456_789L)) {
      Payload payload = new Payload();
      for (Packet p : packets) {
        p.write(writer, payload);
        pcap.accept(reader.poll().orElseThrow());
      }
      assertTrue(others.poll().isEmpty() && others.dropped() == 0);
    }
    return ByteBuffer.wrap(out.toString().getBytes(StandardCharsets.ISO_8859_1))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int sum(byte[] bytes, int from, int to, int start) {
    int sum = start;
    for (int i = from; i < to; i += 2) {
      sum += (bytes[i] & 0xff) << 8 | (i + 1 < to ? bytes[i + 1] & 0xff : 0);
    }
    while (sum > 0xffff) {
      sum = (sum & 0xffff) + (sum >>> 16);
    }
    return sum;
  }

  @Test
  void everyHeaderHasItsSum() throws IOException {
    Random random = new Random(3);
    for (int i = 0; i < 50; i++) {
      boolean v6 = random.nextBoolean();
      boolean tcp = random.nextBoolean();
      byte[] data = new byte[random.nextInt(i == 0 ? Packet.MOST : 40)];
      random.nextBytes(data);
      byte[] at = v6 ? HERE_6 : HERE;
      ByteBuffer file =
          written(
              new Packet(
                  tcp ? Packet.TCP : Packet.UDP,
                  at,
                  random.nextInt(65536),
                  at,
                  53,
                  random.nextInt(),
                  random.nextInt(),
                  Packet.ACK,
                  data.length,
                  data));
      assertEquals(0xa1b23c4d, file.getInt(0));
      assertEquals(101, file.getInt(20));
      assertEquals(1_700_000_000, file.getInt(24));
      int length = file.getInt(32);
      assertEquals(length, file.getInt(36));
      byte[] ip = Arrays.copyOfRange(file.array(), 40, 40 + length);
      int header = v6 ? 40 : 20;
      assertEquals(length, header + (tcp ? 20 : 8) + data.length);
      if (!v6) {
        assertEquals(0xffff, sum(ip, 0, 20, 0));
      }
      int pseudo = sum(ip, v6 ? 8 : 12, header, (tcp ? 6 : 17) + length - header);
      assertEquals(0xffff, sum(ip, header, length, pseudo));
      assertArrayEquals(data, Arrays.copyOfRange(ip, length - data.length, length));
    }
  }

  @Test
  void aLongDatagramIsCutAndSaysSo() throws IOException {
    byte[] part = new byte[Packet.MOST];
    ByteBuffer file = written(new Packet(Packet.UDP, HERE, 1, HERE, 2, 0, 0, 0, 60_000, part));
    assertEquals(28 + Packet.MOST, file.getInt(32));
    assertEquals(28 + 60_000, file.getInt(36));
    assertEquals(file.capacity(), 40 + 28 + Packet.MOST);
  }
}
