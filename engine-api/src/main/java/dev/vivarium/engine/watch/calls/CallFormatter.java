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

  private final CallTable table = CallTable.get();

  /** The whole line: {@code openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3}. */
  public String line(Event e) {
    StringBuilder out = new StringBuilder(160).append(table.name(e.number())).append('(');
    String separator = "";
    for (String argument : arguments(e)) {
      out.append(separator).append(argument);
      separator = ", ";
    }
    return out.append(") = ").append(result(e)).toString();
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
    Call call = table.row(e.number());
    List<String> out = new ArrayList<>(6);
    if (call == null) {
      for (long a : e.arguments()) {
        out.add("0x" + Long.toHexString(a));
      }
      return out;
    }
    List<Kind> kinds = call.arguments(e.arguments());
    for (int i = 0; i < kinds.size(); i++) {
      if (isOptionalMode(call.number(), i, e)) {
        break;
      }
      if (kinds.get(i).type() == Kind.Type.NONE) {
        continue;
      }
      out.add(argument(e, i, kinds.get(i)));
    }
    return out;
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
    if (!e.returned()) {
      return "?";
    }
    long r = e.result();
    if (r <= -512 && r >= -516) {
      return switch ((int) -r) {
        case 512 -> "? ERESTARTSYS (To be restarted if SA_RESTART is set)";
        case 513 -> "? ERESTARTNOINTR (To be restarted)";
        case 514 -> "? ERESTARTNOHAND (To be restarted if no handler)";
        default -> "? ERESTART_RESTARTBLOCK (Interrupted by signal)";
      };
    }
    if (e.failed()) {
      int errno = (int) -r;
      return "-1 " + table.errnoName(errno) + " (" + table.errnoText(errno) + ")";
    }
    int number = e.number();
    if (number == UMASK) {
      return "0" + (r == 0 ? "" : Long.toOctalString(r));
    }
    if (number == FCNTL && (e.arguments()[1] == F_GETFD || e.arguments()[1] == F_GETFL)) {
      String flags =
          e.arguments()[1] == F_GETFD
              ? r == 0 ? "" : "FD_CLOEXEC"
              : table.set("open").map(set -> set.bits(r)).orElse("");
      return r == 0 && flags.isEmpty()
          ? "0"
          : "0x" + Long.toHexString(r) + " (flags " + flags + ")";
    }
    Call call = table.row(number);
    String ready = call == null ? "" : Ready.behind(e, call);
    if (!ready.isEmpty()) {
      return r + " (" + ready + ")";
    }
    return call != null && call.addressResult() ? "0x" + Long.toHexString(r) : Long.toString(r);
  }

  private String argument(Event e, int i, Kind kind) {
    long value = e.arguments()[i];
    return switch (kind.type()) {
      case INT, FD, PID -> Integer.toString((int) value);
      case UINT -> Integer.toUnsignedString((int) value);
      case LONG -> Long.toString(value);
      case ULONG -> Long.toUnsignedString(value);
      case HEX -> hex(value);
      case HEX_NUMBER -> value == 0 ? "0" : "0x" + Long.toHexString(value);
      case OCTAL -> "0" + (value == 0 ? "" : Long.toOctalString(value & 0xffffffffL));
      case DEVICE -> device(value);
      case DIRECTORY_FD -> (int) value == AT_FDCWD ? "AT_FDCWD" : Integer.toString((int) value);
      case UID -> (int) value == -1 ? "-1" : Integer.toUnsignedString((int) value);
      case SIGNAL -> value == 0 ? "0" : table.signal((int) value);
      case FLAGS -> kind.set() == null ? hex(value) : kind.set().bits(bits(e, i, value));
      case ENUM -> kind.set() == null ? hex(value) : kind.set().value(enumeration(value));
      case PATH, STRING -> text(e, i, value);
      case STRINGS -> list(e, i, value);
      case ENVIRONMENT ->
          e.item(i, Payload.MORE_ELEMENTS)
              .map(n -> hex(value) + " /* " + Escape.c(n.text()) + " vars */")
              .orElse(hex(value));
      case BYTES -> bytes(e, i, value);
      case STRUCT -> struct(e, i, kind, value);
      case SOCKET_ADDRESS ->
          e.item(i, Payload.BYTES).map(item -> SocketAddress.show(item.bytes())).orElse(hex(value));
      case IO_VECTOR -> vector(e, i, value);
      case MESSAGE -> MessageHeader.show(e, i, vector(e, i, 0)).orElse(hex(value));
      case NONE -> "";
      case FD_SET -> {
        List<Item> items = e.items(i, Payload.BYTES);
        yield items.isEmpty() ? hex(value) : Ready.descriptors(items.getFirst().bytes());
      }
    };
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

  static String device(long value) {
    long major = value >> 8 & 0xfff | value >> 32 & ~0xfffL;
    long minor = value & 0xff | value >> 12 & 0xfff00;
    return "makedev(0x" + Long.toHexString(major) + ", 0x" + Long.toHexString(minor) + ")";
  }

  private static String text(Event e, int i, long value) {
    Optional<Item> whole = e.item(i, Payload.TEXT);
    if (whole.isPresent()) {
      return Escape.quoted(whole.get().text());
    }
    return e.item(i, Payload.CUT_TEXT)
        .map(cut -> Escape.quoted(cut.text()) + "...")
        .orElse(hex(value));
  }

  private static String bytes(Event e, int i, long value) {
    Optional<Item> whole = e.item(i, Payload.BYTES);
    if (whole.isPresent()) {
      return Escape.quoted(whole.get().text());
    }
    return e.item(i, Payload.CUT_BYTES)
        .map(cut -> Escape.quoted(cut.text()) + "...")
        .orElse(hex(value));
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

  private static String vector(Event e, int i, long value) {
    List<Item> elements = e.items(i, Payload.ELEMENT);
    if (elements.isEmpty()) {
      return hex(value);
    }
    StringBuilder out = new StringBuilder("[");
    for (Item element : elements) {
      // The whole length, then what of it was kept.
      String text = element.text();
      int colon = text.indexOf(':');
      if (colon < 0) {
        continue;
      }
      String kept = text.substring(colon + 1);
      String length = text.substring(0, colon);
      out.append(out.length() == 1 ? "" : ", ").append("{iov_base=").append(Escape.quoted(kept));
      if (!Integer.toString(kept.length()).equals(length)) {
        out.append("...");
      }
      out.append(", iov_len=").append(Escape.c(length)).append('}');
    }
    if (e.item(i, Payload.MORE_ELEMENTS).isPresent()) {
      out.append(", ...");
    }
    return out.append(']').toString();
  }
}
