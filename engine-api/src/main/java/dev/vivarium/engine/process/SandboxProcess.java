package dev.vivarium.engine.process;

import dev.vivarium.engine.Engine;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.Engines;
import dev.vivarium.engine.ExitStatus;
import dev.vivarium.engine.NetworkQuestion;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.client.SandboxLauncher;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.oci.ProcessReader;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Names;
import dev.vivarium.engine.state.OutputRecord;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.SandboxState.Status;
import dev.vivarium.engine.state.Sandboxes;
import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.engine.state.StateJson;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.engine.watch.Watch;
import dev.vivarium.engine.watch.report.Report;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One sandbox from its run directory's first file to its last. The main thread walks through its
 * life ({@link #run}); connection threads bring what clients want. All fields that both touch are
 * guarded by this object's monitor; engine methods are called outside of it.
 */
final class SandboxProcess implements ControlServer.Handler {
  private static final int FAILED = 125;
  private static final int TIMED_OUT = 124;
  private static final int KILLED = 137;

  /** A process that no client asks for anything within this time was started for nothing. */
  private static final Duration UNCLAIMED = Duration.ofSeconds(20);

  private static final long ORPHAN_POLL_MILLIS = 200;

  /** What has ended by then was too short for another client to find it. */
  private static final long SHORT_MILLIS = 25;

  /** An engine that does not end within this time after it was told to is left to the kernel. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final Directories directories;
  private final RunDirectory run;

  private @Nullable ControlConnection owner;
  private ControlMessage.@Nullable Start start;
  private boolean connected;
  private boolean abandoned;

  private @Nullable SandboxState state;
  private @Nullable GuestStdio stdio;
  private @Nullable Engine engine;
  private @Nullable Engine prepared;
  private @Nullable RunningSandbox running;
  private final List<ControlMessage> early = new ArrayList<>();
  private final ExecSessions execs = new ExecSessions();
  private final EarlyInput earlyInput = new EarlyInput();
  private final WatchFeed watchFeed = new WatchFeed();
  private final QuestionDesk questions = new QuestionDesk();
  private @Nullable Watch watch;
  private @Nullable SandboxSpec spec;
  private @Nullable Recording recording;

  /** Why it is being ended, if not by itself: first reason wins. */
  private @Nullable Ending ending;

  private boolean finished;

  /** Whose container this is, if it is one; and whether that may begin. */
  private @Nullable Container container;

  private boolean begun;
  private @Nullable LateServer containerServer;

  /** An end from outside; {@code failed} if it is nobody's wish. */
  private record Ending(int exitCode, String reason, boolean tellUser, boolean failed) {
    Ending(int exitCode, String reason, boolean tellUser) {
      this(exitCode, reason, tellUser, false);
    }
  }

  /** What the end of a sandbox comes to. */
  record Outcome(Status status, int exitCode, String reason, String message) {
    /** The same, and what of the report the profile flags is said too. */
    Outcome with(List<String> flagged, SandboxSpec spec, boolean kept) {
      if (flagged.isEmpty()) {
        return this;
      }
      String line =
          "the report flags "
              + String.join(", ", flagged)
              + (kept ? "; viv report " + spec.name() + " shows it" : "");
      return new Outcome(
          status, exitCode, reason, message.isEmpty() ? line : message + "; " + line);
    }
  }

  SandboxProcess(Directories directories, String id) {
    this.directories = directories;
    this.run = RunDirectory.of(directories, id);
  }

  /**
   * Lives the sandbox's life.
   *
   * @return the exit code of this process
   */
  int run() throws IOException {
    run.create();
    Optional<Closeable> lock = run.tryLock();
    if (lock.isEmpty()) {
      throw new IOException("this sandbox has a process already: " + run.id());
    }
    try (Closeable held = lock.get();
        ControlServer server = new ControlServer(run.controlSocket(), this)) {
      prepare();
      ControlMessage.Start wanted = awaitStart();
      if (wanted == null) {
        run.delete();
        return 0;
      }
      Outcome outcome = live(wanted, run::readSpec, null);
      finish(outcome, wanted, server);
      return outcome.exitCode;
    }
  }

  /**
   * Lives the life of a sandbox that its own command started: this process is the whole of it, and
   * what a client would tell comes from {@link Front}. Other clients can connect once the guest
   * runs; one that is over before, such as {@code true}, never pays for that.
   *
   * @param keep whether state and log are kept after its end
   */
  Outcome runHere(SandboxSpec spec, boolean keep, Front front) throws IOException {
    ControlMessage.Start wanted = new ControlMessage.Start(true, keep, 0, 0);
    synchronized (this) {
      start = wanted;
    }
    run.create();
    Optional<Closeable> lock = run.tryLock();
    if (lock.isEmpty()) {
      throw new IOException("this sandbox has a process already: " + run.id());
    }
    front.setListener(new FromFront());
    try (Closeable held = lock.get();
        LateServer server = new LateServer()) {
      Outcome outcome = live(wanted, () -> spec, server);
      finish(outcome, wanted, server.ifOpened());
      return outcome;
    }
  }

  /** The same for a container: it is told to begin through its control socket. */
  Outcome runContainer(SandboxSpec spec, Container wanted, Front front) throws IOException {
    ControlMessage.Start begin = new ControlMessage.Start(false, false, 0, 0);
    synchronized (this) {
      start = begin;
      container = wanted;
    }
    run.create();
    Optional<Closeable> lock = run.tryLock();
    if (lock.isEmpty()) {
      throw new IOException("this sandbox has a process already: " + run.id());
    }
    front.setListener(new FromFront());
    try (Closeable held = lock.get();
        LateServer server = new LateServer()) {
      // Beside the engine's start, which takes as long.
      server.begin();
      synchronized (this) {
        containerServer = server;
      }
      Outcome outcome = live(begin, () -> spec, null);
      finish(outcome, begin, server.ifOpened());
      return outcome;
    }
  }

  /** Of a container: waits until it may begin. */
  private void awaitBegin() throws EngineException {
    Container mine;
    LateServer server;
    Ending unwanted;
    synchronized (this) {
      mine = container;
      server = containerServer;
    }
    if (mine == null || server == null) {
      return;
    }
    try {
      server.opened();
    } catch (IOException e) {
      throw new EngineException(FAILED, e.getMessage(), e);
    }
    synchronized (this) {
      unwanted = ending;
    }
    if (unwanted != null) {
      throw new EngineException(unwanted.exitCode, unwanted.reason);
    }
    try {
      mine.created();
      synchronized (this) {
        while (!begun && ending == null) {
          wait();
        }
        if (!begun && ending != null) {
          throw new EngineException(ending.exitCode, ending.reason);
        }
      }
    } catch (IOException e) {
      throw new EngineException(FAILED, "its manager is gone: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(FAILED, "interrupted", e);
    }
  }

  private synchronized void begin(ControlConnection from) throws IOException {
    if (container == null || begun) {
      throw new IOException("it has begun already");
    }
    owner = from;
    begun = true;
    notifyAll();
  }

  private ControlMessage.Exec exec(ControlMessage.ExecJson wanted) throws IOException {
    SandboxSpec own;
    synchronized (this) {
      own = spec;
    }
    if (own == null) {
      throw new IOException("it does not run");
    }
    return new ControlMessage.Exec(
        ProcessReader.more(wanted.process(), own.process()),
        false,
        wanted.rows(),
        wanted.columns());
  }

  private void begin(ControlConnection from, ControlMessage.ExecJson wanted) throws IOException {
    ControlMessage.Exec process;
    try {
      process = exec(wanted);
    } catch (IOException e) {
      from.send(new ControlMessage.ProcessEnded(FAILED, String.valueOf(e.getMessage())));
      return;
    }
    execs.begin(from, process, runningNow(), isPaused());
  }

  /**
   * The control socket of a sandbox that does not wait for a client. It is made while the engine
   * waits for its own processes, since once a guest runs this process can make no socket.
   */
  private final class LateServer implements Closeable {
    private final FutureTask<ControlServer> opening =
        new FutureTask<>(() -> new ControlServer(run.controlSocket(), SandboxProcess.this));

    void begin() {
      Thread thread = new Thread(null, opening, "control-open", 256 << 10);
      thread.setDaemon(true);
      thread.start();
    }

    /** Returns once it is there. */
    ControlServer opened() throws IOException {
      try {
        return opening.get();
      } catch (ExecutionException e) {
        throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while the control socket was made", e);
      }
    }

    @Nullable ControlServer ifOpened() {
      return opening.state() == Future.State.SUCCESS ? opening.resultNow() : null;
    }

    @Override
    public void close() {
      if (!opening.cancel(false) && opening.state() == Future.State.SUCCESS) {
        opening.resultNow().close();
      }
    }
  }

  /** What comes from the program in front goes to the sandbox. */
  private final class FromFront implements Front.Listener {
    @Override
    public void signalled(int number) {
      whenRunning(new ControlMessage.Signal(number));
    }

    @Override
    public void resized(int rows, int columns) {
      whenRunning(new ControlMessage.Resize(rows, columns));
    }

    @Override
    public void insisted() {
      end(new Ending(KILLED, "killed by the user", false));
    }

    @Override
    public void gone() {
      end(new Ending(KILLED, "the client that ran it went away", false));
    }
  }

  /** Where a specification comes from. */
  private interface Source<T> {
    T get() throws IOException;
  }

  /** A spare process: its engine gets ready before it is needed. */
  private void prepare() {
    String name = System.getenv(SandboxLauncher.WARM_VARIABLE);
    if (name == null || name.isEmpty()) {
      return;
    }
    try {
      Engine warm = Engines.byName(name);
      warm.prepare();
      prepared = warm;
    } catch (EngineException e) {
      // The specification will name one, and if that is not there either, say so.
    }
  }

  private Engine engine(String name) throws EngineException {
    Engine warm = prepared;
    return warm != null && warm.name().equals(name) ? warm : Engines.byName(name);
  }

  /** Waits for a client; a process whose client is gone before it came ends. */
  private synchronized ControlMessage.@Nullable Start awaitStart() {
    long deadline = System.nanoTime() + UNCLAIMED.toNanos();
    try {
      while (start == null && !abandoned) {
        if (connected) {
          wait();
        } else if (System.nanoTime() > deadline || isOrphan()) {
          return null;
        } else {
          wait(ORPHAN_POLL_MILLIS);
        }
      }
    } catch (InterruptedException e) {
      return null;
    }
    return start;
  }

  private static boolean isOrphan() {
    String client = System.getenv(SandboxLauncher.CLIENT_VARIABLE);
    return client != null
        && !ProcessHandle.current()
            .parent()
            .map(parent -> String.valueOf(parent.pid()).equals(client))
            .orElse(false);
  }

  /** From the specification to the end of the first process. */
  private Outcome live(
      ControlMessage.Start wanted, Source<SandboxSpec> source, @Nullable LateServer late)
      throws IOException {
    try (SandboxLog log = new SandboxLog(run.log())) {
      return live(wanted, source, late, log);
    }
  }

  private Outcome live(
      ControlMessage.Start wanted,
      Source<SandboxSpec> source,
      @Nullable LateServer late,
      SandboxLog log) {
    SandboxSpec spec;
    Engine chosen;
    try {
      spec = source.get();
      advance(created(spec));
      chosen = engine(spec.engine());
    } catch (IOException e) {
      return failure(FAILED, e.getMessage());
    } catch (EngineException e) {
      return failure(e.exitCode(), e.getMessage());
    }
    synchronized (this) {
      engine = chosen;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(this::toldToStop, "told-to-stop"));
    try {
      Watch eyes = new Watch(run.path());
      synchronized (this) {
        watch = eyes;
      }
      Recording recording = Recording.begin(spec, eyes, log);
      synchronized (this) {
        this.spec = spec;
        this.recording = recording;
      }
      try {
        if (late != null) {
          late.begin();
        }
        Host host = new Host(log, connect(spec, wanted), wanted.keep(), eyes, recording, late);
        RunningSandbox sandbox = chosen.start(spec, host);
        adopt(sandbox, spec);
        if (late == null) {
          announce(spec, wanted);
        } else if (!sandbox.endsWithin(SHORT_MILLIS)) {
          late.opened();
          announce(spec, wanted);
        }
        Outcome outcome = outcome(sandbox.await());
        questions.end();
        recording.end();
        return spec.reportFile().isPresent()
            ? outcome.with(report(recording, spec, outcome, wanted, eyes), spec, wanted.keep())
            : outcome;
      } finally {
        questions.end();
        recording.end();
        watchFeed.end(eyes);
        if (wanted.keep()) {
          keepStatistics(eyes, log);
        }
      }
    } catch (EngineException e) {
      log.add(String.valueOf(e.getMessage()), e);
      return endedOr(failure(e.exitCode(), e.getMessage()));
    } catch (IOException e) {
      log.add("the sandbox's process failed", e);
      return endedOr(failure(FAILED, e.getMessage()));
    } catch (InterruptedException | RuntimeException | Error e) {
      log.add("the engine failed", e);
      return failure(
          FAILED, "the engine failed: " + e + "; the details: viv logs --engine " + spec.name());
    }
  }

  private static SandboxState created(SandboxSpec spec) {
    return new SandboxState(
        spec.id(),
        spec.name(),
        spec.engine(),
        "",
        spec.root().label(),
        spec.process().arguments(),
        Status.CREATED,
        ProcessHandle.current().pid(),
        Instant.now(),
        Optional.empty(),
        0,
        "");
  }

  private void advance(SandboxState next) throws IOException {
    synchronized (this) {
      state = next;
    }
    run.writeState(next);
  }

  /** Decides how the standard streams are connected, and connects the owner. */
  private SandboxHost.Stdio connect(SandboxSpec spec, ControlMessage.Start wanted)
      throws IOException {
    boolean terminal = spec.process().terminal();
    synchronized (this) {
      if (container != null) {
        return container.stdio();
      }
    }
    if (wanted.foreground() && !terminal && !wanted.through()) {
      return new SandboxHost.Stdio.Inherit();
    }
    OutputRecord record =
        wanted.keep()
            ? OutputRecord.open(StateEntry.of(directories, run.id()).create().output())
            : null;
    GuestStdio guest = new GuestStdio(record);
    if (!spec.process().stdin() && !terminal) {
      guest.endInput();
    }
    synchronized (this) {
      stdio = guest;
      if (owner != null && wanted.foreground()) {
        guest.attach(owner, spec.process().stdin());
        earlyInput.moveTo(guest, owner);
      }
    }
    return new SandboxHost.Stdio.Streams(
        guest.input(), guest.output(1), guest.output(2), terminal, wanted.rows(), wanted.columns());
  }

  /** From here on what comes from outside reaches the engine. */
  private void adopt(RunningSandbox sandbox, SandboxSpec spec) {
    List<ControlMessage> waiting;
    boolean unwanted;
    synchronized (this) {
      running = sandbox;
      waiting = List.copyOf(early);
      unwanted = ending != null;
    }
    if (unwanted) {
      sandbox.kill();
    }
    for (ControlMessage message : waiting) {
      apply(sandbox, message);
    }
    spec.timeout().ifPresent(this::limit);
  }

  /** Lets others know that it runs. */
  private void announce(SandboxSpec spec, ControlMessage.Start wanted) throws IOException {
    SandboxState now;
    synchronized (this) {
      RunningSandbox sandbox = java.util.Objects.requireNonNull(running);
      now = java.util.Objects.requireNonNull(state).running(sandbox.platform(), sandbox.degraded());
    }
    advance(now);
    if (wanted.keep()) {
      StateEntry entry = StateEntry.of(directories, run.id()).create();
      entry.writeSpec(spec);
      entry.writeState(now);
    }
    tellOwner(new ControlMessage.Started());
  }

  private void tellOwner(ControlMessage message) {
    ControlConnection to;
    synchronized (this) {
      to = owner;
    }
    if (to != null) {
      try {
        to.send(message);
      } catch (IOException e) {
        closed(to);
      }
    }
  }

  private void limit(Duration timeout) {
    watch(
        "time-limit",
        timeout,
        () ->
            end(new Ending(TIMED_OUT, "its time limit of " + seconds(timeout) + " passed", true)));
  }

  private static String seconds(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + " s"
        : duration.toMillis() / 1000.0 + " s";
  }

  private static void watch(String name, Duration after, Runnable action) {
    Thread thread =
        new Thread(
            null,
            () -> {
              try {
                Thread.sleep(after);
              } catch (InterruptedException e) {
                return;
              }
              action.run();
            },
            name,
            256 << 10);
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Ends the sandbox from outside, now or as soon as it has started.
   *
   * @return whether it was not ending yet
   */
  private boolean end(Ending why) {
    RunningSandbox sandbox;
    synchronized (this) {
      if (ending != null || finished) {
        return false;
      }
      ending = why;
      sandbox = running;
      notifyAll();
    }
    if (sandbox != null) {
      sandbox.kill();
    }
    watch("grace", GRACE, this::giveUp);
    return true;
  }

  /** The engine did not end in time: its processes die with this one. */
  private void giveUp() {
    Outcome outcome = outcome(new ExitStatus(0, 9));
    ControlMessage.Start wanted;
    synchronized (this) {
      wanted = start;
    }
    try {
      if (wanted != null) {
        finish(outcome, wanted, null);
      }
    } finally {
      end(outcome.exitCode);
    }
  }

  /** Ends this very process, as fast as its engine can. */
  void end(int exitCode) {
    Engine chosen;
    synchronized (this) {
      chosen = engine;
    }
    // What a JVM recorded of its training, it writes only when it ends in its own way.
    if (chosen == null || Boolean.getBoolean("vivarium.training")) {
      Runtime.getRuntime().halt(exitCode);
    } else {
      chosen.endProcess(exitCode);
    }
  }

  /** SIGTERM came to this process: the machine stops, or a user ends it by hand. */
  private void toldToStop() {
    end(new Ending(143, "its process was told to stop", true));
    try {
      // The main thread halts the process when all is done.
      Thread.sleep(GRACE);
    } catch (InterruptedException e) {
      return;
    }
  }

  private synchronized Outcome outcome(ExitStatus status) {
    Ending why = ending;
    if (why != null && why.failed) {
      return failure(why.exitCode, why.reason);
    }
    return why == null
        ? new Outcome(
            Status.EXITED, status.shellCode(), "", running == null ? "" : running.remark())
        : new Outcome(
            Status.EXITED, why.exitCode, why.reason, why.tellUser ? "ended: " + why.reason : "");
  }

  /** What has failed because the sandbox was ended has not failed by itself. */
  private synchronized Outcome endedOr(Outcome failure) {
    return ending == null ? failure : outcome(new ExitStatus(0, 9));
  }

  private static Outcome failure(int exitCode, @Nullable String message) {
    String line = message == null ? "the engine failed without saying why" : message;
    return new Outcome(Status.FAILED, exitCode, line, line);
  }

  /** Writes down the end, clears up, and tells the clients; once. */
  private void finish(
      Outcome outcome, ControlMessage.Start wanted, @Nullable ControlServer server) {
    SandboxState last;
    GuestStdio streams;
    synchronized (this) {
      if (finished) {
        return;
      }
      finished = true;
      last = state;
      streams = stdio;
      if (watch != null) {
        watch.end();
      }
    }
    try {
      if (streams != null) {
        streams.close();
      }
      if (last != null && wanted.keep()) {
        new Sandboxes(directories)
            .keep(run, last.ended(outcome.status, Instant.now(), outcome.exitCode, outcome.reason));
      } else {
        // First the name: as long as there is a run directory, nobody else can have it.
        if (last != null) {
          new Names(directories).drop(last.name());
        }
        run.delete();
      }
    } catch (IOException e) {
      // The command's end matters more to the client than what could not be kept of it.
    }
    if (server != null) {
      server.farewell(new ControlMessage.Ended(outcome.exitCode, outcome.message));
    }
  }

  @Override
  public synchronized void connected(ControlConnection connection) {
    connected = true;
    notifyAll();
  }

  @Override
  public void received(ControlConnection from, ControlMessage message) throws IOException {
    if (execs.received(from, message)) {
      return;
    }
    switch (message) {
      case ControlMessage.Start wanted -> begin(from, wanted);
      case ControlMessage.Attach attach -> streams().attach(from, attach.input());
      case ControlMessage.Data _, ControlMessage.EndOfStream _ -> input(from, message);
      case ControlMessage.Window window -> streams().grant(from, window.stream(), window.bytes());
      case ControlMessage.Kill _ -> end(new Ending(KILLED, "killed by the user", false));
      case ControlMessage.Signal _, ControlMessage.Resize _ -> whenRunning(message);
      case ControlMessage.QueryChanges _ -> sendChanges(from);
      case ControlMessage.Exec exec -> execs.begin(from, exec, runningNow(), isPaused());
      case ControlMessage.ExecJson exec -> begin(from, exec);
      case ControlMessage.Begin _ -> begin(from);
      case ControlMessage.Watch wanted -> watchFeed.look(from, wanted, watch());
      case ControlMessage.QueryStatistics _ -> watchFeed.statistics(from, watch());
      case ControlMessage.QueryReport _ -> ReportFeed.send(from, this::reportNow);
      case ControlMessage.WatchQuestions _ -> questions.watch(from);
      case ControlMessage.QueryQuestions _ -> questions.list(from);
      case ControlMessage.AnswerQuestion a -> questions.answer(from, a.number(), a.answer());
      case ControlMessage.Detach _ -> leave(from);
      case ControlMessage.Pause wanted -> pause(from, wanted.still());
      case ControlMessage.QueryState _ -> from.send(new ControlMessage.State(stateJson()));
      default -> throw new IOException("not for a sandbox: " + message.getClass().getSimpleName());
    }
  }

  private synchronized void begin(ControlConnection from, ControlMessage.Start wanted)
      throws IOException {
    if (start != null) {
      throw new IOException("started already");
    }
    owner = from;
    start = wanted;
    notifyAll();
  }

  private void input(ControlConnection from, ControlMessage message) throws IOException {
    GuestStdio streams;
    synchronized (this) {
      streams = stdio == null && from == owner ? null : streams();
      if (streams == null && message instanceof ControlMessage.Data data) {
        earlyInput.add(data.bytes());
      } else if (streams == null) {
        earlyInput.end();
      }
    }
    if (streams != null && message instanceof ControlMessage.Data data) {
      streams.feed(from, data.bytes());
    } else if (streams != null) {
      streams.endInput(from);
    }
  }

  private synchronized GuestStdio streams() throws IOException {
    if (stdio == null) {
      throw new IOException("this sandbox's standard streams are not ours to share");
    }
    return stdio;
  }

  private List<String> report(
      Recording recording,
      SandboxSpec spec,
      Outcome outcome,
      ControlMessage.Start wanted,
      Watch eyes)
      throws InterruptedException {
    Instant created;
    synchronized (this) {
      created = state == null ? Instant.now() : state.created();
    }
    Statistics figures = null;
    try {
      figures = eyes.statistics();
    } catch (IOException e) {
      // This engine has none.
    }
    return recording.report(
        spec,
        new Report.End(created, Instant.now(), outcome.exitCode, outcome.reason),
        figures,
        wanted.keep() ? StateEntry.of(directories, run.id()) : null);
  }

  private Report reportNow() throws IOException, InterruptedException {
    SandboxSpec wanted;
    Recording seen;
    Watch eyes;
    RunningSandbox sandbox;
    Instant created;
    synchronized (this) {
      wanted = spec;
      seen = recording;
      eyes = watch;
      sandbox = finished ? null : running;
      created = state == null ? Instant.now() : state.created();
    }
    if (wanted == null || seen == null || eyes == null || sandbox == null) {
      throw new IOException("it does not run");
    }
    return seen.reportNow(wanted, created, eyes, sandbox);
  }

  /** What was counted outlives the sandbox. */
  private void keepStatistics(Watch eyes, SandboxLog log) throws InterruptedException {
    if (!eyes.isCounting()) {
      return;
    }
    try {
      Files.write(
          StateEntry.of(directories, run.id()).create().statistics(), eyes.statistics().encode());
    } catch (IOException e) {
      log.add("its figures could not be kept: " + Reason.of(e));
    }
  }

  /** Null before it runs and after its end. */
  private synchronized @Nullable Watch watch() {
    return finished ? null : watch;
  }

  private void whenRunning(ControlMessage message) {
    RunningSandbox sandbox;
    boolean unborn;
    synchronized (this) {
      sandbox = running;
      unborn = container != null && !begun && message instanceof ControlMessage.Signal;
      if (sandbox == null && !unborn && early.size() < 64) {
        early.add(message);
      }
    }
    if (unborn && message instanceof ControlMessage.Signal signal) {
      end(new Ending(128 + signal.number(), "killed before it began", false));
    } else if (sandbox != null) {
      apply(sandbox, message);
    }
  }

  private static void apply(RunningSandbox sandbox, ControlMessage message) {
    if (message instanceof ControlMessage.Signal signal) {
      sandbox.signal(signal.number());
    } else if (message instanceof ControlMessage.Resize size) {
      sandbox.resize(size.rows(), size.columns());
    }
  }

  private void sendChanges(ControlConnection to) throws IOException {
    to.send(new ControlMessage.ChangesEnd(ChangesFeed.send(runningNow(), to)));
  }

  /** A client goes, and wants the sandbox to stay. */
  private void leave(ControlConnection from) {
    synchronized (this) {
      if (stdio != null) {
        stdio.detach(from);
      }
      if (owner == from) {
        owner = null;
      }
    }
  }

  private void pause(ControlConnection from, boolean still) throws IOException {
    String problem = "";
    RunningSandbox sandbox = runningNow();
    try {
      if (sandbox == null) {
        problem = "it does not run";
      } else {
        sandbox.pause(still);
        synchronized (this) {
          SandboxState now = state;
          if (now != null && now.isAlive() && !finished) {
            state = now.with(still ? Status.PAUSED : Status.RUNNING);
            run.writeState(state);
          }
        }
      }
    } catch (EngineException e) {
      problem = String.valueOf(e.getMessage());
    }
    from.send(new ControlMessage.Paused(problem));
  }

  private synchronized @Nullable RunningSandbox runningNow() {
    return finished ? null : running;
  }

  private synchronized boolean isPaused() {
    return state != null && state.status() == Status.PAUSED;
  }

  private synchronized String stateJson() throws IOException {
    if (state == null) {
      throw new IOException("it has not begun");
    }
    return new String(StateJson.write(state), StandardCharsets.UTF_8);
  }

  @Override
  public void closed(ControlConnection connection) {
    execs.closed(connection);
    watchFeed.closed(connection);
    questions.closed(connection);
    boolean ends;
    synchronized (this) {
      if (stdio != null) {
        stdio.detach(connection);
      }
      if (start == null) {
        abandoned = true;
        notifyAll();
        return;
      }
      ends = connection == owner && start.foreground();
      if (connection == owner) {
        owner = null;
      }
    }
    if (ends) {
      end(new Ending(KILLED, "the client that ran it went away", false));
    }
  }

  /** What the engine sees of this process. */
  private final class Host implements SandboxHost {
    private final SandboxLog log;
    private final Stdio streams;
    private final boolean keep;
    private final Watch eyes;
    private final Recording recording;
    private final @Nullable LateServer server;

    Host(
        SandboxLog log,
        Stdio streams,
        boolean keep,
        Watch eyes,
        Recording recording,
        @Nullable LateServer server) {
      this.server = server;
      this.log = log;
      this.streams = streams;
      this.keep = keep;
      this.eyes = eyes;
      this.recording = recording;
    }

    @Override
    public Optional<Watch> watch() {
      return Optional.of(eyes);
    }

    @Override
    public Path runDirectory() {
      return run.path();
    }

    @Override
    public Stdio stdio() {
      return streams;
    }

    @Override
    public void awaitBegin() throws EngineException {
      SandboxProcess.this.awaitBegin();
    }

    @Override
    public Optional<OwnFiles> ownFiles() throws IOException {
      if (server != null) {
        server.opened();
      }
      List<Path> own = new ArrayList<>(List.of(run.path()));
      List<Path> names = new ArrayList<>();
      if (keep) {
        own.add(StateEntry.of(directories, run.id()).create().path());
      } else {
        names.add(new Names(directories).place());
      }
      return Optional.of(new OwnFiles(own, names, List.of(directories.run())));
    }

    @Override
    public void log(String line) {
      log.add(line);
    }

    @Override
    public void ask(NetworkQuestion question, Consumer<NetworkQuestion.Outcome> settled) {
      questions.ask(question, settled);
    }

    @Override
    public void end(int exitCode, String reason) {
      SandboxProcess.this.end(new Ending(exitCode, reason, true));
    }

    @Override
    public void fail(String reason) {
      if (SandboxProcess.this.end(new Ending(FAILED, reason, true, true))) {
        log.add(reason);
      }
    }

    @Override
    public void keepChanges(Changes changes) {
      StateEntry entry = StateEntry.of(directories, run.id());
      if (keep) {
        ChangesFeed.keep(entry, changes, log);
      }
      recording.take(changes, keep ? entry.changes() : null);
    }
  }
}
