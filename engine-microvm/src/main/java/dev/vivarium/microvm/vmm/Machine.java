package dev.vivarium.microvm.vmm;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** A machine that was started. */
public interface Machine extends AutoCloseable {
  /** The host's end of the agent's port. */
  SocketChannel agentPort();

  /**
   * Connects to the port for files of the host; called at most once, after the agent has answered.
   */
  SocketChannel openFilesPort() throws IOException;

  /** The socket of the network's port; the first who connects to it gets it. As above. */
  Path networkPort();

  /** Stops its processors, or lets them go on. */
  void pause(boolean still) throws IOException;

  /** Completes with the reason when the machine is no more, whatever way it ended. */
  CompletableFuture<String> ended();

  /** Ends it at once, and waits until nothing of it is left. */
  @Override
  void close();
}
