package dev.vivarium.engine.process;

import dev.vivarium.engine.Confinement;
import dev.vivarium.engine.Engines;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.util.ServiceConfigurationError;

/**
 * What the start of every sandbox needs of the JVM and no cache can hold, done on another processor
 * while this one reads what is to be run: the method handle that the JDK makes before it gives
 * foreign memory, the engines, the random numbers that it wants before it makes a socket in the
 * file system, and the jar. Without it all works, a little later.
 */
public final class Preparation {
  private static final int STACK = 256 << 10;

  private Preparation() {}

  /** Begins; nobody waits for the end. */
  public static void begin() {
    Thread thread = new Thread(null, Preparation::run, "preparation", STACK);
    thread.setDaemon(true);
    thread.start();
  }

  /** The same, now. */
  public static void run() {
    try (Arena arena = Arena.ofConfined()) {
      arena.allocate(1);
    }
    try {
      Engines.all();
    } catch (ServiceConfigurationError e) {
      // Whoever wants an engine says so.
    }
    try {
      ServerSocketChannel.open(StandardProtocolFamily.UNIX).close();
    } catch (IOException e) {
      // Whoever wants a socket says so.
    }
    Confinement.openClassPath();
  }
}
