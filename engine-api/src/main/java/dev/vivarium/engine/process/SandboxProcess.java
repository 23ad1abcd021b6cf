package dev.vivarium.engine.process;

import dev.vivarium.engine.Engine;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.Engines;
import dev.vivarium.engine.ExitStatus;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.client.SandboxLauncher;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
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
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One sandbox from its run directory's first file to its last. The main thread walks through its
 * life ({@link #run}); connection threads bring what clients want. All fields that both touch are
 * guarded by this object's monitor; engine methods are called outside of it.
 */
final class SandboxProcess implements ClientRequests.Sandbox, EngineHost.Process {
  private static final int FAILED = 125;
  private static final int TIMED_OUT = 124;

  /** A process without a client that nobody asks for anything is there for nothing then. */
  private static final Duration UNCLAIMED = Duration.ofSeconds(20);

  private static final long ORPHAN_POLL_MILLIS = 200;

  /** What has ended by then was too short for another client to find it. */
  private static final long SHORT_MILLIS = 25;

  private final Directories directories;
  private final RunDirectory run;

  private @Nullable ControlConnection owner;
  private ControlMessage.@Nullable Start start;
  private boolean connected;
  private boolean abandoned;

  private @Nullable SandboxState state;

  private final LastResort lastResort = new LastResort();
  private @Nullable Engine prepared;
  private @Nullable RunningSandbox running;
  private final List<ControlMessage> early = new ArrayList<>();
  private final StandardStreams streams = new StandardStreams();
  private final WatchFeed watchFeed = new WatchFeed();
  private final QuestionDesk questions = new QuestionDesk();
  private final ClientRequests requests = new ClientRequests(this, streams, watchFeed, questions);
  private @Nullable Watch watch;
  private @Nullable SandboxSpec spec;
  private @Nullable Recording recording;

  /** Why it is being ended, if not by itself: first reason wins. */
  private @Nullable Ending ending;

  private boolean finished;

  /** Of a container, once there is one. */
  private @Nullable ContainerGate gate;

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
    try (Closeable held = take();
        ControlServer server = new ControlServer(run.controlSocket(), requests)) {
      prepare();
      ControlMessage.Start wanted = awaitStart();
      if (wanted == null) {
        run.delete();
        return 0;
      }
      SandboxOutcome outcome = live(wanted, run::readSpec, null);
      finish(outcome, wanted, server);
      return outcome.exitCode();
    }
  }

  /**
   * Lives the life of a sandbox that its own command started: this process is the whole of it, and
   * what a client would tell comes from {@link Front}. Other clients can connect once the guest
   * runs; one that is over before, such as {@code true}, never pays for that.
   *
   * @param keep whether state and log are kept after its end
   */
  SandboxOutcome runHere(SandboxSpec spec, boolean keep, Front front) throws IOException {
    ControlMessage.Start wanted = new ControlMessage.Start(true, keep, 0, 0);
    synchronized (this) {
      start = wanted;
    }
    try (Closeable held = take();
        LateServer server = new LateServer(run.controlSocket(), requests)) {
      front.setListener(new FromFront());
      SandboxOutcome outcome = live(wanted, () -> spec, server);
      finish(outcome, wanted, server.ifOpened());
      return outcome;
    }
  }

  /** The same for a container: it is told to begin through its control socket. */
  SandboxOutcome runContainer(SandboxSpec spec, Container wanted, Front front) throws IOException {
    ControlMessage.Start begin = new ControlMessage.Start(false, false, 0, 0);
    synchronized (this) {
      start = begin;
    }
    try (Closeable held = take();
        LateServer server = new LateServer(run.controlSocket(), requests)) {
      synchronized (this) {
        gate = new ContainerGate(wanted, server);
      }
      front.setListener(new FromFront());
      // Beside the engine's start, which takes as long.
      server.begin();
      SandboxOutcome outcome = live(begin, () -> spec, null);
      finish(outcome, begin, server.ifOpened());
      return outcome;
    }
  }

  /** Makes the run directory this process's own, as long as what is returned is not closed. */
  private Closeable take() throws IOException {
    run.create();
    return run.tryLock()
        .orElseThrow(() -> new IOException("this sandbox has a process already: " + run.id()));
  }

  /** Of a container: waits until it may begin. */
  @Override
  public void awaitBegin() throws EngineException {
    ContainerGate mine = gate();
    if (mine != null) {
      mine.await();
    }
  }

  private synchronized @Nullable ContainerGate gate() {
    return gate;
  }

  @Override
  public synchronized void begin(ControlConnection from) throws IOException {
    if (gate == null) {
      throw new IOException("it has begun already");
    }
    gate.open();
    // Known before anything that the container does can be told: that takes this monitor.
    owner = from;
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
      end(Ending.killedByUser());
    }

    @Override
    public void gone() {
      end(Ending.clientGone());
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
    // It may have an image to fetch before it comes, which takes as long as it takes.
    String client = System.getenv(SandboxLauncher.CLIENT_VARIABLE);
    try {
      while (start == null && !abandoned) {
        if (connected) {
          wait();
        } else if (client == null ? System.nanoTime() > deadline : isOrphan(client)) {
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

  private static boolean isOrphan(String client) {
    return !ProcessHandle.current()
        .parent()
        .map(parent -> String.valueOf(parent.pid()).equals(client))
        .orElse(false);
  }

  /** From the specification to the end of the first process. */
  private SandboxOutcome live(
      ControlMessage.Start wanted, Source<SandboxSpec> source, @Nullable LateServer late)
      throws IOException {
    try (SandboxLog opened = new SandboxLog(run.log())) {
      lastResort.tell(opened);
      return live(wanted, source, late, opened);
    }
  }

  private SandboxOutcome live(
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
      return SandboxOutcome.failure(FAILED, e.getMessage());
    } catch (EngineException e) {
      return SandboxOutcome.failure(e.exitCode(), e.getMessage());
    }
    lastResort.use(chosen);
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
        SandboxHost host =
            new EngineHost(
                this,
                directories,
                run,
                connect(spec, wanted),
                wanted.keep(),
                log,
                eyes,
                recording,
                questions,
                late);
        RunningSandbox sandbox = chosen.start(spec, host);
        adopt(sandbox, spec);
        if (late == null) {
          announce(spec, wanted);
        } else if (sandbox.endsWithin(SHORT_MILLIS)) {
          runs();
        } else {
          late.opened();
          announce(spec, wanted);
        }
        SandboxOutcome outcome = outcome(sandbox.await());
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
      return endedOr(SandboxOutcome.failure(e.exitCode(), e.getMessage()));
    } catch (IOException e) {
      log.add("the sandbox's process failed", e);
      return endedOr(SandboxOutcome.failure(FAILED, e.getMessage()));
    } catch (InterruptedException | RuntimeException | Error e) {
      log.add("the engine failed", e);
      return SandboxOutcome.failure(
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
    ContainerGate container = gate();
    if (container != null) {
      return container.stdio();
    }
    if (wanted.foreground() && !terminal && !wanted.through()) {
      return new SandboxHost.Stdio.Inherit();
    }
    OutputRecord record =
        wanted.keep()
            ? OutputRecord.open(StateEntry.of(directories, run.id()).create().output())
            : null;
    ControlConnection client;
    synchronized (this) {
      client = owner;
    }
    return streams.connect(spec, wanted, record, client);
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

  /** Its state from now on, which names the platform. */
  private synchronized SandboxState runs() {
    RunningSandbox sandbox = java.util.Objects.requireNonNull(running);
    SandboxState now =
        java.util.Objects.requireNonNull(state).running(sandbox.platform(), sandbox.degraded());
    state = now;
    return now;
  }

  /** Lets others know that it runs. */
  private void announce(SandboxSpec spec, ControlMessage.Start wanted) throws IOException {
    SandboxState now = runs();
    run.writeState(now);
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
        requests.closed(to);
      }
    }
  }

  private void limit(Duration timeout) {
    Alarm.set(
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

  /**
   * Ends the sandbox from outside, now or as soon as it has started.
   *
   * @return whether it was not ending yet
   */
  @Override
  public boolean end(Ending why) {
    RunningSandbox sandbox;
    ContainerGate waiting;
    synchronized (this) {
      if (ending != null || finished) {
        return false;
      }
      ending = why;
      sandbox = running;
      waiting = gate;
    }
    // First, since it holds whatever becomes of the rest.
    try {
      lastResort.set(why.exitCode(), this::giveUp);
    } finally {
      if (waiting != null) {
        waiting.end(why);
      }
      if (sandbox != null) {
        sandbox.kill();
      }
    }
    return true;
  }

  /** The engine did not end in time: its processes die with this one. */
  private int giveUp() {
    SandboxOutcome outcome = outcome(new ExitStatus(0, 9));
    ControlMessage.Start wanted;
    synchronized (this) {
      wanted = start;
    }
    if (wanted != null) {
      finish(outcome, wanted, null);
    }
    return outcome.exitCode();
  }

  /** Ends this very process, as fast as its engine can. */
  void end(int exitCode) {
    lastResort.end(exitCode);
  }

  /** SIGTERM came to this process: the machine stops, or a user ends it by hand. */
  private void toldToStop() {
    end(new Ending(143, "its process was told to stop", true));
    try {
      // The main thread halts the process when all is done.
      Thread.sleep(LastResort.GRACE);
    } catch (InterruptedException e) {
      return;
    }
  }

  private synchronized SandboxOutcome outcome(ExitStatus status) {
    Ending why = ending;
    if (why != null && why.failed()) {
      return SandboxOutcome.failure(why.exitCode(), why.reason());
    }
    return why == null
        ? new SandboxOutcome(
            Status.EXITED, status.shellCode(), "", running == null ? "" : running.remark())
        : new SandboxOutcome(
            Status.EXITED,
            why.exitCode(),
            why.reason(),
            why.tellUser() ? "ended: " + why.reason() : "");
  }

  /** What has failed because the sandbox was ended has not failed by itself. */
  private synchronized SandboxOutcome endedOr(SandboxOutcome failure) {
    return ending == null ? failure : outcome(new ExitStatus(0, 9));
  }

  /** Writes down the end, clears up, and tells the clients; once. */
  private void finish(
      SandboxOutcome outcome, ControlMessage.Start wanted, @Nullable ControlServer server) {
    SandboxState last;
    synchronized (this) {
      if (finished) {
        return;
      }
      finished = true;
      last = state;
      if (watch != null) {
        watch.end();
      }
    }
    try {
      streams.close();
      if (last != null && wanted.keep()) {
        new Sandboxes(directories)
            .keep(
                run,
                last.ended(outcome.status(), Instant.now(), outcome.exitCode(), outcome.reason()));
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
      server.farewell(new ControlMessage.Ended(outcome.exitCode(), outcome.message()));
    }
  }

  @Override
  public synchronized void start(ControlConnection from, ControlMessage.Start wanted)
      throws IOException {
    if (start != null) {
      throw new IOException("started already");
    }
    owner = from;
    start = wanted;
    notifyAll();
  }

  private List<String> report(
      Recording recording,
      SandboxSpec spec,
      SandboxOutcome outcome,
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
        new Report.End(created, Instant.now(), outcome.exitCode(), outcome.reason()),
        figures,
        wanted.keep() ? StateEntry.of(directories, run.id()) : null);
  }

  @Override
  public Report report() throws IOException, InterruptedException {
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

  @Override
  public synchronized @Nullable Watch watch() {
    return finished ? null : watch;
  }

  @Override
  public void whenRunning(ControlMessage message) {
    RunningSandbox sandbox;
    boolean unborn;
    synchronized (this) {
      sandbox = running;
      unborn = gate != null && !gate.isOpen() && message instanceof ControlMessage.Signal;
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

  @Override
  public synchronized @Nullable RunningSandbox running() {
    return finished ? null : running;
  }

  @Override
  public synchronized boolean isPaused() {
    return state != null && state.status() == Status.PAUSED;
  }

  @Override
  public void paused(boolean still) throws IOException {
    synchronized (this) {
      SandboxState now = state;
      if (now != null && now.isAlive() && !finished) {
        state = now.with(still ? Status.PAUSED : Status.RUNNING);
        run.writeState(state);
      }
    }
  }

  @Override
  public synchronized byte[] state() throws IOException {
    if (state == null) {
      throw new IOException("it has not begun");
    }
    return StateJson.write(state);
  }

  @Override
  public synchronized @Nullable SandboxSpec spec() {
    return spec;
  }

  @Override
  public synchronized void connected() {
    connected = true;
    notifyAll();
  }

  @Override
  public synchronized boolean isOwner(ControlConnection client) {
    return client == owner;
  }

  @Override
  public void leave(ControlConnection client) {
    streams.detach(client);
    synchronized (this) {
      if (owner == client) {
        owner = null;
      }
    }
  }

  @Override
  public void disconnected(ControlConnection client) {
    boolean ends;
    synchronized (this) {
      if (start == null) {
        abandoned = true;
        notifyAll();
        return;
      }
      ends = client == owner && start.foreground();
      if (client == owner) {
        owner = null;
      }
    }
    if (ends) {
      end(Ending.clientGone());
    }
  }
}
