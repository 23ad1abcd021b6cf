package dev.vivarium.engine.watch.calls;

import org.jspecify.annotations.Nullable;

/**
 * What an argument is.
 *
 * @param type its sort
 * @param in whether it points to what goes into the call
 * @param out whether it points to what comes out of it
 * @param count how many elements: a number, or {@code -1 - N} for as many as argument N says, or
 *     {@link #RESULT} for as many as the result says
 * @param set the names of its bits or values; null for none
 * @param struct what it points to; null for none
 */
public record Kind(
    Type type, boolean in, boolean out, int count, @Nullable NameSet set, @Nullable Struct struct) {

  /** As many as the result says. */
  public static final int RESULT = -100;

  /** Sorts of arguments. */
  public enum Type {
    INT,
    UINT,
    LONG,
    ULONG,
    /** An address. */
    HEX,
    /** A number that is shown as an address is. */
    HEX_NUMBER,
    OCTAL,
    DEVICE,
    FD,
    DIRECTORY_FD,
    PID,
    UID,
    SIGNAL,
    PATH,
    STRING,
    FLAGS,
    ENUM,
    STRINGS,
    ENVIRONMENT,
    BYTES,
    STRUCT,
    SOCKET_ADDRESS,
    IO_VECTOR,
    /** A {@code struct msghdr} with its address, its buffers and its control messages. */
    MESSAGE,
    /** An array of {@code struct mmsghdr}: such headers, each with a length behind it. */
    MESSAGES,
    /** Not an argument of this case of the call. */
    NONE,
    /** Descriptors as select(2) has them: a bit each, of as many as {@link #count} says. */
    FD_SET
  }

  /** How many elements, of what the arguments and the result say; at least 0. */
  public long elements(long[] arguments, long result) {
    if (count == RESULT) {
      return Math.max(0, result);
    }
    return count >= 0 ? count : Math.max(0, arguments[-1 - count]);
  }

  /** Whether it is shown as a text in quotes, or bytes. */
  boolean isQuoted() {
    return type == Type.PATH || type == Type.STRING || type == Type.BYTES;
  }

  /** Whether what it points to is part of the event. */
  public boolean isPointer() {
    return switch (type) {
      case PATH,
          STRING,
          STRINGS,
          ENVIRONMENT,
          BYTES,
          STRUCT,
          SOCKET_ADDRESS,
          IO_VECTOR,
          MESSAGE,
          MESSAGES,
          FD_SET ->
          true;
      default -> false;
    };
  }
}
