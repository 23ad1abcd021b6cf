package dev.vivarium.microvm.agent;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.Payload;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Reads the frames that tell of single events. Of the receiving thread alone. */
final class CallStream {
  private static final int MAX_ARGUMENTS = 4 * AgentProtocol.TEXT_BYTES;
  private static final int TEXTS = 2;

  private final long[] arguments = new long[6];
  private long lost;

  /** The count of those that were lost begins anew. */
  void restart() {
    lost = 0;
  }

  /** Hands over what is in one frame. */
  void read(FrameReader frame, GuestCalls to) throws AgentException {
    long now = frame.u64();
    long lostInAll = frame.u64();
    long more = Math.clamp(lostInAll - lost, 0, GuestCalls.MOST_LOST);
    lost = lostInAll;
    to.some(now, (int) more);
    while (frame.remaining() > 0) {
      long begin = frame.u64();
      long duration = frame.u64();
      long result = frame.u64();
      int tid = frame.u32();
      int pid = frame.u32();
      int number = frame.u32();
      int kind = frame.u32();
      for (int i = 0; i < arguments.length; i++) {
        arguments[i] = frame.u64();
      }
      boolean program = kind == AgentProtocol.PROGRAM_STARTED;
      List<Event.Item> items = new ArrayList<>(TEXTS);
      for (int i = 0; i < TEXTS; i++) {
        read(frame, program, items);
      }
      switch (kind) {
        case AgentProtocol.CALL_ENDS_IT, AgentProtocol.CALL_RETURNED ->
            to.call(
                begin,
                duration,
                pid,
                tid,
                number,
                arguments,
                kind == AgentProtocol.CALL_RETURNED,
                result,
                items);
        case AgentProtocol.PROCESS_STARTED -> to.started(begin, pid, tid, (int) result, number);
        case AgentProtocol.PROGRAM_STARTED ->
            to.program(begin, pid, tid, (int) arguments[0], items);
        case AgentProtocol.PROCESS_ENDED -> to.ended(begin, pid, (int) result);
        default -> throw new AgentException("the agent told of an event of unknown kind " + kind);
      }
    }
  }

  private static void read(FrameReader frame, boolean program, List<Event.Item> items)
      throws AgentException {
    int argument = frame.u8();
    int how = frame.u8();
    int length = frame.u16();
    boolean list = program && argument == 1;
    if (length > (list ? MAX_ARGUMENTS : AgentProtocol.TEXT_BYTES)) {
      throw new AgentException("the agent told of a text of " + length + " bytes");
    }
    byte[] bytes = frame.bytes(length);
    switch (how) {
      case AgentProtocol.NO_TEXT -> {
        // Nothing is known of it.
      }
      case AgentProtocol.WHOLE_TEXT, AgentProtocol.CUT_TEXT -> {
        boolean cut = how == AgentProtocol.CUT_TEXT;
        if (list) {
          split(bytes, cut, items);
        } else {
          items.add(new Event.Item(argument, cut ? Payload.CUT_TEXT : Payload.TEXT, bytes));
        }
      }
      case AgentProtocol.BYTES -> items.add(new Event.Item(argument, Payload.BYTES, bytes));
      default -> throw new AgentException("the agent told of a text of unknown kind " + how);
    }
  }

  /** The arguments of a program, each with its NUL. */
  private static void split(byte[] bytes, boolean cut, List<Event.Item> items) {
    int from = 0;
    for (int at = 0; at < bytes.length; at++) {
      boolean last = at == bytes.length - 1;
      if (bytes[at] == 0 || last) {
        int end = bytes[at] == 0 ? at : at + 1;
        items.add(new Event.Item(1, Payload.ELEMENT, Arrays.copyOfRange(bytes, from, end)));
        from = at + 1;
      }
    }
    if (cut) {
      items.add(new Event.Item(1, Payload.MORE_ELEMENTS, new byte[0]));
    }
  }
}
