package dev.vivarium.engine.process;

import dev.vivarium.engine.Engines;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ServiceConfigurationError;

/**
 * What the start of every sandbox needs of the JVM and no cache can hold, done on another processor
 * while this one reads what is to be run: opening the jar, and the method handles behind foreign
 * memory. Without it all works, a little later.
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

  private static void run() {
    MemorySegment words = MemorySegment.ofArray(new long[1]);
    words.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
    words.set(ValueLayout.JAVA_SHORT, 0, (short) 1);
    words.set(ValueLayout.JAVA_INT, 0, 1);
    words.set(ValueLayout.JAVA_LONG, 0, 1L);
    try {
      Engines.all();
    } catch (ServiceConfigurationError e) {
      // Whoever wants an engine says so.
    }
  }
}
