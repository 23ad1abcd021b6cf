package dev.vivarium.microvm.network;

import dev.vivarium.engine.NetworkAccount;
import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.microvm.agent.AgentConnection;
import dev.vivarium.microvm.host.Leash;
import dev.vivarium.microvm.host.NativePrograms;
import dev.vivarium.microvm.host.ShimWalls;
import dev.vivarium.microvm.vmm.PortAddress;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The network gofer of one guest. It ends with its socket to us, whatever way that closes. */
public final class GuestNetwork implements AutoCloseable {
  private static final String PROGRAM = "netgofer";
  private static final int MAX_COMPLAINT = 1024;
  private static final int BUFFER = 16 << 10;

  private final NetworkSpec spec;
  private final SandboxHost host;
  private final NetworkAccount account;
  private final Process process;
  private final Leash leash;
  private final SocketChannel channel;
  private final Object answerLock = new Object();
  private volatile boolean closed;

  private GuestNetwork(NetworkSpec spec, SandboxHost host, Process process, SocketChannel channel) {
    this.spec = spec;
    this.host = host;
    this.account = new NetworkAccount(spec, host);
    this.process = process;
    this.leash = new Leash(process);
    this.channel = channel;
  }

  /**
   * Starts one, with its ports bound; null where the specification asks for no network.
   *
   * @throws IOException with a line for the user: a port that is taken above all
   */
  public static @Nullable GuestNetwork start(SandboxSpec sandbox, SandboxHost host)
      throws IOException {
    NetworkSpec spec = sandbox.network();
    if (spec.isNone()) {
      return null;
    }
    Path socket = host.runDirectory().resolve("netgofer.sock");
    List<String> words =
        new ArrayList<>(
            List.of(
                NativePrograms.find(PROGRAM, host.runDirectory()).toString(),
                "guest",
                socket.toString()));
    words.addAll(spec.arguments(host.runDirectory(), sandbox.name(), sandbox.hostname()));
    Files.deleteIfExists(socket);
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(socket), 1);
      Process process =
          new ProcessBuilder(words)
              .redirectInput(new File("/dev/null"))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      // One that ends at once never connects.
      process.onExit().thenRun(() -> closeQuietly(listener));
      return started(spec, host, process, listener);
    } finally {
      Files.deleteIfExists(socket);
    }
  }

  private static GuestNetwork started(
      NetworkSpec spec, SandboxHost host, Process process, ServerSocketChannel listener)
      throws IOException {
    @Nullable SocketChannel channel = null;
    try {
      channel = listener.accept();
      if (channel.read(ByteBuffer.allocate(1)) == 1) {
        return new GuestNetwork(spec, host, process, channel);
      }
    } catch (IOException e) {
      // What it said tells more.
    }
    String complaint = complaint(process);
    process.destroyForcibly();
    if (channel != null) {
      closeQuietly(channel);
    }
    throw new IOException(complaint);
  }

  private static void closeQuietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException e) {
      // Nothing depends on it.
    }
  }

  /**
   * Joins it to a guest that can hear it, and begins to pass on what it tells.
   *
   * @param port of the machine
   */
  public AgentConnection.Network connect(PortAddress port) throws IOException {
    String where = port.socket() + (port.greeting().isEmpty() ? "" : "\n" + port.greeting());
    channel.write(ByteBuffer.wrap(where.getBytes(StandardCharsets.UTF_8)));
    InputStream in = new BufferedInputStream(Channels.newInputStream(channel), BUFFER);
    GoferMessage hello;
    try {
      hello = GoferMessage.read(in);
    } catch (IOException e) {
      throw new IOException(complaint(process), e);
    }
    if (hello.event() != GoferMessage.REPLY || hello.index() != GoferMessage.VERSION) {
      throw new IOException("the network gofer is of another version; build Vivarium again");
    }
    Thread thread = new Thread(null, () -> receive(in), "network", 256 << 10);
    thread.setDaemon(true);
    thread.start();
    return new AgentConnection.Network(
        true,
        (hello.value() & GoferMessage.HAS_V6) != 0,
        spec.ports().stream().map(NetworkSpec.PublishedPort::guestPort).toList());
  }

  /** What it said of why it ended, without its name. */
  private static String complaint(Process process) {
    try {
      String line =
          new String(process.getErrorStream().readNBytes(MAX_COMPLAINT), StandardCharsets.UTF_8);
      line = line.strip().replaceFirst("^[a-z]+: ", "");
      return line.isEmpty() ? "the network gofer ended at once" : line;
    } catch (IOException e) {
      return "the network gofer ended at once";
    }
  }

  private void ask(GoferMessage m) {
    account.asked(
        m.value(),
        m.stream() ? "tcp" : m.protocol() == GoferMessage.UDP ? "udp" : "dns",
        m.address(),
        m.port(),
        m.kind(),
        m.name(),
        0,
        "",
        outcome ->
            answer(
                m.value(),
                !outcome.isAnswer()
                    ? GoferMessage.ANSWER_NONE
                    : outcome.allows() ? GoferMessage.ANSWER_ALLOW : GoferMessage.ANSWER_REFUSE));
  }

  private void answer(int number, int said) {
    ByteBuffer bytes = ByteBuffer.wrap(GoferMessage.answer(number, said));
    try {
      synchronized (answerLock) {
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    } catch (IOException e) {
      // It has ended, and so has what was asked.
    }
  }

  private void receive(InputStream in) {
    try {
      while (true) {
        GoferMessage m = GoferMessage.read(in);
        switch (m.event()) {
          case GoferMessage.OPENED ->
              account.opened(
                  0,
                  m.stream(),
                  m.address(),
                  m.port(),
                  m.error(),
                  m.rule(),
                  m.kind(),
                  m.name(),
                  Integer.toUnsignedLong(m.value()) * 1000);
          case GoferMessage.QUESTION -> ask(m);
          case GoferMessage.RESOLVED ->
              account.resolved(m.name(), m.error(), m.rule(), m.kind(), m.address());
          case GoferMessage.ACCEPTED -> account.accepted(m.index(), m.address(), m.port());
          case GoferMessage.CLOSED ->
              account.closed(m.stream(), m.address(), m.port(), m.number(0), m.number(1));
          default -> {
            // Of a later version.
          }
        }
      }
    } catch (IOException e) {
      if (!closed) {
        host.log("the network gofer has ended; nothing outside can be reached any more");
      }
    }
  }

  /** Lets this process have what it needs of the gofer, once it is confined. */
  public void allow(ShimWalls walls) {
    leash.hold();
    walls.network();
  }

  /** For people, of a run that is over; empty if the policy refused nothing. */
  public String remark() {
    return account.remark();
  }

  @Override
  public void close() {
    closed = true;
    closeQuietly(channel);
    leash.kill();
  }
}
