package dev.vivarium.engine.control;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One connection of the control socket, either end of it. One thread receives; any may send.
 *
 * <p>After {@link #hello}, every frame has been checked for its length before memory is set aside
 * for it.
 */
public final class ControlConnection implements Closeable {
  /** How long the other side may take to say hello. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final SocketChannel channel;
  private final ByteBuffer lengthIn = ByteBuffer.allocate(4);
  private final Object writeLock = new Object();

  /** Takes over a connected channel in blocking mode. */
  public ControlConnection(SocketChannel channel) {
    this.channel = channel;
  }

  /** The other side is there and says nothing. */
  public static final class SilentException extends IOException {
    private static final long serialVersionUID = 1;

    public SilentException() {
      super("its process does not answer");
    }
  }

  /**
   * Connects to a sandbox's socket, and says hello.
   *
   * @throws SilentException if nobody answers for ten seconds
   */
  public static ControlConnection connect(Path socket) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      ControlConnection connection = new ControlConnection(channel);
      connection.helloInTime();
      return connection;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** A channel in blocking mode waits for ever, unless somebody closes it. */
  private void helloInTime() throws IOException {
    AtomicBoolean silent = new AtomicBoolean();
    Thread clock =
        Thread.ofVirtual()
            .start(() -> {
              try {
                Thread.sleep(PATIENCE);
                silent.set(true);
                close();
              } catch (InterruptedException e) {
                // It has said hello.
              }
            });
    try {
      hello();
    } catch (IOException e) {
      throw silent.get() ? new SilentException() : e;
    } finally {
      clock.interrupt();
    }
  }

  /** Says hello and hears it; first, on both sides. */
  public void hello() throws IOException {
    send(new ControlMessage.Hello(ControlMessage.VERSION));
    Optional<ControlMessage> answer = receive();
    if (answer.isEmpty()) {
      throw new EOFException("the other side hung up");
    }
    if (!(answer.get() instanceof ControlMessage.Hello hello)
        || hello.version() != ControlMessage.VERSION) {
      throw new IOException("the other side is another version of Vivarium");
    }
  }

  /** Sends one message as a whole; waits while the socket is full. */
  public void send(ControlMessage message) throws IOException {
    byte[] frame = ControlMessage.encode(message);
    if (frame.length > ControlMessage.MAX_FRAME) {
      throw new IOException("message too long: " + frame.length + " bytes");
    }
    ByteBuffer out = ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).flip();
    synchronized (writeLock) {
      while (out.hasRemaining()) {
        channel.write(out);
      }
    }
  }

  /**
   * Waits for the next message.
   *
   * @return empty when the other side closed the connection between two messages
   * @throws IOException if the connection broke, or what came is not of this protocol
   */
  public Optional<ControlMessage> receive() throws IOException {
    lengthIn.clear();
    if (!fill(lengthIn, true)) {
      return Optional.empty();
    }
    int length = lengthIn.flip().getInt();
    if (length < 1 || length > ControlMessage.MAX_FRAME) {
      throw new IOException("frame length out of range: " + length);
    }
    ByteBuffer frame = ByteBuffer.allocate(length);
    fill(frame, false);
    return Optional.of(ControlMessage.decode(frame.array()));
  }

  /** Fills a buffer; false if the stream ends before its first byte where that is allowed. */
  private boolean fill(ByteBuffer buffer, boolean mayEnd) throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        if (mayEnd && buffer.position() == 0) {
          return false;
        }
        throw new EOFException("the other side hung up within a message");
      }
    }
    return true;
  }

  /**
   * Ends it for both sides without closing it: whoever reads or writes here meets its end, and
   * closes it. For a thread that does neither, in a process that is confined: closing a channel
   * that others wait on takes more calls.
   */
  public void hangUp() {
    try {
      channel.shutdownInput();
      channel.shutdownOutput();
    } catch (IOException e) {
      // It has ended already.
    }
  }

  /**
   * Closes it when nobody writes any more, who is told of its end. For the thread that reads, in a
   * process that is confined; see {@link #hangUp}.
   */
  public void end() {
    hangUp();
    synchronized (writeLock) {
      close();
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing is buffered on our side, so nothing is lost.
    }
  }
}
