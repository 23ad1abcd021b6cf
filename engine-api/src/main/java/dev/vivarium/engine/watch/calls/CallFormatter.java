package dev.vivarium.engine.watch.calls;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.Event.Item;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.calls.CallTable.Call;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Shows the event of a system call as strace does. All that comes out is printable ASCII. */
public final class CallFormatter {
  private static final int AT_FDCWD = -100;
  private static final int OPEN = 2;
  private static final int CLONE = 56;
  private static final int FCNTL = 72;
  private static final int UMASK = 95;
  private static final int OPENAT = 257;
  private static final int CLONE3 = 435;
  private static final int F_GETFD = 1;
  private static final int F_GETFL = 3;
  private static final int MOST = 6;
  private static final String DIGITS = "0123456789abcdef";

  private final CallTable table = CallTable.get();

  /** The whole line: {@code openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3}. */
  public String line(Event e) {
    StringBuilder out = new StringBuilder(160);
    line(out, e);
    return out.toString();
  }

  /** The same, appended. */
  public void line(StringBuilder out, Event e) {
    out.append(table.name(e.number())).append('(');
    arguments(out, e, ", ", false, new int[MOST]);
    out.append(") = ");
    result(out, e);
  }

  /** What of a line is known while the call waits: {@code read(3, }. */
  public String beginning(Event e) {
    List<String> all = arguments(e);
    int known = known(e, all.size());
    String shown = String.join(", ", all.subList(0, known));
    return table.name(e.number()) + "(" + shown + (known < all.size() && known > 0 ? ", " : "");
  }

  /** What follows {@link #beginning} once it has returned. */
  public String rest(Event e) {
    List<String> all = arguments(e);
    return String.join(", ", all.subList(known(e, all.size()), all.size())) + ") = " + result(e);
  }

  /** How many arguments stand before the first that comes out of the call. */
  private int known(Event e, int shown) {
    int n = 0;
    Call call = table.row(e.number());
    List<Kind> kinds =
        call == null
            ? List.of()
            : call.arguments(e.arguments()).stream()
                .filter(k -> k.type() != Kind.Type.NONE)
                .toList();
    while (n < shown && (n >= kinds.size() || kinds.get(n).in() || !kinds.get(n).out())) {
      n++;
    }
    return n;
  }

  /** Each argument. */
  public List<String> arguments(Event e) {
    StringBuilder all = new StringBuilder(100);
    int[] ends = new int[MOST];
    int n = arguments(all, e, "", false, ends);
    List<String> out = new ArrayList<>(n);
    int from = 0;
    for (int i = 0; i < n; i++) {
      int to = ends[i] < 0 ? ~ends[i] : ends[i];
      out.add(all.substring(from, to));
      from = to;
    }
    return out;
  }

  /**
   * Appends the arguments.
   *
   * @param inJson whether texts and bytes are to be as a string of JSON has them
   * @param ends room for six: where each of them ends; the complement of that for one that may have
   *     quotes in it which are not
   * @return how many there are
   */
  public int arguments(StringBuilder out, Event e, String separator, boolean inJson, int[] ends) {
    Call call = table.row(e.number());
    int n = 0;
    if (call == null) {
      for (long a : e.arguments()) {
        out.append(n == 0 ? "" : separator).append("0x");
        hexDigits(out, a);
        ends[n++] = out.length();
      }
      return n;
    }
    List<Kind> kinds = call.arguments(e.arguments());
    for (int i = 0; i < kinds.size(); i++) {
      if (isOptionalMode(call.number(), i, e)) {
        break;
      }
      Kind kind = kinds.get(i);
      if (kind.type() == Kind.Type.NONE) {
        continue;
      }
      if (n > 0) {
        out.append(separator);
      }
      if (inJson && kind.isQuoted()) {
        quoted(out, e, i, kind, true);
        ends[n++] = out.length();
      } else {
        argument(out, e, i, kind);
        ends[n++] = kind.isPointer() ? ~out.length() : out.length();
      }
    }
    return n;
  }

  /** The mode of an open that makes nothing is none. */
  private static boolean isOptionalMode(int call, int argument, Event e) {
    long flags =
        switch (call) {
          case OPEN -> argument == 2 ? e.arguments()[1] : -1;
          case OPENAT -> argument == 3 ? e.arguments()[2] : -1;
          default -> -1;
        };
    return flags != -1 && (flags & 0100) == 0 && (flags & 020200000) != 020200000;
  }

  /** What came back, with the errno in words. */
  public String result(Event e) {
    StringBuilder out = new StringBuilder(40);
    result(out, e);
    return out.toString();
  }

  private void result(StringBuilder out, Event e) {
    if (!e.returned()) {
      out.append('?');
      return;
    }
    long r = e.result();
    if (r <= -512 && r >= -516) {
      out.append(
          switch ((int) -r) {
            case 512 -> "? ERESTARTSYS (To be restarted if SA_RESTART is set)";
            case 513 -> "? ERESTARTNOINTR (To be restarted)";
            case 514 -> "? ERESTARTNOHAND (To be restarted if no handler)";
            default -> "? ERESTART_RESTARTBLOCK (Interrupted by signal)";
          });
      return;
    }
    if (e.failed()) {
      int errno = (int) -r;
      out.append("-1 ").append(table.errnoName(errno));
      out.append(" (").append(table.errnoText(errno)).append(')');
      return;
    }
    int number = e.number();
    if (number == UMASK) {
      out.append('0').append(r == 0 ? "" : Long.toOctalString(r));
      return;
    }
    if (number == FCNTL && (e.arguments()[1] == F_GETFD || e.arguments()[1] == F_GETFL)) {
      String flags =
          e.arguments()[1] == F_GETFD
              ? r == 0 ? "" : "FD_CLOEXEC"
              : table.set("open").map(set -> set.bits(r)).orElse("");
      out.append(
          r == 0 && flags.isEmpty() ? "0" : "0x" + Long.toHexString(r) + " (flags " + flags + ")");
      return;
    }
    Call call = table.row(number);
    if (call != null && call.addressResult()) {
      out.append("0x");
      hexDigits(out, r);
      return;
    }
    out.append(r);
    String ready = call == null ? "" : Ready.behind(e, call);
    if (!ready.isEmpty()) {
      out.append(" (").append(ready).append(')');
    }
  }

  private void argument(StringBuilder out, Event e, int i, Kind kind) {
    long value = e.arguments()[i];
    switch (kind.type()) {
      case INT, FD, PID -> out.append((int) value);
      case UINT -> out.append(value & 0xffffffffL);
      case LONG -> out.append(value);
      case ULONG -> out.append(value >= 0 ? Long.toString(value) : Long.toUnsignedString(value));
      case HEX -> hex(out, value);
      case HEX_NUMBER -> {
        out.append(value == 0 ? "0" : "0x");
        if (value != 0) {
          hexDigits(out, value);
        }
      }
      case OCTAL -> out.append('0').append(value == 0 ? "" : octal(value & 0xffffffffL));
      case DEVICE -> out.append(device(value));
      case DIRECTORY_FD -> {
        if ((int) value == AT_FDCWD) {
          out.append("AT_FDCWD");
        } else {
          out.append((int) value);
        }
      }
      case UID -> out.append((int) value == -1 ? -1 : value & 0xffffffffL);
      case SIGNAL -> out.append(value == 0 ? "0" : table.signal((int) value));
      case FLAGS ->
          out.append(kind.set() == null ? hex(value) : kind.set().bits(bits(e, i, value)));
      case ENUM ->
          out.append(kind.set() == null ? hex(value) : kind.set().value(enumeration(value)));
      case PATH, STRING, BYTES -> quoted(out, e, i, kind, false);
      case STRINGS -> out.append(list(e, i, value));
      case ENVIRONMENT ->
          out.append(
              e.item(i, Payload.MORE_ELEMENTS)
                  .map(n -> hex(value) + " /* " + Escape.c(n.text()) + " vars */")
                  .orElse(hex(value)));
      case STRUCT -> out.append(struct(e, i, kind, value));
      case SOCKET_ADDRESS ->
          out.append(
              e.item(i, Payload.BYTES)
                  .map(item -> SocketAddress.show(item.bytes()))
                  .orElse(hex(value)));
      case IO_VECTOR -> out.append(vector(e.items(), i, value));
      case MESSAGE -> out.append(MessageHeader.show(e.items(), i).orElse(hex(value)));
      case MESSAGES -> out.append(MessageHeader.showAll(e.items(), i).orElse(hex(value)));
      case NONE -> {
        // not shown
      }
      case FD_SET -> {
        List<Item> items = e.items(i, Payload.BYTES);
        out.append(items.isEmpty() ? hex(value) : Ready.descriptors(items.getFirst().bytes()));
      }
    }
  }

  private static String octal(long value) {
    return Long.toOctalString(value);
  }

  /** Flags have 32 bits but in few calls, and a compiler may leave rubbish above. */
  private long bits(Event e, int i, long value) {
    return e.number() == CLONE || e.number() == CLONE3 ? value : value & 0xffffffffL;
  }

  private static long enumeration(long value) {
    return (value & 0xffffffffL) == value && (int) value == -1 ? -1 : value;
  }

  private static String hex(long value) {
    return value == 0 ? "NULL" : "0x" + Long.toHexString(value);
  }

  private static void hex(StringBuilder out, long value) {
    if (value == 0) {
      out.append("NULL");
    } else {
      out.append("0x");
      hexDigits(out, value);
    }
  }

  private static void hexDigits(StringBuilder out, long value) {
    int shift = 60 - Long.numberOfLeadingZeros(value | 1) / 4 * 4;
    for (; shift >= 0; shift -= 4) {
      out.append(DIGITS.charAt((int) (value >>> shift) & 15));
    }
  }

  static String device(long value) {
    long major = value >> 8 & 0xfff | value >> 32 & ~0xfffL;
    long minor = value & 0xff | value >> 12 & 0xfff00;
    return "makedev(0x" + Long.toHexString(major) + ", 0x" + Long.toHexString(minor) + ")";
  }

  /**
   * A text or bytes in quotes, with dots behind if there was more; the address if there is none.
   */
  private static void quoted(StringBuilder out, Event e, int i, Kind kind, boolean inJson) {
    int whole = kind.type() == Kind.Type.BYTES ? Payload.BYTES : Payload.TEXT;
    int cut = kind.type() == Kind.Type.BYTES ? Payload.CUT_BYTES : Payload.CUT_TEXT;
    List<Item> items = e.items();
    Item begun = null;
    for (int n = 0; n < items.size(); n++) {
      Item item = items.get(n);
      if (item.tag() == i && item.type() == whole) {
        quote(out, item, inJson);
        return;
      }
      if (begun == null && item.tag() == i && item.type() == cut) {
        begun = item;
      }
    }
    if (begun == null) {
      hex(out, e.arguments()[i]);
    } else {
      quote(out, begun, inJson);
      out.append("...");
    }
  }

  private static void quote(StringBuilder out, Item item, boolean inJson) {
    if (inJson) {
      Escape.quotedInJson(out, item.text());
    } else {
      Escape.quoted(out, item.text());
    }
  }

  private static String list(Event e, int i, long value) {
    List<Item> elements = e.items(i, Payload.ELEMENT);
    if (elements.isEmpty() && e.item(i, Payload.MORE_ELEMENTS).isEmpty()) {
      return hex(value);
    }
    StringBuilder out = new StringBuilder("[");
    String separator = "";
    for (Item element : elements) {
      out.append(separator).append(Escape.quoted(element.text()));
      separator = ", ";
    }
    if (e.item(i, Payload.MORE_ELEMENTS).isPresent()) {
      out.append(separator).append("...");
    }
    return out.append(']').toString();
  }

  private static String struct(Event e, int i, Kind kind, long value) {
    Struct struct = kind.struct();
    Optional<Item> item = e.item(i, Payload.BYTES);
    boolean cut = item.isEmpty();
    if (cut) {
      item = e.item(i, Payload.CUT_BYTES);
    }
    if (item.isEmpty() || struct == null) {
      return hex(value);
    }
    byte[] bytes = item.get().bytes();
    if (kind.count() == 1) {
      String shown = struct.show(bytes, 0);
      return struct.name().matches("int|uint|long|ptr|getcpu") ? "[" + shown + "]" : shown;
    }
    StringBuilder out = new StringBuilder("[");
    for (int at = 0; at + struct.size() <= bytes.length; at += struct.size()) {
      out.append(at == 0 ? "" : ", ").append(struct.show(bytes, at));
    }
    return out.append(cut ? ", ...]" : "]").toString();
  }

  /** The buffers of a vector, of the items that belong to it. */
  static String vector(List<Item> items, int i, long value) {
    StringBuilder out = new StringBuilder("[");
    boolean more = false;
    for (Item element : items) {
      if (element.tag() != i) {
        continue;
      }
      more |= element.type() == Payload.MORE_ELEMENTS;
      // The whole length, then what of it was kept.
      String text = element.type() == Payload.ELEMENT ? element.text() : "";
      int colon = text.indexOf(':');
      if (colon < 0) {
        continue;
      }
      String kept = text.substring(colon + 1);
      boolean cut = colon > 0 && text.charAt(colon - 1) == '+';
      String length = text.substring(0, cut ? colon - 1 : colon);
      out.append(out.length() == 1 ? "" : ", ").append("{iov_base=").append(Escape.quoted(kept));
      if (cut) {
        out.append("...");
      }
      out.append(", iov_len=").append(Escape.c(length)).append('}');
    }
    return out.length() == 1 ? hex(value) : out.append(more ? ", ...]" : "]").toString();
  }
}
