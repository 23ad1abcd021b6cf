package dev.vivarium.sentry;

import dev.vivarium.engine.Engine;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.EngineProbe;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.sentry.host.Libc;

/** The user-space kernel as an engine. */
public final class SentryEngine implements Engine {
  @Override
  public String name() {
    return "sentry";
  }

  @Override
  public EngineProbe probe() {
    return new HostProbe().run();
  }

  @Override
  public RunningSandbox start(SandboxSpec spec, SandboxHost host) throws EngineException {
    return SentrySandbox.start(spec, host);
  }

  @Override
  public void endProcess(int exitCode) {
    Libc.exit(exitCode);
  }
}
