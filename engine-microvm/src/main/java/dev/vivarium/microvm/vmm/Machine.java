package dev.vivarium.microvm.vmm;

import dev.vivarium.microvm.host.ShimWalls;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** A machine that was started. */
public interface Machine extends AutoCloseable {
  /**
   * Connects to the agent's port; called once.
   *
   * @throws IOException if the agent does not listen in time, where it must to be connected to
   */
  SocketChannel openAgentPort(Duration patience) throws IOException, InterruptedException;

  /**
   * Connects to the port for files of the host; called at most once, after the agent has answered.
   */
  SocketChannel openFilesPort() throws IOException;

  /** Where the network's port is. As above. */
  PortAddress networkPort();

  /** Lets this process have what it needs of its monitor, once it is confined. */
  void allow(ShimWalls walls);

  /** Stops its processors, or lets them go on. */
  void pause(boolean still) throws IOException;

  /** Completes with the reason when the machine is no more, whatever way it ended. */
  CompletableFuture<String> ended();

  /** Ends it at once, and waits until nothing of it is left. */
  @Override
  void close();
}
