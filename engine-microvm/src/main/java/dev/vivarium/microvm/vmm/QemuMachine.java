package dev.vivarium.microvm.vmm;

import dev.vivarium.microvm.host.HostCalls;
import dev.vivarium.microvm.host.Leash;
import dev.vivarium.microvm.host.ShimWalls;
import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A running QEMU. It connects to our control socket and to that of its agent's port when it starts.
 * A clone's agent is spoken to only when its guest goes on, since what comes to the port before its
 * state is loaded may wait there for ever.
 */
final class QemuMachine implements Machine {
  private final Process process;
  private final Leash leash;
  private final QemuCommand.Sockets sockets;
  private final Qmp qmp;
  private final CompletableFuture<String> ended;
  private final SocketChannel port;

  private QemuMachine(
      Process process,
      QemuCommand.Sockets sockets,
      Qmp qmp,
      SocketChannel port,
      ConsoleTail console,
      ConsoleTail errors) {
    this.process = process;
    this.leash = new Leash(process);
    this.sockets = sockets;
    this.qmp = qmp;
    this.port = port;
    this.ended =
        process.onExit().thenApply(over -> reason(QemuCommand.PROGRAM, over, console, errors));
  }

  /**
   * Starts it and waits for it at the control socket.
   *
   * @param directory for the sockets
   * @param commands what it is told at once, as {@link Qmp#command} writes it
   */
  static QemuMachine start(
      MachineSpec spec, QemuCommand.Memory memory, Path directory, String... commands)
      throws VmmException, InterruptedException {
    QemuCommand.Sockets sockets = QemuCommand.Sockets.in(directory);
    try (ServerSocketChannel monitors = listen(sockets.monitor());
        ServerSocketChannel agents = listen(sockets.agent())) {
      Files.deleteIfExists(sockets.files());
      Files.deleteIfExists(sockets.network());
      // Whatever happens to this process, the machine goes with it; and it sees nothing of the
      // host.
      List<String> words = new ArrayList<>(Enclosure.of(spec, memory));
      words.addAll(QemuCommand.of(spec, memory, sockets));
      Process process =
          new ProcessBuilder(words)
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .start();
      return connect(process, monitors, agents, sockets, commands);
    } catch (IOException e) {
      throw new VmmException("cannot start " + QemuCommand.PROGRAM + ": " + e.getMessage(), e);
    }
  }

  private static ServerSocketChannel listen(Path socket) throws IOException {
    Files.deleteIfExists(socket);
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      return listener.bind(UnixDomainSocketAddress.of(socket), 1);
    } catch (IOException e) {
      listener.close();
      throw e;
    }
  }

  private static QemuMachine connect(
      Process process,
      ServerSocketChannel monitors,
      ServerSocketChannel agents,
      QemuCommand.Sockets sockets,
      String... commands)
      throws VmmException, InterruptedException {
    ConsoleTail console = new ConsoleTail(process.getInputStream(), "console", () -> {});
    ConsoleTail errors = new ConsoleTail(process.getErrorStream(), "monitor", () -> {});
    // A QEMU that does not like its command line never connects.
    process
        .onExit()
        .thenRun(() -> {
          closeQuietly(monitors);
          closeQuietly(agents);
        });
    @Nullable SocketChannel control = null;
    @Nullable SocketChannel port = null;
    // What the machine needs of this process soon is made while it starts; not before this thread
    // waits, since to make it keeps others from making something.
    HostCalls.prepare();
    try {
      control = monitors.accept();
      // In this order it connects.
      port = agents.accept();
      return new QemuMachine(process, sockets, new Qmp(control, commands), port, console, errors);
    } catch (IOException e) {
      if (!process.isAlive()) {
        // Before it is killed to be sure: that closes what is not read yet.
        errors.finish();
      }
      process.destroyForcibly();
      process.waitFor();
      closeQuietly(control);
      closeQuietly(port);
      errors.finish();
      throw new VmmException("cannot start the virtual machine: " + errors.lastLine(), e);
    }
  }

  static void closeQuietly(@Nullable Closeable closeable) {
    if (closeable != null) {
      try {
        closeable.close();
      } catch (IOException e) {
        // Nothing that was written to it is missed.
      }
    }
  }

  /** Why a monitor is no more: what its guest said last, or else what it said itself. */
  static String reason(String name, Process over, ConsoleTail console, ConsoleTail errors) {
    try {
      console.finish();
      errors.finish();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    String verdict = console.verdict();
    if (!verdict.isEmpty()) {
      return verdict;
    }
    int code = over.exitValue();
    if (code > 128) {
      return name + " was killed by signal " + (code - 128);
    }
    String line = errors.lastLine();
    return code != 0 && !line.isEmpty() ? line : "the virtual machine switched itself off";
  }

  /**
   * Waits until a clone's guest goes on.
   *
   * @throws IOException if it does not, and is no more
   */
  void awaitResumed(Duration patience) throws IOException {
    CompletableFuture<Void> overdue =
        new CompletableFuture<Void>().orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS);
    overdue.whenComplete((done, late) -> {
      if (late != null) {
        leash.kill();
      }
    });
    try {
      qmp.awaitResumed();
    } finally {
      overdue.complete(null);
    }
  }

  Qmp qmp() {
    return qmp;
  }

  @Override
  public SocketChannel openAgentPort(Duration patience) {
    return port;
  }

  @Override
  public SocketChannel openFilesPort() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(sockets.files()));
  }

  @Override
  public PortAddress networkPort() {
    return new PortAddress(sockets.network(), "");
  }

  @Override
  public void allow(ShimWalls walls) {
    leash.hold();
  }

  @Override
  public synchronized void pause(boolean still) throws IOException {
    qmp.execute(still ? "stop" : "cont", "{}");
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
    closeQuietly(port);
    closeQuietly(qmp);
  }
}
