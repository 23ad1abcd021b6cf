package dev.vivarium.engine.process;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.NetworkQuestion;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Names;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.engine.watch.Watch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What an engine sees of the process that it runs a sandbox in. */
final class EngineHost implements SandboxHost {
  /** What the engine may ask the process to do. */
  interface Process {
    /** See {@link SandboxHost#awaitBegin}. */
    void awaitBegin() throws EngineException;

    /** Ends the sandbox; false if it was ending already. */
    boolean end(Ending why);
  }

  private static final int FAILED = 125;

  private final Process process;
  private final Directories directories;
  private final RunDirectory run;
  private final Stdio streams;
  private final boolean keep;
  private final SandboxLog log;
  private final Watch eyes;
  private final Recording recording;
  private final QuestionDesk questions;
  private final @Nullable LateServer server;

  /**
   * @param keep whether what is left of the sandbox stays after its end
   * @param server a control socket that is being made, if it is made late
   */
  EngineHost(
      Process process,
      Directories directories,
      RunDirectory run,
      Stdio streams,
      boolean keep,
      SandboxLog log,
      Watch eyes,
      Recording recording,
      QuestionDesk questions,
      @Nullable LateServer server) {
    this.process = process;
    this.directories = directories;
    this.run = run;
    this.streams = streams;
    this.keep = keep;
    this.log = log;
    this.eyes = eyes;
    this.recording = recording;
    this.questions = questions;
    this.server = server;
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
    process.awaitBegin();
  }

  @Override
  public Optional<OwnFiles> ownFiles() throws IOException {
    if (server != null) {
      server.opened();
    }
    List<Path> own = new ArrayList<>(List.of(run.path()));
    List<Path> names = new ArrayList<>();
    if (keep) {
      own.add(entry().create().path());
    } else {
      names.add(new Names(directories).place());
    }
    return Optional.of(new OwnFiles(own, names, List.of(directories.run())));
  }

  private StateEntry entry() {
    return StateEntry.of(directories, run.id());
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
    process.end(new Ending(exitCode, reason, true));
  }

  @Override
  public void fail(String reason) {
    if (process.end(new Ending(FAILED, reason, true, true))) {
      log.add(reason);
    }
  }

  @Override
  public void keepChanges(Changes changes) {
    if (keep) {
      ChangesFeed.keep(entry(), changes, log);
    }
    recording.take(changes, keep ? entry().changes() : null);
  }
}
