package dev.vivarium.engine.watch.export;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.FileAction;
import dev.vivarium.engine.watch.NetworkEvent;
import dev.vivarium.engine.watch.Packet;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.calls.CallTable;
import dev.vivarium.engine.watch.calls.Kind;
import java.util.ArrayList;
import java.util.List;

/** Events other than system calls, in words; and which files an event is about. */
public final class EventText {
  private static final CallTable TABLE = CallTable.get();

  private EventText() {}

  /** What happened, in one line of printable ASCII. */
  public static String describe(Event e) {
    return switch (e.kind()) {
      case SYSCALL -> TABLE.name(e.number());
      case START ->
          e.number() == e.result()
              ? e.pid() == 0 ? "first process " + e.number() : "new process " + e.number()
              : "new thread " + e.number() + " of process " + e.result();
      case EXEC -> "exec " + path(e, 0) + " [" + String.join(", ", arguments(e)) + "]";
      case EXIT -> exit((int) e.result());
      case FILE -> fileAction(e) + " " + path(e, 0) + fileDetail(e);
      case NETWORK -> network(e);
      case SIGNAL ->
          TABLE.signal(e.number())
              + (e.result() == 0 ? " (no handler)" : "")
              + (e.arguments()[1] > 0 ? " from process " + e.arguments()[1] : "");
      case LIMIT -> e.text(0).map(Escape::c).orElse("a limit");
      case UNSUPPORTED -> TABLE.name(e.number()) + " is not supported";
      case WAIT -> TABLE.name(e.number()) + " waits";
      case PACKET -> packet(e);
      case POLICY ->
          (e.result() == Event.ASKS ? "asks: " : e.result() == 1 ? "allowed " : "refused ")
              + e.text(0).map(Escape::c).orElse("")
              + e.text(1).filter(r -> !r.isEmpty()).map(r -> " (" + Escape.c(r) + ")").orElse("");
    };
  }

  /** The end of a process, from its wait status. */
  public static String exit(int status) {
    return (status & 0x7f) == 0
        ? "exited with " + (status >> 8 & 0xff)
        : "killed by "
            + TABLE.signal(status & 0x7f)
            + ((status & 0x80) != 0 ? " (core dumped)" : "");
  }

  /** The arguments of a new program, quoted. */
  public static List<String> arguments(Event e) {
    List<String> out = new ArrayList<>();
    for (Event.Item item : e.items(1, Payload.ELEMENT)) {
      out.add(Escape.quoted(item.text()));
    }
    if (e.item(1, Payload.MORE_ELEMENTS).isPresent()) {
      out.add("...");
    }
    return out;
  }

  private static String path(Event e, int argument) {
    return e.path(argument).map(Escape::quoted).orElse("?");
  }

  /** What was done with a file. */
  public static String fileAction(Event e) {
    FileAction[] all = FileAction.values();
    return e.number() >= 0 && e.number() < all.length ? all[e.number()].word() : "?";
  }

  private static String fileDetail(Event e) {
    List<String> paths = paths(e);
    if (paths.size() > 1) {
      return " and " + Escape.quoted(paths.get(1));
    }
    String action = fileAction(e);
    if (action.equals("close")) {
      return ", read " + e.arguments()[0] + ", written " + e.arguments()[1];
    }
    return action.equals("chmod") || action.equals("mkdir")
        ? " 0" + Long.toOctalString(e.arguments()[0] & 07777)
        : "";
  }

  /** What was done in the network. */
  public static String networkAction(Event e) {
    NetworkEvent.Action[] all = NetworkEvent.Action.values();
    return e.number() >= 0 && e.number() < all.length ? all[e.number()].word() : "?";
  }

  private static String network(Event e) {
    StringBuilder out = new StringBuilder();
    out.append(networkAction(e));
    e.text(0).ifPresent(p -> out.append(' ').append(Escape.c(p)));
    String name = e.text(2).map(Escape::c).orElse("");
    String address = e.text(1).map(Escape::c).orElse("");
    if (!name.isEmpty()) {
      out.append(' ').append(name);
    }
    if (!address.isEmpty()) {
      out.append(name.isEmpty() ? " " : " (").append(address).append(name.isEmpty() ? "" : ")");
    }
    if (e.arguments()[0] != 0) {
      out.append(" port ").append(e.arguments()[0]);
    }
    out.append(e.result() == 1 ? " allowed" : " refused");
    e.text(3).filter(r -> !r.isEmpty()).ifPresent(r -> out.append(": ").append(Escape.c(r)));
    if (networkAction(e).equals("close")) {
      out.append(", sent ").append(e.arguments()[1]).append(", received ").append(e.arguments()[2]);
    }
    return out.toString();
  }

  private static String packet(Event e) {
    return Packet.of(e)
        .map(p ->
            (p.protocol() == Packet.TCP ? "tcp" : "udp")
                + " from port "
                + p.fromPort()
                + " to port "
                + p.toPort()
                + ", "
                + p.length()
                + " bytes")
        .orElse("?");
  }

  /** The paths that an event is about, absolute where that is known; one char per byte. */
  public static List<String> paths(Event e) {
    List<String> found = new ArrayList<>();
    if (e.kind() == EventKind.EXEC) {
      e.path(0).ifPresent(found::add);
      return found;
    }
    if (e.kind() == EventKind.FILE || e.kind() == EventKind.SYSCALL || e.kind() == EventKind.WAIT) {
      // Items stand in the order of the arguments that they belong to.
      for (Event.Item item : e.items()) {
        boolean text = item.type() == Payload.TEXT || item.type() == Payload.CUT_TEXT;
        if (text && (e.kind() == EventKind.FILE || isPath(e.number(), item.tag()))) {
          e.path(item.tag()).ifPresent(found::add);
        } else if (item.type() == Payload.FILE_PATH) {
          found.add(item.text());
        }
      }
    }
    return found;
  }

  private static boolean isPath(int number, int argument) {
    CallTable.Call call = TABLE.row(number);
    return call != null
        && argument >= 0
        && argument < call.arguments().size()
        && call.arguments().get(argument).type() == Kind.Type.PATH;
  }
}
