package dev.vivarium.engine.watch.calls;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.Payload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * What poll(2) and select(2) found: which descriptors are ready, and for what; and of calls that
 * wait for a time what was left of it.
 */
final class Ready {
  private static final int POLL = 7;
  private static final int SELECT = 23;
  private static final int PSELECT6 = 270;
  private static final int PPOLL = 271;
  private static final int RECVMMSG = 299;
  private static final int POLLFD = 8;
  private static final String[] SETS = {"in", "out", "except"};

  private Ready() {}

  /** What stands behind the result of such a call; empty for others. */
  static String behind(Event e, CallTable.Call call) {
    return switch (call.number()) {
      case POLL, PPOLL -> e.result() == 0 ? "Timeout" : polled(e);
      case RECVMMSG -> {
        String left = left(e, 4, "timespec");
        yield left.isEmpty() ? "" : left.substring(2);
      }
      case SELECT, PSELECT6 -> e.result() == 0 ? "Timeout" : selected(e);
      default -> "";
    };
  }

  private static String polled(Event e) {
    int call = e.number();
    byte[] bytes = last(e, 0);
    Struct struct = CallTable.get().struct("pollresult");
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    List<String> ready = new ArrayList<>();
    for (int at = 0; at + POLLFD <= bytes.length; at += POLLFD) {
      if (in.getShort(at + POLLFD - 2) != 0) {
        ready.add(struct.show(bytes, at));
      }
    }
    return "[" + String.join(", ", ready) + "]" + (call == PPOLL ? left(e, 2, "timespec") : "");
  }

  private static String selected(Event e) {
    List<String> ready = new ArrayList<>();
    for (int i = 0; i < SETS.length; i++) {
      String set = descriptors(last(e, i + 1));
      if (!set.equals("[]")) {
        ready.add(SETS[i] + " " + set);
      }
    }
    return String.join(", ", ready)
        + left(e, SETS.length + 1, e.number() == SELECT ? "timeval" : "timespec");
  }

  /** What of the time was not waited for. */
  private static String left(Event e, int argument, String layout) {
    Struct struct = CallTable.get().struct(layout);
    byte[] bytes = last(e, argument);
    return bytes.length < struct.size() ? "" : ", left " + struct.show(bytes, 0);
  }

  /** What came out stands behind what went in; nothing if it is not there. */
  private static byte[] last(Event e, int argument) {
    List<Event.Item> items = new ArrayList<>(e.items(argument, Payload.BYTES));
    items.addAll(e.items(argument, Payload.CUT_BYTES));
    return items.size() < 2 ? new byte[0] : items.getLast().bytes();
  }

  /** The numbers of the bits that are set. */
  static String descriptors(byte[] bits) {
    StringBuilder out = new StringBuilder("[");
    for (int fd = 0; fd < 8 * bits.length; fd++) {
      if ((bits[fd / 8] >> fd % 8 & 1) != 0) {
        out.append(out.length() == 1 ? "" : " ").append(fd);
      }
    }
    return out.append(']').toString();
  }
}
