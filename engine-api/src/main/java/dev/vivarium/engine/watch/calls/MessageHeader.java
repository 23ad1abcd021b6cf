package dev.vivarium.engine.watch.calls;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.Event.Item;
import dev.vivarium.engine.watch.Payload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** A {@code struct msghdr} with what it points to, as strace shows it. */
final class MessageHeader {
  private static final int SIZE = 56;
  private static final int CONTROL_HEADER = 16;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int SCM_CREDENTIALS = 2;

  private MessageHeader() {}

  /**
   * Shows one.
   *
   * @param buffers its vector, in text
   */
  static Optional<String> show(Event e, int argument, String buffers) {
    byte[] header = e.item(argument, Payload.BYTES).map(Item::bytes).orElse(new byte[0]);
    if (header.length < SIZE) {
      return Optional.empty();
    }
    ByteBuffer in = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    StringBuilder out = new StringBuilder("{msg_name=");
    out.append(
        e.item(argument, Payload.NAME)
            .map(name -> SocketAddress.show(name.bytes()))
            .orElse(address(in.getLong(0))));
    out.append(", msg_namelen=").append(Integer.toUnsignedString(in.getInt(8)));
    out.append(", msg_iov=").append(buffers);
    out.append(", msg_iovlen=").append(Long.toUnsignedString(in.getLong(24)));
    long length = in.getLong(40);
    if (length != 0) {
      out.append(", msg_control=");
      Optional<Item> control = e.item(argument, Payload.CONTROL);
      out.append(
          control.isEmpty() ? address(in.getLong(32)) : control(control.get().bytes(), length));
    }
    out.append(", msg_controllen=").append(Long.toUnsignedString(length));
    String flags =
        CallTable.get()
            .set("msg")
            .map(set -> set.bits(Integer.toUnsignedLong(in.getInt(48))))
            .orElse("");
    return Optional.of(out.append(", msg_flags=").append(flags).append('}').toString());
  }

  private static String address(long address) {
    return address == 0 ? "NULL" : "0x" + Long.toHexString(address);
  }

  /** The messages of which the whole was kept. */
  private static String control(byte[] bytes, long whole) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    StringBuilder out = new StringBuilder("[");
    int at = 0;
    while (at + CONTROL_HEADER <= bytes.length) {
      long length = in.getLong(at);
      if (length < CONTROL_HEADER || length > bytes.length - at) {
        break;
      }
      out.append(at == 0 ? "" : ", ");
      one(in, at, (int) length, out);
      // The next begins at a multiple of 8, which may be behind the end.
      at += (int) (length + 7 & ~7L);
    }
    if (at < whole) {
      out.append(at == 0 ? "..." : ", ...");
    }
    return out.append(']').toString();
  }

  private static void one(ByteBuffer in, int at, int length, StringBuilder out) {
    int level = in.getInt(at + 8);
    int type = in.getInt(at + 12);
    CallTable table = CallTable.get();
    out.append("{cmsg_len=").append(length).append(", cmsg_level=");
    out.append(table.set("sol").orElseThrow().value(level)).append(", cmsg_type=");
    out.append(level == SOL_SOCKET ? table.set("scm").orElseThrow().value(type) : hex(type));
    int from = at + CONTROL_HEADER;
    int size = length - CONTROL_HEADER;
    if (size > 0) {
      out.append(", cmsg_data=");
      byte[] data = Arrays.copyOfRange(in.array(), from, from + size);
      if (level == SOL_SOCKET && type == SCM_RIGHTS) {
        out.append('[');
        for (int i = 0; i + 4 <= size; i += 4) {
          out.append(i == 0 ? "" : ", ").append(in.getInt(from + i));
        }
        out.append(']');
      } else if (level == SOL_SOCKET && type == SCM_CREDENTIALS) {
        out.append(table.struct("ucred").show(data, 0));
      } else {
        out.append(Escape.quoted(new String(data, StandardCharsets.ISO_8859_1)));
      }
    }
    out.append('}');
  }

  private static String hex(int value) {
    return "0x" + Integer.toHexString(value);
  }
}
