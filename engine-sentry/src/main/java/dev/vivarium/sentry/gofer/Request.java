package dev.vivarium.sentry.gofer;

import dev.vivarium.engine.memory.Fields;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** One request to the gofer; fields that an operation does not use stay 0 or empty. */
final class Request {
  final int op;
  int handle;
  int handle2;
  int flags;
  int mode;
  int uid;
  int gid;
  long offset;
  long atimeNanos;
  long mtimeNanos;
  String name = "";
  String name2 = "";

  Request(int op) {
    this.op = op;
  }

  Request at(GoferClient.Address address) {
    handle = address.handle();
    name = address.path();
    return this;
  }

  Request with(GoferClient.Address address) {
    handle2 = address.handle();
    name2 = address.path();
    return this;
  }

  /**
   * Writes it out; returns its length, or -1 if a name is too long.
   *
   * @param cpu where the caller looks for the reply, or {@link Wire#NO_CPU}
   */
  int write(MemorySegment to, int sequence, int cpu) {
    byte[] first = name.getBytes(StandardCharsets.ISO_8859_1);
    byte[] second = name2.getBytes(StandardCharsets.ISO_8859_1);
    if (first.length > Wire.MAX_PATH || second.length > Wire.MAX_PATH) {
      return -1;
    }
    to.asSlice(0, Wire.REQUEST_SIZE).fill((byte) 0);
    Fields.putInt(to, Wire.REQUEST_OP, op);
    Fields.putInt(to, Wire.REQUEST_SEQUENCE, sequence);
    Fields.putInt(to, Wire.REQUEST_HANDLE, handle);
    Fields.putInt(to, Wire.REQUEST_HANDLE2, handle2);
    Fields.putInt(to, Wire.REQUEST_FLAGS, flags);
    Fields.putInt(to, Wire.REQUEST_MODE, mode);
    Fields.putInt(to, Wire.REQUEST_UID, uid);
    Fields.putInt(to, Wire.REQUEST_GID, gid);
    Fields.putLong(to, Wire.REQUEST_OFFSET, offset);
    Fields.putLong(to, Wire.REQUEST_ATIME, atimeNanos);
    Fields.putLong(to, Wire.REQUEST_MTIME, mtimeNanos);
    Fields.putShort(to, Wire.REQUEST_NAME_LENGTH, (short) first.length);
    Fields.putShort(to, Wire.REQUEST_NAME2_LENGTH, (short) second.length);
    Fields.putInt(to, Wire.REQUEST_CPU, cpu);
    Fields.copy(first, 0, to, Wire.REQUEST_SIZE, first.length);
    Fields.copy(second, 0, to, Wire.REQUEST_SIZE + first.length, second.length);
    return Wire.REQUEST_SIZE + first.length + second.length;
  }
}
