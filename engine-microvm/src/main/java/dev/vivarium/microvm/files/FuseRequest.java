package dev.vivarium.microvm.files;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** One request of a guest's kernel, read from front to back: hostile. */
final class FuseRequest {
  /** It is shorter than its kind must be, or a name in it is none. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1;

    Malformed() {
      super("a malformed request", null, false, false);
    }
  }

  private static final int MAX_NAME = 255;

  private final byte[] bytes;
  private final ByteBuffer in;
  final int opcode;
  final long unique;
  final long node;
  final int uid;
  final int gid;

  FuseRequest(byte[] bytes) throws Malformed {
    this.bytes = bytes;
    this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < Fuse.IN_HEADER || in.getInt() != bytes.length) {
      throw new Malformed();
    }
    opcode = in.getInt();
    unique = in.getLong();
    node = in.getLong();
    uid = in.getInt();
    gid = in.getInt();
    in.position(Fuse.IN_HEADER);
  }

  int u32() throws Malformed {
    try {
      return in.getInt();
    } catch (BufferUnderflowException e) {
      throw new Malformed();
    }
  }

  long u64() throws Malformed {
    try {
      return in.getLong();
    } catch (BufferUnderflowException e) {
      throw new Malformed();
    }
  }

  void skip(int count) throws Malformed {
    if (in.remaining() < count) {
      throw new Malformed();
    }
    in.position(in.position() + count);
  }

  /** A text that ends with a zero byte, as ISO-8859-1. */
  String text(int most) throws Malformed {
    int from = in.position();
    int to = from;
    while (to < bytes.length && bytes[to] != 0) {
      to++;
    }
    if (to == bytes.length || to - from > most) {
      throw new Malformed();
    }
    in.position(to + 1);
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }

  /** The name of something in a directory: one that leads nowhere else. */
  String name() throws Malformed {
    String name = text(MAX_NAME);
    if (name.isEmpty() || name.equals(".") || name.equals("..") || name.indexOf('/') >= 0) {
      throw new Malformed();
    }
    return name;
  }

  /** Where the next bytes are, of which there must be so many. */
  int data(int length) throws Malformed {
    if (length < 0 || in.remaining() < length) {
      throw new Malformed();
    }
    return in.position();
  }

  byte[] bytes() {
    return bytes;
  }
}
