package dev.vivarium.microvm.agent;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;

/** Puts a frame's payload together; the header comes first and is filled in at the end. */
final class FrameWriter {
  private final ByteBuffer buffer =
      ByteBuffer.allocate(AgentProtocol.HEADER + AgentProtocol.MAX_PAYLOAD)
          .order(ByteOrder.LITTLE_ENDIAN)
          .position(AgentProtocol.HEADER);

  FrameWriter u8(int value) {
    buffer.put((byte) value);
    return this;
  }

  FrameWriter u16(int value) {
    buffer.putShort((short) value);
    return this;
  }

  FrameWriter u32(int value) {
    buffer.putInt(value);
    return this;
  }

  FrameWriter u64(long value) {
    buffer.putLong(value);
    return this;
  }

  FrameWriter bytes(byte[] bytes) {
    return u32(bytes.length).raw(bytes, 0, bytes.length);
  }

  FrameWriter raw(byte[] bytes, int offset, int length) {
    buffer.put(bytes, offset, length);
    return this;
  }

  FrameWriter string(String text) {
    return bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  FrameWriter list(Collection<String> texts) {
    u32(texts.size());
    texts.forEach(this::string);
    return this;
  }

  /** The whole frame, ready to be written. */
  ByteBuffer frame(int type, int process) {
    buffer.flip();
    return header(buffer, buffer.limit() - AgentProtocol.HEADER, type, process);
  }

  /** Writes the header of a frame at the position of a buffer that has its payload behind it. */
  static ByteBuffer header(ByteBuffer frame, int length, int type, int process) {
    int at = frame.position();
    return frame
        .putInt(at, length)
        .putShort(at + 4, (short) type)
        .putShort(at + 6, (short) 0)
        .putInt(at + 8, process);
  }
}
