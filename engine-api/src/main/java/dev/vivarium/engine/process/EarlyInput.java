package dev.vivarium.engine.process;

import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What is typed before there are streams to put it into: at most what a client may send unasked.
 */
final class EarlyInput {
  private final List<byte[]> data = new ArrayList<>();
  private int length;
  private boolean ended;

  void add(byte[] bytes) throws IOException {
    if (length + bytes.length > ControlMessage.WINDOW) {
      throw new IOException("more input sent than was granted");
    }
    // Else empty messages could fill the memory.
    if (bytes.length > 0 && !ended) {
      length += bytes.length;
      data.add(bytes);
    }
  }

  void end() {
    ended = true;
  }

  /** Hands it on. */
  void moveTo(GuestStdio streams, ControlConnection from) throws IOException {
    for (byte[] bytes : data) {
      streams.feed(from, bytes);
    }
    data.clear();
    if (ended) {
      streams.endInput(from);
    }
  }
}
