package dev.vivarium.sentry.host;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** This very process in a file, to go on from later (checkpoint.c, restore.c). */
public final class Checkpoint {
  /** More than the young generation has room for, in pieces that go into it. */
  private static final int CLEARED = 64;

  private static final int CLEARED_AT_ONCE = 512 << 10;

  private Checkpoint() {}

  /** Which descriptors this process has. */
  public static Set<Integer> descriptors() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.map(path -> Integer.valueOf(path.getFileName().toString()))
          .collect(Collectors.toSet());
    }
  }

  /**
   * Closes what has come since, but for the JDK's devices: a sandbox whose process ends with it
   * closes little.
   */
  public static void closeOthers(Set<Integer> before) throws IOException {
    for (int descriptor : descriptors()) {
      if (!before.contains(descriptor) && !isDevice(descriptor)) {
        Libc.close(descriptor);
      }
    }
  }

  /**
   * Leaves as little as possible to write down: where nothing lives there are zeros then, and what
   * was only mapped by what nobody has any more is mapped no more.
   */
  public static void clearHeap() {
    System.gc();
    for (int i = 0; i < CLEARED; i++) {
      Reference.reachabilityFence(new byte[CLEARED_AT_ONCE]);
    }
  }

  private static boolean isDevice(int descriptor) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).startsWith("/dev");
    } catch (IOException e) {
      return true; // It is closed already: the one that listed them.
    }
  }

  /**
   * Writes it and ends the process, with 0, or with 1 and a line on the standard error stream.
   * Returns in each process that is made of it, which has arguments, an environment and a folder of
   * its own.
   *
   * @param jar what we run from, by which a file is known to be of another build
   * @throws IOException if there is no way to write it
   */
  public static void write(Path file, Path jar) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      int result =
          Libc.CALLS.checkpoint(
              Fields.text(arena, file.toString()), Fields.text(arena, jar.toString()));
      if (result < 0) {
        throw new IOException("cannot write a checkpoint: " + file + ": " + Errno.name(-result));
      }
    }
  }
}
