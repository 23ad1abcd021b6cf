package dev.vivarium.engine.process;

import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.OutputRecord;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The standard streams of the first process: this process's own, or shared with the clients that
 * attach to them. What the owner sends before that is decided is kept.
 */
final class StandardStreams {
  private @Nullable GuestStdio guest;
  private final EarlyInput early = new EarlyInput();

  /**
   * Connects them, and with them the owner if it is in front.
   *
   * @param record where output is kept too; null for nowhere
   */
  synchronized SandboxHost.Stdio connect(
      SandboxSpec spec,
      ControlMessage.Start wanted,
      @Nullable OutputRecord record,
      @Nullable ControlConnection owner)
      throws IOException {
    boolean terminal = spec.process().terminal();
    GuestStdio streams = new GuestStdio(record);
    if (!spec.process().stdin() && !terminal) {
      streams.endInput();
    }
    guest = streams;
    if (owner != null && wanted.foreground()) {
      streams.attach(owner, spec.process().stdin());
      early.moveTo(streams, owner);
    }
    return new SandboxHost.Stdio.Streams(
        streams.input(),
        streams.output(1),
        streams.output(2),
        terminal,
        wanted.rows(),
        wanted.columns());
  }

  /** What clients share; fails if these are this process's own. */
  synchronized GuestStdio shared() throws IOException {
    if (guest == null) {
      throw new IOException("this sandbox's standard streams are not ours to share");
    }
    return guest;
  }

  /** Takes input of a client, or its end. */
  void input(ControlConnection from, boolean isOwner, ControlMessage message) throws IOException {
    GuestStdio streams;
    synchronized (this) {
      streams = guest == null && isOwner ? null : shared();
      if (streams == null && message instanceof ControlMessage.Data data) {
        early.add(data.bytes());
      } else if (streams == null) {
        early.end();
      }
    }
    if (streams != null && message instanceof ControlMessage.Data data) {
      streams.feed(from, data.bytes());
    } else if (streams != null) {
      streams.endInput(from);
    }
  }

  /** A client is gone, or goes and wants the sandbox to stay. */
  synchronized void detach(ControlConnection client) {
    if (guest != null) {
      guest.detach(client);
    }
  }

  /** Ends them when the guest has ended; what it wrote is sent and kept first. */
  void close() throws IOException {
    GuestStdio streams;
    synchronized (this) {
      streams = guest;
    }
    if (streams != null) {
      streams.close();
    }
  }
}
