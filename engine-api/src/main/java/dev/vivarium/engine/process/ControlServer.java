package dev.vivarium.engine.process;

import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Reason;
import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Listens on the control socket; one thread per connection receives and hands on. */
final class ControlServer implements Closeable {
  private static final int MAX_CONNECTIONS = 64;

  /** What happens to what clients say. Called on the connection's thread. */
  interface Handler {
    /** A client said hello. */
    void connected(ControlConnection connection);

    /**
     * A message came.
     *
     * @throws IOException if it cannot be served: the connection is closed then
     */
    void received(ControlConnection from, ControlMessage message) throws IOException;

    /** The connection is no more. */
    void closed(ControlConnection connection);
  }

  private final ServerSocketChannel listener;
  private final Handler handler;
  private final List<ControlConnection> connections = new ArrayList<>();

  /**
   * Listens from now on. The socket gets its name only when it listens, so that a client that sees
   * it can connect.
   */
  ControlServer(Path socket, Handler handler) throws IOException {
    this.handler = handler;
    this.listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    Path part = socket.resolveSibling("part.sock");
    try {
      listener.bind(UnixDomainSocketAddress.of(part), MAX_CONNECTIONS);
      Files.move(part, socket, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | RuntimeException e) {
      listener.close();
      throw new IOException(
          "cannot listen on the control socket: " + socket + ": " + Reason.of(e), e);
    }
    daemon("control-accept", this::accept);
  }

  private static Thread daemon(String name, Runnable body) {
    Thread thread = new Thread(null, body, name, 256 << 10);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel channel = listener.accept();
        ControlConnection connection = new ControlConnection(channel);
        if (add(connection)) {
          daemon("control-connection", () -> serve(connection));
        } else {
          connection.close();
        }
      }
    } catch (IOException e) {
      // Closed: the sandbox has ended.
    }
  }

  private synchronized boolean add(ControlConnection connection) {
    return connections.size() < MAX_CONNECTIONS && connections.add(connection);
  }

  private synchronized void remove(ControlConnection connection) {
    connections.remove(connection);
  }

  private void serve(ControlConnection connection) {
    try {
      connection.hello();
      handler.connected(connection);
      Optional<ControlMessage> message = connection.receive();
      while (message.isPresent()) {
        handler.received(connection, message.get());
        message = connection.receive();
      }
    } catch (IOException e) {
      // A client that breaks off or breaks the protocol loses its connection and nothing more.
    } finally {
      connection.end();
      remove(connection);
      handler.closed(connection);
    }
  }

  /** Sends a last message to every client; a client that does not read is not waited for long. */
  void farewell(ControlMessage last) {
    List<ControlConnection> all;
    synchronized (this) {
      all = List.copyOf(connections);
    }
    CountDownLatch sent = new CountDownLatch(all.size());
    for (ControlConnection connection : all) {
      daemon(
          "control-farewell",
          () -> {
            try {
              connection.send(last);
            } catch (IOException e) {
              // It is gone already.
            } finally {
              sent.countDown();
            }
          });
    }
    try {
      if (!sent.await(2, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      // A confined process cannot wake who waits for clients: it ends, and with it the socket.
    }
  }
}
