package dev.vivarium.microvm.agent;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;

/** Reads frames one after the other; the payload of each is valid until the next. */
final class FrameReader {
  private final ReadableByteChannel channel;
  private final ByteBuffer buffer =
      ByteBuffer.allocateDirect(4 * (AgentProtocol.HEADER + AgentProtocol.MAX_PAYLOAD))
          .order(ByteOrder.LITTLE_ENDIAN)
          .flip();
  private int type;
  private int process;
  private ByteBuffer payload = buffer;

  FrameReader(ReadableByteChannel channel) {
    this.channel = channel;
  }

  /**
   * Waits for the next frame.
   *
   * @throws EOFException if the other end is gone
   * @throws AgentException if it is not a frame
   */
  void next() throws IOException {
    need(AgentProtocol.HEADER);
    int length = buffer.getInt();
    type = Short.toUnsignedInt(buffer.getShort());
    int zero = buffer.getShort();
    process = buffer.getInt();
    if (length < 0 || length > AgentProtocol.MAX_PAYLOAD || zero != 0) {
      throw new AgentException("the agent sent what is not a frame");
    }
    need(length);
    payload = buffer.slice(buffer.position(), length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.position(buffer.position() + length);
  }

  private void need(int bytes) throws IOException {
    while (buffer.remaining() < bytes) {
      buffer.compact();
      int n = channel.read(buffer);
      buffer.flip();
      if (n < 0) {
        throw new EOFException("the agent is gone");
      }
    }
  }

  int type() {
    return type;
  }

  int process() {
    return process;
  }

  int remaining() {
    return payload.remaining();
  }

  int u8() throws AgentException {
    return Byte.toUnsignedInt(take(1).get());
  }

  int u16() throws AgentException {
    return Short.toUnsignedInt(take(2).getShort());
  }

  int u32() throws AgentException {
    return take(4).getInt();
  }

  long u64() throws AgentException {
    return take(8).getLong();
  }

  /** A text of at most {@code limit} bytes; what is not UTF-8 in it is replaced. */
  String string(int limit) throws AgentException {
    int length = u32();
    if (length < 0 || length > limit) {
      throw new AgentException("the agent sent a text of " + Integer.toUnsignedString(length));
    }
    byte[] bytes = new byte[length];
    take(length).get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** So many bytes. */
  byte[] bytes(int count) throws AgentException {
    byte[] bytes = new byte[count];
    take(count).get(bytes);
    return bytes;
  }

  /** What is left of the payload. */
  byte[] rest() {
    byte[] bytes = new byte[payload.remaining()];
    payload.get(bytes);
    return bytes;
  }

  private ByteBuffer take(int bytes) throws AgentException {
    if (payload.remaining() < bytes) {
      throw new AgentException("the agent sent a frame that is too short: type " + type);
    }
    return payload;
  }
}
