package dev.vivarium.microvm.vmm;

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
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A running QEMU. It connects to our control socket when it starts; we connect to its agent's port
 * when the guest can hear it: a clone's guest only after it goes on, since what comes to the port
 * before its state is loaded may wait there for ever.
 */
final class QemuMachine implements Machine {
  private final Process process;
  private final Leash leash;
  private final QemuCommand.Sockets sockets;
  private final Qmp qmp;
  private final CompletableFuture<String> ended;
  private @Nullable SocketChannel port;

  private QemuMachine(
      Process process,
      QemuCommand.Sockets sockets,
      Qmp qmp,
      ConsoleTail console,
      ConsoleTail errors) {
    this.process = process;
    this.leash = new Leash(process);
    this.sockets = sockets;
    this.qmp = qmp;
    this.ended =
        process.onExit().thenApply(over -> reason(QemuCommand.PROGRAM, over, console, errors));
  }

  /**
   * Starts it and waits for it at the control socket.
   *
   * @param directory for the sockets
   */
  static QemuMachine start(MachineSpec spec, QemuCommand.Memory memory, Path directory)
      throws VmmException, InterruptedException {
    QemuCommand.Sockets sockets = QemuCommand.Sockets.in(directory);
    try (ServerSocketChannel monitors = listen(sockets.monitor())) {
      Files.deleteIfExists(sockets.agent());
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
      return connect(process, monitors, sockets);
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
      Process process, ServerSocketChannel monitors, QemuCommand.Sockets sockets)
      throws VmmException, InterruptedException {
    ConsoleTail console = new ConsoleTail(process.getInputStream(), "console", () -> {});
    ConsoleTail errors = new ConsoleTail(process.getErrorStream(), "monitor", () -> {});
    // A QEMU that does not like its command line never connects.
    process.onExit().thenRun(() -> closeQuietly(monitors));
    @Nullable SocketChannel control = null;
    try {
      control = monitors.accept();
      return new QemuMachine(process, sockets, new Qmp(control), console, errors);
    } catch (IOException e) {
      process.destroyForcibly();
      process.waitFor();
      closeQuietly(control);
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

  Qmp qmp() {
    return qmp;
  }

  /** Connects to the agent's port; the guest hears of it. */
  QemuMachine connectAgent() throws IOException {
    port = SocketChannel.open(UnixDomainSocketAddress.of(sockets.agent()));
    return this;
  }

  /** Whether QEMU has seen that nobody is at the agent's port any more. */
  boolean agentIsDisconnected() throws IOException {
    return qmp.line("query-chardev").contains("\"disconnected:unix:" + sockets.agent());
  }

  @Override
  public SocketChannel openAgentPort(Duration patience) {
    return Objects.requireNonNull(port, "not connected yet");
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
