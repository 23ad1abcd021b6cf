package dev.vivarium.sentry;

import dev.vivarium.engine.Engine;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.EngineProbe;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.sentry.host.Checkpoint;
import dev.vivarium.sentry.host.Libc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The user-space kernel as an engine. */
public final class SentryEngine implements Engine {
  private @Nullable HostSide ready;
  private volatile @Nullable SentrySandbox running;

  @Override
  public String name() {
    return "sentry";
  }

  @Override
  public EngineProbe probe() {
    return new HostProbe().run();
  }

  @Override
  public void prepare() {
    Rehearsal.run();
    try {
      ready = HostSide.open(Optional.empty(), new int[0]);
    } catch (EngineException e) {
      // start() meets it again, and tells.
    }
  }

  @Override
  public void checkpoint(Path file, Path jar) throws IOException {
    Set<Integer> before = Checkpoint.descriptors();
    Rehearsal.runAll();
    Checkpoint.closeOthers(before);
    Checkpoint.clearHeap();
    Checkpoint.write(file, jar);
  }

  @Override
  public RunningSandbox start(SandboxSpec spec, SandboxHost host) throws EngineException {
    HostSide prepared = ready;
    ready = null;
    SentrySandbox sandbox = SentrySandbox.start(spec, host, prepared);
    running = sandbox;
    return sandbox;
  }

  @Override
  public void endProcess(int exitCode) {
    SentrySandbox sandbox = running;
    if (sandbox != null) {
      sandbox.abandon();
    }
    Libc.exit(exitCode);
  }
}
