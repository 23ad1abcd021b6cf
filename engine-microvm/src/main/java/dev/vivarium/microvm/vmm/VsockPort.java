package dev.vivarium.microvm.vmm;

import dev.vivarium.microvm.agent.AgentConnection;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Ports of a guest's vsock as Firecracker and Cloud Hypervisor show them: behind one unix socket,
 * each reached by saying {@code CONNECT PORT}. A guest that does not listen yet is one that closes,
 * or that keeps silent until the monitor gives up on it.
 */
final class VsockPort {
  /** Which of a guest's ports is whose: {@code enum port} of the agent. */
  static final int AGENT = AgentConnection.FIRST_VSOCK_PORT;

  static final int FILES = AGENT + 1;
  static final int NETWORK = AGENT + 2;

  private static final int MAX_ANSWER = 64;
  private static final long ONE_TRY_MILLIS = 3000;
  private static final int BETWEEN_MILLIS = 20;

  private VsockPort() {}

  /** What is said to reach one. */
  static String greeting(int port) {
    return "CONNECT " + port + "\n";
  }

  /**
   * Connects to a port, again and again until the guest listens.
   *
   * @param isOver whether there is nobody any more to wait for
   * @throws IOException if it does not in time
   */
  static SocketChannel open(Path socket, int port, Duration patience, BooleanSupplier isOver)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      SocketChannel channel = attempt(socket, port);
      if (channel != null) {
        return channel;
      }
      if (isOver.getAsBoolean()) {
        throw new IOException("the monitor ended");
      }
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "the agent in the guest does not listen within " + patience.toSeconds() + " s");
      }
      Thread.sleep(BETWEEN_MILLIS);
    }
  }

  private static @Nullable SocketChannel attempt(Path socket, int port) throws IOException {
    SocketChannel channel;
    try {
      channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      // The monitor makes the socket when it starts the guest.
      return null;
    }
    boolean connected = false;
    try {
      channel.write(ByteBuffer.wrap(greeting(port).getBytes(StandardCharsets.US_ASCII)));
      connected = isAccepted(channel);
      return connected ? channel : null;
    } catch (IOException e) {
      return null;
    } finally {
      if (!connected) {
        channel.close();
      }
    }
  }

  /** Reads byte by byte: what comes after the line is the guest's. */
  private static boolean isAccepted(SocketChannel channel) throws IOException {
    long deadline = System.nanoTime() + ONE_TRY_MILLIS * 1_000_000;
    StringBuilder line = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    channel.configureBlocking(false);
    try (Selector selector = Selector.open()) {
      channel.register(selector, SelectionKey.OP_READ);
      while (line.length() < MAX_ANSWER) {
        int n = channel.read(one.clear());
        if (n < 0) {
          return false;
        }
        if (n == 0) {
          long left = (deadline - System.nanoTime()) / 1_000_000;
          if (left <= 0 || Thread.currentThread().isInterrupted()) {
            return false;
          }
          selector.select(left);
          selector.selectedKeys().clear();
          continue;
        }
        if (one.get(0) == '\n') {
          break;
        }
        line.append((char) one.get(0));
      }
    }
    // Not before the selector, which has the channel, is closed.
    channel.configureBlocking(true);
    return line.toString().matches("OK [0-9]{1,10}");
  }
}
