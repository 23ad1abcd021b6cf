package dev.vivarium.engine.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.oci.ProcessReader;
import dev.vivarium.engine.watch.Watch;
import dev.vivarium.engine.watch.report.Report;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What clients want of a sandbox, each on the thread of its connection. */
final class ClientRequests implements ControlServer.Handler {
  /** The sandbox, as its clients may use it. All methods can be called by any thread. */
  interface Sandbox {
    /** A client is there. */
    void connected();

    /** A client is gone. */
    void disconnected(ControlConnection client);

    /** Has a created sandbox start, with this client as its owner. */
    void start(ControlConnection from, ControlMessage.Start wanted) throws IOException;

    /** Has a created container begin. */
    void begin(ControlConnection from) throws IOException;

    /** Ends it; false if it was ending already. */
    boolean end(Ending why);

    /** Passes a signal or a new size of the terminal on as soon as it runs. */
    void whenRunning(ControlMessage message);

    boolean isOwner(ControlConnection client);

    /** The client goes and wants the sandbox to stay. */
    void leave(ControlConnection client);

    /** Null unless it runs. */
    @Nullable RunningSandbox running();

    /** Null before it has one. */
    @Nullable SandboxSpec spec();

    /** Null before it runs and after its end. */
    @Nullable Watch watch();

    boolean isPaused();

    /** Writes down that it stands still, or goes on. */
    void paused(boolean still) throws IOException;

    /** What it has done until now. */
    Report report() throws IOException, InterruptedException;

    /** Its state as it is kept in files. */
    byte[] state() throws IOException;
  }

  private static final int FAILED = 125;

  private final Sandbox sandbox;
  private final StandardStreams streams;
  private final WatchFeed watchFeed;
  private final QuestionDesk questions;
  private final ExecSessions execs = new ExecSessions();

  ClientRequests(
      Sandbox sandbox, StandardStreams streams, WatchFeed watchFeed, QuestionDesk questions) {
    this.sandbox = sandbox;
    this.streams = streams;
    this.watchFeed = watchFeed;
    this.questions = questions;
  }

  @Override
  public void connected(ControlConnection connection) {
    sandbox.connected();
  }

  @Override
  public void received(ControlConnection from, ControlMessage message) throws IOException {
    if (execs.received(from, message)) {
      return;
    }
    switch (message) {
      case ControlMessage.Start wanted -> sandbox.start(from, wanted);
      case ControlMessage.Attach attach -> streams.shared().attach(from, attach.input());
      case ControlMessage.Data _, ControlMessage.EndOfStream _ ->
          streams.input(from, sandbox.isOwner(from), message);
      case ControlMessage.Window window ->
          streams.shared().grant(from, window.stream(), window.bytes());
      case ControlMessage.Kill _ -> sandbox.end(Ending.killedByUser());
      case ControlMessage.Signal _, ControlMessage.Resize _ -> sandbox.whenRunning(message);
      case ControlMessage.QueryChanges _ ->
          from.send(new ControlMessage.ChangesEnd(ChangesFeed.send(sandbox.running(), from)));
      case ControlMessage.Exec exec -> exec(from, exec);
      case ControlMessage.ExecJson exec -> exec(from, exec);
      case ControlMessage.Begin _ -> sandbox.begin(from);
      case ControlMessage.Watch wanted -> watchFeed.look(from, wanted, sandbox.watch());
      case ControlMessage.QueryStatistics _ -> watchFeed.statistics(from, sandbox.watch());
      case ControlMessage.QueryReport _ -> ReportFeed.send(from, sandbox::report);
      case ControlMessage.WatchQuestions _ -> questions.watch(from);
      case ControlMessage.QueryQuestions _ -> questions.list(from);
      case ControlMessage.AnswerQuestion a -> questions.answer(from, a.number(), a.answer());
      case ControlMessage.Detach _ -> sandbox.leave(from);
      case ControlMessage.Pause wanted -> pause(from, wanted.still());
      case ControlMessage.QueryState _ ->
          from.send(new ControlMessage.State(new String(sandbox.state(), UTF_8)));
      default -> throw new IOException("not for a sandbox: " + message.getClass().getSimpleName());
    }
  }

  @Override
  public void closed(ControlConnection connection) {
    execs.closed(connection);
    watchFeed.closed(connection);
    questions.closed(connection);
    streams.detach(connection);
    sandbox.disconnected(connection);
  }

  private void exec(ControlConnection from, ControlMessage.Exec process) throws IOException {
    execs.begin(from, process, sandbox.running(), sandbox.isPaused());
  }

  /** A process as an OCI runtime describes it: what it leaves open is the first process's. */
  private void exec(ControlConnection from, ControlMessage.ExecJson wanted) throws IOException {
    SandboxSpec own = sandbox.spec();
    ControlMessage.Exec process;
    try {
      if (own == null) {
        throw new IOException("it does not run");
      }
      process =
          new ControlMessage.Exec(
              ProcessReader.more(wanted.process(), own.process()),
              false,
              wanted.rows(),
              wanted.columns());
    } catch (IOException e) {
      from.send(new ControlMessage.ProcessEnded(FAILED, String.valueOf(e.getMessage())));
      return;
    }
    exec(from, process);
  }

  private void pause(ControlConnection from, boolean still) throws IOException {
    String problem = "";
    RunningSandbox running = sandbox.running();
    try {
      if (running == null) {
        problem = "it does not run";
      } else {
        running.pause(still);
        sandbox.paused(still);
      }
    } catch (EngineException e) {
      problem = String.valueOf(e.getMessage());
    }
    from.send(new ControlMessage.Paused(problem));
  }
}
