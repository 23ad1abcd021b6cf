package dev.vivarium.microvm.agent;

import dev.vivarium.engine.watch.Payload;

/** Reads the frames that tell of single system calls. Of the receiving thread alone. */
final class CallStream {
  private static final int MAX_PATH = 128;

  private final Payload payload = new Payload();
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
      boolean returned = frame.u32() != 0;
      for (int i = 0; i < arguments.length; i++) {
        arguments[i] = frame.u64();
      }
      int length = frame.u16();
      int path = frame.u16();
      if (length > MAX_PATH) {
        throw new AgentException("the agent told of a path of " + length + " bytes");
      }
      byte[] bytes = frame.bytes(length);
      payload.clear();
      if ((path & (AgentProtocol.FIRST_PATH | AgentProtocol.SECOND_PATH)) != 0) {
        payload.add(
            (path & AgentProtocol.SECOND_PATH) != 0 ? 1 : 0,
            (path & AgentProtocol.CUT_PATH) != 0 ? Payload.CUT_TEXT : Payload.TEXT,
            bytes,
            0,
            length);
      }
      to.call(begin, duration, pid, tid, number, arguments, returned, result, payload);
    }
  }
}
