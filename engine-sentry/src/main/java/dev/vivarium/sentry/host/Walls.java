package dev.vivarium.sentry.host;

import dev.vivarium.sentry.abi.Errno;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The walls around this very process (confine.c): no new privileges and no capabilities, only those
 * paths that are named here, and only those host calls that calls.c lists. For good, and for all of
 * its threads.
 */
public final class Walls {
  private static final String NO_PATHS = "Landlock, so that it could open any file of its user";
  private static final String NO_CALLS = "seccomp, so that it could make any host call";
  private static final int SHIFT = 16;

  // As in walls.h.
  private static final int WITH_NETWORK = 1;
  private static final int WITH_MOUNTS = 2;
  private static final int WITH_FOLDERS = 4;
  private static final int DEGRADED = 8;

  private final List<String> rules = new ArrayList<>();
  private int with;

  /** With what every JVM needs: its own files and ours, to be read; and random numbers. */
  public Walls() {
    rules.add("r" + System.getProperty("java.home"));
    for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator)) {
      if (!entry.isEmpty()) {
        rules.add("r" + entry);
        with |= new File(entry).isDirectory() ? WITH_FOLDERS : 0;
      }
    }
    rules.add("r/dev/urandom");
    rules.add("r/dev/random");
  }

  /** A directory in which it may make, write and remove files and sockets. */
  public Walls own(Path directory) {
    rules.add("w" + directory);
    return this;
  }

  /** A directory of which it may take files away. */
  public Walls removeFiles(Path directory) {
    rules.add("f" + directory);
    return this;
  }

  /** A directory of which it may take empty directories away. */
  public Walls removeDirectories(Path directory) {
    rules.add("d" + directory);
    return this;
  }

  /** The sandbox has a network gofer. */
  public Walls network() {
    with |= WITH_NETWORK;
    return this;
  }

  /** The sandbox has a gofer of mounts. */
  public Walls mounts() {
    with |= WITH_MOUNTS;
    return this;
  }

  /**
   * Puts them up, around all threads that there are and will be.
   *
   * @param degraded whether a host that lacks one of them is no reason to fail
   * @return for people: what is missing; empty if nothing is
   * @throws IOException with a line for the user; this process may have some of the walls then
   */
  public String putUp(boolean degraded) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment array = arena.allocate(8L * (rules.size() + 1), 8);
      for (int i = 0; i < rules.size(); i++) {
        array.setAtIndex(ValueLayout.JAVA_LONG, i, arena.allocateFrom(rules.get(i)).address());
      }
      long result = Libc.CALLS.confine(array.address(), degraded ? with | DEGRADED : with);
      if (result < 0) {
        throw new IOException(reason((int) (-result >> SHIFT), (int) (-result & 0xffff)));
      }
      List<String> missing = new ArrayList<>();
      if ((result & 1) != 0) {
        missing.add(NO_PATHS);
      }
      if ((result & 2) != 0) {
        missing.add(NO_CALLS);
      }
      return String.join("; ", missing);
    }
  }

  private static String reason(int wall, int errno) {
    String what =
        switch (wall) {
          case 1 -> "it is confined already";
          case 2 -> "Landlock";
          case 3 -> "its threads cannot be reached";
          case 4 -> "its privileges cannot be given up";
          case 5 -> "seccomp";
          default -> "its library cannot be loaded";
        };
    return what + ": " + Errno.name(errno);
  }
}
