package dev.vivarium.microvm.vmm;

import dev.vivarium.microvm.host.Leash;
import dev.vivarium.microvm.host.ShimWalls;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A machine of a monitor that is controlled by HTTP. */
final class RestMachine implements Machine {
  private static final Duration START_PATIENCE = Duration.ofSeconds(10);
  private static final Duration REQUEST_PATIENCE = Duration.ofSeconds(20);

  /** For ports that the agent listens on before it answers. */
  private static final Duration PORT_PATIENCE = Duration.ofSeconds(10);

  private final Process process;
  private final Leash leash;
  private final RestApi api;
  private final RestApi.Places places;
  private final CompletableFuture<String> ended;
  private @Nullable SocketChannel agent;

  private RestMachine(
      Process process,
      Leash leash,
      RestApi api,
      RestApi.Places places,
      CompletableFuture<String> ended) {
    this.process = process;
    this.leash = leash;
    this.api = api;
    this.places = places;
    this.ended = ended;
  }

  /**
   * Starts the monitor and has it start the machine.
   *
   * @param words its command line
   */
  static RestMachine start(
      String name,
      List<String> words,
      MachineSpec spec,
      RestApi.Places places,
      Function<UnixHttp, RestApi> apis)
      throws IOException, VmmException, InterruptedException {
    Process process =
        new ProcessBuilder(words)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .start();
    Leash leash = new Leash(process);
    // A guest that panics may only restart, which is the end of the sandbox all the same.
    ConsoleTail console = new ConsoleTail(process.getInputStream(), "console", leash::kill);
    ConsoleTail errors = new ConsoleTail(process.getErrorStream(), "monitor", () -> {});
    CompletableFuture<String> ended =
        process.onExit().thenApply(over -> QemuMachine.reason(name, over, console, errors));
    RestApi api = apis.apply(new UnixHttp(places.control(), REQUEST_PATIENCE));
    RestMachine machine = new RestMachine(process, leash, api, places, ended);
    try {
      machine.awaitMonitor();
      api.boot(spec, places);
      return machine;
    } catch (IOException e) {
      boolean itself = !process.isAlive();
      if (itself) {
        // Before it is killed to be sure: that closes what is not read yet.
        errors.finish();
        console.finish();
      }
      machine.close();
      String said = errors.lastLine().isEmpty() ? console.lastLine() : errors.lastLine();
      throw new VmmException(
          "cannot start the virtual machine: "
              + (itself && !said.isEmpty() ? said : e.getMessage()),
          e);
    } catch (InterruptedException | RuntimeException e) {
      machine.close();
      throw e;
    }
  }

  private void awaitMonitor() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START_PATIENCE.toNanos();
    while (true) {
      try {
        api.version();
        return;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          throw e;
        }
      }
      Thread.sleep(2);
    }
  }

  @Override
  public SocketChannel openAgentPort(Duration patience) throws IOException, InterruptedException {
    SocketChannel opened = VsockPort.open(places.vsock(), VsockPort.AGENT, patience, ended::isDone);
    agent = opened;
    return opened;
  }

  @Override
  public SocketChannel openFilesPort() throws IOException {
    try {
      return VsockPort.open(places.vsock(), VsockPort.FILES, PORT_PATIENCE, ended::isDone);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public PortAddress networkPort() {
    return new PortAddress(places.vsock(), VsockPort.greeting(VsockPort.NETWORK));
  }

  @Override
  public void allow(ShimWalls walls) {
    leash.hold();
    walls.connections();
  }

  @Override
  public void pause(boolean still) throws IOException {
    if (still) {
      api.pause();
    } else {
      api.resume();
    }
  }

  @Override
  public CompletableFuture<String> ended() {
    return ended;
  }

  @Override
  public void close() {
    leash.kill();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    QemuMachine.closeQuietly(agent);
  }
}
