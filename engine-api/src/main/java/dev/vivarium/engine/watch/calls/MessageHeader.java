package dev.vivarium.engine.watch.calls;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event.Item;
import dev.vivarium.engine.watch.Payload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A {@code struct msghdr} with what it points to, as strace shows it. */
final class MessageHeader {
  private static final int SIZE = 56;

  /** Of a {@code struct mmsghdr}, without what is unused at its end. */
  private static final int WITH_LENGTH = 60;

  private static final int CONTROL_HEADER = 16;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int SCM_CREDENTIALS = 2;

  private MessageHeader() {}

  /** Shows one, of the items that belong to it. */
  static Optional<String> show(List<Item> items, int argument) {
    byte[] header = bytes(items, argument, Payload.BYTES);
    if (header == null || header.length < SIZE) {
      return Optional.empty();
    }
    ByteBuffer in = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    StringBuilder out = new StringBuilder("{msg_name=");
    byte[] name = bytes(items, argument, Payload.NAME);
    out.append(name == null ? address(in.getLong(0)) : SocketAddress.show(name));
    out.append(", msg_namelen=").append(Integer.toUnsignedString(in.getInt(8)));
    boolean none = in.getLong(16) != 0 && in.getLong(24) == 0;
    out.append(", msg_iov=");
    out.append(none ? "[]" : CallFormatter.vector(items, argument, in.getLong(16)));
    out.append(", msg_iovlen=").append(Long.toUnsignedString(in.getLong(24)));
    long length = in.getLong(40);
    if (length != 0) {
      out.append(", msg_control=");
      byte[] control = bytes(items, argument, Payload.CONTROL);
      out.append(control == null ? address(in.getLong(32)) : control(control, length));
    }
    out.append(", msg_controllen=").append(Long.toUnsignedString(length));
    String flags =
        CallTable.get()
            .set("msg")
            .map(set -> set.bits(Integer.toUnsignedLong(in.getInt(48))))
            .orElse("");
    return Optional.of(out.append(", msg_flags=").append(flags).append('}').toString());
  }

  /**
   * Shows several: each begins with its header, which has its length behind it if it was kept after
   * the call.
   *
   * @return empty if none was kept
   */
  static Optional<String> showAll(List<Item> items, int argument) {
    StringBuilder out = new StringBuilder("[");
    boolean after = false;
    for (Item item : items) {
      after |= begins(item, argument) && item.bytes().length >= WITH_LENGTH;
    }
    int from = 0;
    while (from < items.size()) {
      int to = from + 1;
      while (to < items.size() && !begins(items.get(to), argument)) {
        to++;
      }
      if (begins(items.get(from), argument)) {
        String separator = out.length() == 1 ? "" : ", ";
        byte[] bytes = items.get(from).bytes();
        if (bytes.length == 0 && out.length() > 1) {
          out.append(", ...");
        } else if (bytes.length >= (after ? WITH_LENGTH : SIZE)) {
          out.append(separator).append("{msg_hdr=");
          out.append(show(items.subList(from, to), argument).orElse("{}"));
          if (after) {
            int length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(SIZE);
            out.append(", msg_len=").append(Integer.toUnsignedString(length));
          }
          out.append('}');
        }
      }
      from = to;
    }
    return out.length() == 1 ? Optional.empty() : Optional.of(out.append(']').toString());
  }

  private static boolean begins(Item item, int argument) {
    return item.tag() == argument && item.type() == Payload.BYTES;
  }

  private static byte @Nullable [] bytes(List<Item> items, int tag, int type) {
    for (Item item : items) {
      if (item.tag() == tag && item.type() == type) {
        return item.bytes();
      }
    }
    return null;
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
