package dev.vivarium.microvm.files;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The answer to one request, with room for the header of the frame that it travels in. */
final class FuseReply {
  /** Of the frame. */
  static final int FRONT = 12;

  private static final int MAX_PAYLOAD = 65536;

  private final ByteBuffer out =
      ByteBuffer.allocate(FRONT + MAX_PAYLOAD).order(ByteOrder.LITTLE_ENDIAN);

  FuseReply clear() {
    out.clear().position(FRONT + Fuse.OUT_HEADER);
    return this;
  }

  /** How much more there is room for. */
  int room() {
    return out.remaining();
  }

  int length() {
    return out.position() - FRONT - Fuse.OUT_HEADER;
  }

  FuseReply u16(int value) {
    out.putShort((short) value);
    return this;
  }

  FuseReply u32(int value) {
    out.putInt(value);
    return this;
  }

  FuseReply u64(long value) {
    out.putLong(value);
    return this;
  }

  FuseReply zeros(int count) {
    for (int i = 0; i < count; i++) {
      out.put((byte) 0);
    }
    return this;
  }

  FuseReply bytes(byte[] bytes, int from, int length) {
    out.put(bytes, from, length);
    return this;
  }

  /** Where the next goes, for {@link #backTo}. */
  int mark() {
    return out.position();
  }

  /** Takes back what was put since. */
  void backTo(int mark) {
    out.position(mark);
  }

  /** The memory behind it, for who copies into it at {@link #mark}. */
  byte[] array() {
    return out.array();
  }

  void advance(int count) {
    out.position(out.position() + count);
  }

  /**
   * The whole, from its FUSE header on, with room for the frame's header before it.
   *
   * @param error 0 or a negative errno, with which nothing else is sent
   */
  ByteBuffer finish(long unique, int error) {
    int end = error == 0 ? out.position() : FRONT + Fuse.OUT_HEADER;
    out.putInt(FRONT, end - FRONT).putInt(FRONT + 4, error).putLong(FRONT + 8, unique);
    return out.limit(end).position(FRONT);
  }
}
