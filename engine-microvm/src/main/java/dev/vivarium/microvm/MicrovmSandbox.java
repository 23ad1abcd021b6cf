package dev.vivarium.microvm;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.ExitStatus;
import dev.vivarium.engine.RunningProcess;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.microvm.agent.AgentConnection;
import dev.vivarium.microvm.agent.GuestProcess;
import dev.vivarium.microvm.files.FileServer;
import dev.vivarium.microvm.network.GuestNetwork;
import dev.vivarium.microvm.vmm.Machine;
import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A command that runs in a virtual machine of its own. */
final class MicrovmSandbox implements RunningSandbox {
  private static final int FAILED = 125;
  private static final int SIGKILL = 9;
  private static final String OUT_OF_MEMORY = "out of memory: a process was killed";

  /** The monitor ends after its guest; a little later it says why. */
  private static final int VERDICT_MILLIS = 3000;

  private final Machine machine;
  private final AgentConnection agent;
  private final GuestProcess process;
  private final MicrovmInstrument instrument;
  private final FileServer files;
  private final @Nullable GuestNetwork network;
  private final Consumer<String> log;
  private final long memoryBytes;
  private final String platform;
  private final String degraded;
  private volatile boolean killed;

  MicrovmSandbox(
      Machine machine,
      AgentConnection agent,
      GuestProcess process,
      MicrovmInstrument instrument,
      FileServer files,
      @Nullable GuestNetwork network,
      Consumer<String> log,
      long memoryBytes,
      String platform,
      String degraded) {
    this.degraded = degraded;
    this.memoryBytes = memoryBytes;
    this.log = log;
    this.files = files;
    this.network = network;
    this.machine = machine;
    this.agent = agent;
    this.process = process;
    this.instrument = instrument;
    this.platform = platform;
  }

  /** The monitor, and how it makes processors. */
  @Override
  public String platform() {
    return platform;
  }

  @Override
  public String degraded() {
    return degraded;
  }

  @Override
  public String remark() {
    String refused = network == null ? "" : network.remark();
    return process.someWereKilledForMemory()
        ? "a process was killed for using more memory than the virtual machine has ("
            + (memoryBytes >> 20)
            + " MiB; --memory gives it more)"
            + (refused.isEmpty() ? "" : "; " + refused)
        : refused;
  }

  @Override
  public ExitStatus await() throws EngineException, InterruptedException {
    try {
      ExitStatus status = process.exited().get();
      if (process.someWereKilledForMemory()) {
        instrument.tellLimit(OUT_OF_MEMORY);
      }
      instrument.end();
      return status;
    } catch (ExecutionException e) {
      if (killed) {
        return new ExitStatus(0, SIGKILL);
      }
      throw new EngineException(FAILED, "the virtual machine failed: " + why(e.getCause()), e);
    } finally {
      String summary = files.summary();
      if (!summary.isEmpty()) {
        log.accept("host files: " + summary);
      }
      close();
    }
  }

  private String why(Throwable lost) throws InterruptedException {
    try {
      return machine.ended().get(VERDICT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return String.valueOf(lost.getMessage());
    }
  }

  private void close() {
    try {
      agent.close();
    } catch (IOException e) {
      // It is being ended in any case.
    }
    machine.close();
    files.close();
    if (network != null) {
      network.close();
    }
  }

  @Override
  public void signal(int number) {
    signal(process, number);
  }

  @Override
  public void pause(boolean still) throws EngineException {
    try {
      machine.pause(still);
    } catch (IOException e) {
      throw new EngineException(
          FAILED, "the virtual machine does not answer: " + e.getMessage(), e);
    }
  }

  private static void signal(GuestProcess to, int number) {
    try {
      to.signal(number);
    } catch (IOException e) {
      // The machine is gone, which await tells.
    }
  }

  @Override
  public void resize(int rows, int columns) {
    resize(process, rows, columns);
  }

  private static void resize(GuestProcess to, int rows, int columns) {
    try {
      to.resize(rows, columns);
    } catch (IOException e) {
      // As above.
    }
  }

  @Override
  public RunningProcess exec(SandboxSpec.ProcessSpec command, SandboxHost.Stdio.Streams streams)
      throws EngineException, InterruptedException {
    GuestProcess started;
    try {
      started = GuestCommand.start(agent, command, streams);
    } catch (IOException e) {
      throw new EngineException(FAILED, "the sandbox ended: " + e.getMessage(), e);
    }
    return new RunningProcess() {
      @Override
      public ExitStatus await() throws InterruptedException {
        try {
          return started.exited().get();
        } catch (ExecutionException e) {
          return new ExitStatus(0, SIGKILL);
        }
      }

      @Override
      public void signal(int number) {
        MicrovmSandbox.signal(started, number);
      }

      @Override
      public void resize(int rows, int columns) {
        MicrovmSandbox.resize(started, rows, columns);
      }
    };
  }

  @Override
  public void kill() {
    killed = true;
    close();
  }
}
