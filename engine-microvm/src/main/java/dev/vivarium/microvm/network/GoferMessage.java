package dev.vivarium.microvm.network;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What a network gofer tells: {@code struct net_message} of its {@code protocol.h}, and what
 * follows.
 *
 * @param index of a published port, or the protocol's version in the first message
 * @param error 0 or an errno
 * @param rule the number of a rule of the policy, or negative
 * @param payload a name, or two numbers of bytes
 */
record GoferMessage(
    int event,
    int index,
    int error,
    int rule,
    int value,
    int kind,
    int protocol,
    int port,
    byte[] address,
    byte[] payload) {
  static final int REPLY = 1;
  static final int ACCEPTED = 2;
  static final int RESOLVED = 4;
  static final int OPENED = 5;
  static final int CLOSED = 6;
  static final int QUESTION = 7;

  static final int VERSION = 4;
  static final int HAS_V6 = 2;

  static final int ANSWER_REFUSE = 0;
  static final int ANSWER_ALLOW = 1;
  static final int ANSWER_NONE = 2;

  static final int TCP = 1;
  static final int UDP = 2;

  private static final int ANSWER = 8;
  private static final int REQUEST_SIZE = 32;
  private static final int SIZE = 60;
  private static final int LENGTH = 58;
  private static final int MAX_NAME = 253;

  /** Reads one. */
  static GoferMessage read(InputStream in) throws IOException {
    ByteBuffer head = ByteBuffer.wrap(exactly(in, SIZE)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] address = new byte[16];
    head.get(24, address);
    return new GoferMessage(
        Short.toUnsignedInt(head.getShort(4)),
        Short.toUnsignedInt(head.getShort(6)),
        head.getInt(8),
        head.getInt(12),
        head.getInt(16),
        Byte.toUnsignedInt(head.get(20)),
        Byte.toUnsignedInt(head.get(21)),
        Short.toUnsignedInt(Short.reverseBytes(head.getShort(22))),
        address,
        exactly(in, Short.toUnsignedInt(head.getShort(LENGTH))));
  }

  /** Whether it is about a stream. */
  boolean stream() {
    return protocol == TCP;
  }

  /** {@code struct net_request} with what a person said. */
  static byte[] answer(int number, int said) {
    return ByteBuffer.allocate(REQUEST_SIZE)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort(4, (short) ANSWER)
        .putShort(6, (short) said)
        .putInt(8, number)
        .array();
  }

  private static byte[] exactly(InputStream in, int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new EOFException("the network gofer is gone");
    }
    return bytes;
  }

  /** The name in the payload; what is no part of host names is shown as '?'. */
  String name() {
    StringBuilder b = new StringBuilder();
    for (byte c : Arrays.copyOf(payload, Math.min(payload.length, MAX_NAME))) {
      boolean plain =
          c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.';
      b.append(plain ? (char) c : '?');
    }
    return b.toString();
  }

  /** One of the numbers in the payload; 0 if it is not there. */
  long number(int which) {
    return payload.length < 8 * (which + 1)
        ? 0
        : ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).getLong(8 * which);
  }
}
