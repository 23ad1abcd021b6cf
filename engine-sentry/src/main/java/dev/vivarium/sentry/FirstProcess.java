package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.ProcessSpec;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.host.StandardStreams;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Makes the sandbox's first process out of its specification. On the kernel thread. */
final class FirstProcess {
  /** How long the end of a sandbox waits for a slow reader of its output. */
  private static final long DRAIN_NANOS = 10_000_000_000L;

  private final SandboxResources resources;
  private final SandboxSpec spec;
  private final SandboxHost host;
  private @Nullable StandardStreams streams;
  private @Nullable CommandSetup setup;

  FirstProcess(SandboxResources resources, SandboxSpec spec, SandboxHost host) {
    this.resources = resources;
    this.spec = spec;
    this.host = host;
  }

  /**
   * Builds the file systems and the process.
   *
   * @param started told 0 or a negative errno once the program is loaded or could not be
   */
  ProcessSpec build(LongConsumer started) throws EngineException {
    Kernel kernel = resources.kernel();
    Task task = kernel.newKernelTask();
    SandboxNetwork network = resources.network();
    if (network != null) {
      network.attach(kernel);
    }
    SandboxFiles files = new SandboxFiles(resources, spec, task);
    SandboxMounts mounts = files.mount();
    if (spec.limits().pids() > 0) {
      kernel.pids().lowerLimit(spec.limits().pids());
    }
    CommandSetup commands = new CommandSetup(task, mounts, files.devpts(), spec.limits());
    CommandSetup.Ready ready = commands.prepare(spec.process(), host.stdio(), started);
    files.setConsole(ready.streams().terminal());
    resources.setTerminal(ready.streams().terminal());
    streams = ready.streams();
    setup = commands;
    return ready.spec();
  }

  /** How more commands are made; null before the first one was. */
  @Nullable CommandSetup setup() {
    return setup;
  }

  /** Waits until the output has reached its readers. Called when all guest processes are gone. */
  void finish() {
    StandardStreams s = streams;
    if (s == null) {
      return;
    }
    try {
      if (!s.finish(resources.kernel().newKernelTask(), DRAIN_NANOS)) {
        host.log("not all output could be delivered: its reader is too slow");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
