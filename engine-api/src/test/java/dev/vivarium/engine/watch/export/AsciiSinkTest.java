package dev.vivarium.engine.watch.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AsciiSinkTest {
  private static final class Pieces extends ByteArrayOutputStream {
    final List<Integer> sizes = new ArrayList<>();
    boolean closed;

    @Override
    public synchronized void write(byte[] bytes, int from, int length) {
      sizes.add(length);
      super.write(bytes, from, length);
    }

    @Override
    public void write(byte[] bytes) {
      write(bytes, 0, bytes.length);
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  @Test
  void manyLinesAreWrittenInFewPiecesAndNoneIsLost() throws IOException {
    Pieces pieces = new Pieces();
    StringBuilder wanted = new StringBuilder();
    try (AsciiSink sink = new AsciiSink(pieces)) {
      for (int i = 0; i < 20_000; i++) {
        String line = "line " + i;
        wanted.append(line).append('\n');
        sink.append(new StringBuilder(line)).append('\n');
      }
    }
    assertEquals(wanted.toString(), pieces.toString(StandardCharsets.US_ASCII));
    assertTrue(pieces.sizes.size() < 10, pieces.sizes.toString());
    assertTrue(pieces.closed);
  }

  @Test
  void aFlushWritesWhatThereIsAndNothingWithoutAny() throws IOException {
    Pieces pieces = new Pieces();
    AsciiSink sink = new AsciiSink(pieces);
    sink.flush();
    assertEquals(List.of(), pieces.sizes);
    sink.append("abc", 1, 3).flush();
    sink.flush();
    assertEquals(List.of(2), pieces.sizes);
  }

  @Test
  void everyByteComesOutAsItWas() throws IOException {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    Pieces pieces = new Pieces();
    try (AsciiSink sink = new AsciiSink(pieces)) {
      sink.append(new String(all, StandardCharsets.ISO_8859_1));
    }
    assertArrayEquals(all, pieces.toByteArray());
  }
}
