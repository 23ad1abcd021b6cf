package dev.vivarium.microvm.agent;

import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** The guest's end of the port, driven by a test frame by frame. */
final class FakeAgent implements Closeable {
  private final SocketChannel channel;
  private final SocketChannel hostEnd;
  private final FrameReader reader;

  FakeAgent() throws IOException {
    Path directory = Files.createTempDirectory("agent");
    Path socket = directory.resolve("s");
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(socket));
      hostEnd = SocketChannel.open(UnixDomainSocketAddress.of(socket));
      channel = listener.accept();
    } finally {
      Files.deleteIfExists(socket);
      Files.deleteIfExists(directory);
    }
    reader = new FrameReader(channel);
  }

  /** What the code under test connects to. */
  SocketChannel hostEnd() {
    return hostEnd;
  }

  /** The next frame from the host, which must be of this type. */
  FrameReader expect(int type) throws IOException {
    reader.next();
    if (reader.type() != type) {
      throw new AssertionError("frame " + reader.type() + " came instead of " + type);
    }
    return reader;
  }

  void send(FrameWriter payload, int type, int process) throws IOException {
    raw(payload.frame(type, process));
  }

  void raw(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  void welcome() throws IOException {
    expect(AgentProtocol.HELLO);
    send(
        new FrameWriter().u32(AgentProtocol.AGENT_VERSION).string("6.1"), AgentProtocol.WELCOME, 0);
  }

  @Override
  public void close() throws IOException {
    channel.close();
    hostEnd.close();
  }
}
