package dev.vivarium.microvm.agent;

import dev.vivarium.engine.ExitStatus;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A process in the guest that was started through its agent. */
public final class GuestProcess {
  private final AgentConnection connection;
  private final int id;
  private final ProcessRequest request;
  private final OutputPump output;
  private final OutputPump error;
  private final CompletableFuture<Optional<StartFailure>> started = new CompletableFuture<>();
  private final CompletableFuture<ExitStatus> exited = new CompletableFuture<>();

  /** How much standard input the agent takes now. Guarded by this. */
  private int credit = AgentProtocol.INPUT_WINDOW;

  private boolean over;
  private volatile boolean killedForMemory;

  GuestProcess(AgentConnection connection, int id, ProcessRequest request) {
    this.connection = connection;
    this.id = id;
    this.request = request;
    this.output = new OutputPump(request.output(), new Stream(1));
    this.error = new OutputPump(request.error(), new Stream(2));
  }

  int id() {
    return id;
  }

  /** Completes when it runs, with nothing, or when it could not be started, with why. */
  public CompletableFuture<Optional<StartFailure>> started() {
    return started;
  }

  /** Completes when it has ended and all it printed was handed on. */
  public CompletableFuture<ExitStatus> exited() {
    return exited;
  }

  /** Whether, when it ended, the guest's kernel had killed a process for want of memory. */
  public boolean someWereKilledForMemory() {
    return killedForMemory;
  }

  /** Sends a signal by its Linux number. */
  public void signal(int number) throws IOException {
    connection.send(new FrameWriter().u32(number).frame(AgentProtocol.SIGNAL, id));
  }

  /** Tells its terminal a new size. */
  public void resize(int rows, int columns) throws IOException {
    connection.send(new FrameWriter().u16(rows).u16(columns).frame(AgentProtocol.RESIZE, id));
  }

  /** What becomes of one of its output streams, for the agent. */
  private final class Stream implements OutputPump.Listener {
    private final int number;

    Stream(int number) {
      this.number = number;
    }

    @Override
    public void written(int bytes) throws IOException {
      connection.send(new FrameWriter().u32(number).u32(bytes).frame(AgentProtocol.GRANT, id));
    }

    @Override
    public void broken() throws IOException {
      connection.send(new FrameWriter().u32(number).frame(AgentProtocol.STOP_OUTPUT, id));
    }
  }

  void received(FrameReader frame) throws IOException {
    switch (frame.type()) {
      case AgentProtocol.STARTED -> {
        if (started.complete(Optional.empty()) && (request.input() || request.terminal())) {
          Thread thread = new Thread(null, this::pumpInput, "input-" + id, 256 << 10);
          thread.setDaemon(true);
          thread.start();
        }
      }
      case AgentProtocol.NOT_STARTED -> {
        started.complete(Optional.of(StartFailure.of(frame.u32(), frame.u32())));
        end(new ExitStatus(127, 0));
      }
      case AgentProtocol.OUTPUT -> pump(frame.u8()).add(frame.rest());
      case AgentProtocol.OUTPUT_END -> pump(frame.u8()).end();
      case AgentProtocol.EXITED -> {
        int code = frame.u32();
        int signal = frame.u32();
        killedForMemory = frame.u8() != 0;
        end(new ExitStatus(code & 0xff, signal & 0x7f));
      }
      case AgentProtocol.GRANT_INPUT -> granted(frame.u32());
      default -> throw new AgentException("the agent sent a frame of unknown type " + frame.type());
    }
  }

  private OutputPump pump(int stream) throws AgentException {
    return switch (stream) {
      case 1 -> output;
      case 2 -> error;
      default -> throw new AgentException("the agent sent output of stream " + stream);
    };
  }

  private void end(ExitStatus status) {
    synchronized (this) {
      over = true;
      notifyAll();
    }
    connection.forget(id);
    output.end();
    error.end();
    CompletableFuture.allOf(output.done(), error.done()).thenRun(() -> exited.complete(status));
  }

  /** The agent is gone. */
  void lost(IOException reason) {
    synchronized (this) {
      over = true;
      notifyAll();
    }
    output.end();
    error.end();
    started.completeExceptionally(reason);
    exited.completeExceptionally(reason);
  }

  private synchronized void granted(int bytes) throws AgentException {
    if (bytes < 0 || bytes > AgentProtocol.INPUT_WINDOW - credit) {
      throw new AgentException("the agent granted more than a window");
    }
    credit += bytes;
    notifyAll();
  }

  /** How much may be sent; waits until it is more than nothing. -1 when it is over. */
  private synchronized int awaitCredit() throws InterruptedException {
    while (credit == 0 && !over) {
      wait();
    }
    return over ? -1 : credit;
  }

  private synchronized void spend(int bytes) {
    credit -= bytes;
  }

  private void pumpInput() {
    byte[] bytes = new byte[AgentProtocol.INPUT_WINDOW / 2];
    try {
      InputStream in = request.source();
      int allowed;
      while ((allowed = awaitCredit()) > 0) {
        int n = in.read(bytes, 0, Math.min(allowed, bytes.length));
        if (n < 0) {
          connection.send(new FrameWriter().frame(AgentProtocol.INPUT_END, id));
          return;
        }
        spend(n);
        connection.send(new FrameWriter().raw(bytes, 0, n).frame(AgentProtocol.INPUT, id));
      }
    } catch (IOException e) {
      // The agent or whoever feeds us is gone: either ends the process by other ways.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
