package dev.vivarium.sentry.gofer;

import dev.vivarium.engine.memory.Fields;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The answer to one request.
 *
 * @param error 0 or a negative errno
 * @param fd a descriptor that came with it, now the receiver's; or -1
 * @param more descriptors that came after that one, the receiver's too
 */
@SuppressWarnings("ArrayRecordComponent")
record Reply(
    int error,
    int handle,
    int count,
    long value,
    Attributes node,
    byte[] payload,
    int fd,
    int[] more) {
  private static final byte[] NOTHING = {};
  private static final int[] NONE = {};
  private static final Attributes NO_NODE = new Attributes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  static Reply failed(int error) {
    return new Reply(error, 0, 0, 0, NO_NODE, NOTHING, -1, NONE);
  }

  static Reply read(MemorySegment from, int length, int[] fds) {
    byte[] header = new byte[Wire.REPLY_SIZE];
    Fields.copy(from, 0, header, 0, header.length);
    int payloadLength = length - Wire.REPLY_SIZE;
    byte[] payload = NOTHING;
    if (payloadLength > 0) {
      payload = new byte[payloadLength];
      Fields.copy(from, Wire.REPLY_SIZE, payload, 0, payloadLength);
    }
    return new Reply(
        Fields.getInt(header, Wire.REPLY_ERROR),
        Fields.getInt(header, Wire.REPLY_HANDLE),
        Fields.getInt(header, Wire.REPLY_COUNT),
        Fields.getLong(header, Wire.REPLY_VALUE),
        Attributes.read(header, Wire.REPLY_NODE),
        payload,
        fds.length == 0 ? -1 : fds[0],
        fds.length < 2 ? NONE : Arrays.copyOfRange(fds, 1, fds.length));
  }
}
