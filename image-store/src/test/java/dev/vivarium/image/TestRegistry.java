package dev.vivarium.image;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Debian's docker-registry on a loopback port, with its files in a directory. */
public final class TestRegistry implements AutoCloseable {
  private final Process process;
  private final int port;

  private TestRegistry(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** Starts it and waits until it answers. */
  public static TestRegistry start(Path directory) throws IOException, InterruptedException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    Files.createDirectories(directory);
    Path config = directory.resolve("config.yml");
    Files.writeString(
        config,
        """
        version: 0.1
        log:
          level: error
          accesslog:
            disabled: true
        storage:
          filesystem:
            rootdirectory: %s
          delete:
            enabled: true
        http:
          addr: 127.0.0.1:%d
        """
            .formatted(directory.resolve("data"), port));
    Process process =
        new ProcessBuilder("docker-registry", "serve", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    TestRegistry registry = new TestRegistry(process, port);
    for (int i = 0; i < 300; i++) {
      if (!process.isAlive()) {
        throw new IOException(Files.readString(directory.resolve("log")));
      }
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return registry;
      } catch (IOException e) {
        Thread.sleep(50);
      }
    }
    registry.close();
    throw new IOException("docker-registry does not answer");
  }

  /** {@code 127.0.0.1:PORT}. */
  public String host() {
    return "127.0.0.1:" + port;
  }

  /** Copies an image there with skopeo. */
  public void push(String source, String name, String... options)
      throws IOException, InterruptedException {
    String[] command = new String[options.length + 6];
    command[0] = "skopeo";
    command[1] = "copy";
    command[2] = "-q";
    command[3] = "--dest-tls-verify=false";
    System.arraycopy(options, 0, command, 4, options.length);
    command[options.length + 4] = source;
    command[options.length + 5] = "docker://" + host() + "/" + name;
    HostTools.run(command);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
