package dev.vivarium.microvm.agent;

import dev.vivarium.microvm.files.FileServer;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * The port through which a guest asks for files of the host: its frames go to a {@link FileServer},
 * the answers back. A guest that breaks the rules loses the port, and with it the files.
 */
public final class FilesConnection implements Closeable {
  private final SocketChannel channel;
  private final FileServer server;

  private FilesConnection(SocketChannel channel, FileServer server) {
    this.channel = channel;
    this.server = server;
  }

  /**
   * Begins to serve.
   *
   * @param channel to the virtio-serial port; closed with the connection
   */
  public static FilesConnection open(SocketChannel channel, FileServer server) {
    FilesConnection connection = new FilesConnection(channel, server);
    server.start(connection::send);
    Thread thread = new Thread(null, connection::receive, "files", 256 << 10);
    thread.setDaemon(true);
    thread.start();
    return connection;
  }

  private synchronized void send(int mount, ByteBuffer answer) throws IOException {
    int length = answer.remaining();
    answer.position(answer.position() - AgentProtocol.HEADER);
    ByteBuffer frame = FrameWriter.header(answer, length, AgentProtocol.FILES_REPLY, mount);
    while (frame.hasRemaining()) {
      channel.write(frame);
    }
  }

  private void receive() {
    FrameReader frame = new FrameReader(channel);
    try (FileServer.Ear ear = server.new Ear()) {
      while (true) {
        frame.next();
        if (frame.type() != AgentProtocol.FILES_REQUEST) {
          throw new AgentException("a frame of unknown type came with files: " + frame.type());
        }
        ear.ask(frame.process(), frame.rest());
      }
    } catch (IOException e) {
      close();
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // The guest is being ended, or has ended.
    }
  }
}
