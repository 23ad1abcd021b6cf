package dev.vivarium.engine.process;

import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The processes that clients started in a sandbox besides its first; a connection has one. */
final class ExecSessions {
  private static final int FAILED = 125;
  private static final int MOST = 256;

  private final Map<ControlConnection, ExecSession> byConnection = new HashMap<>();
  private int count;

  /**
   * A client wants one.
   *
   * @param sandbox null if it does not run, not yet or no more
   * @param paused whether it stands still: the process would, too, and its client with it
   * @throws IOException if the connection has one already
   */
  void begin(
      ControlConnection from,
      ControlMessage.Exec wanted,
      @Nullable RunningSandbox sandbox,
      boolean paused)
      throws IOException {
    ExecSession session = new ExecSession(from, wanted);
    String refusal = "";
    synchronized (this) {
      if (byConnection.containsKey(from)) {
        throw new IOException("this connection has a process already");
      }
      if (sandbox == null) {
        refusal = "it does not run";
      } else if (paused) {
        refusal = "it is paused; viv unpause lets it go on";
      } else if (count >= MOST) {
        refusal = "too many processes were started from outside: " + MOST;
      } else {
        count++;
        byConnection.put(from, session);
      }
    }
    if (sandbox == null || !refusal.isEmpty()) {
      from.send(new ControlMessage.ProcessEnded(FAILED, refusal));
      return;
    }
    session.begin(sandbox, this::ended);
  }

  private synchronized void ended() {
    count--;
  }

  /** Whether the message is one for a process of this connection's; then it was delivered. */
  boolean received(ControlConnection from, ControlMessage message) throws IOException {
    ExecSession session;
    synchronized (this) {
      session = byConnection.get(from);
    }
    if (session == null) {
      return false;
    }
    session.received(message);
    return true;
  }

  /** The connection is no more. */
  void closed(ControlConnection connection) {
    ExecSession session;
    synchronized (this) {
      session = byConnection.remove(connection);
    }
    if (session != null) {
      session.closed();
    }
  }
}
