package dev.vivarium.engine;

import dev.vivarium.engine.memory.Fields;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The walls around a sandbox's own process: no new privileges and no capabilities, only those paths
 * that are named here, and only the host calls of a list. For good, and for all of its threads. The
 * engines' native library puts them up (engine-sentry's confine.c).
 */
public abstract class Confinement {
  private static final String NO_PATHS = "Landlock, so that it could open any file of its user";
  private static final String NO_CALLS = "seccomp, so that it could make any host call";
  private static final String NO_WORLD =
      "namespaces of its own, so that it is in the host's network and file tree";
  private static final int SHIFT = 16;

  // As in walls.h.
  private static final int WITH_NETWORK = 1;
  private static final int WITH_MOUNTS = 2;
  private static final int WITH_FOLDERS = 4;
  private static final int DEGRADED = 8;

  private final List<String> rules = new ArrayList<>();
  private int with;

  /** With what every JVM needs: its own files and ours, to be read; and random numbers. */
  protected Confinement() {
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

  /**
   * Has the JVM open where our classes are, if it has not: with its cache it needs none of them
   * from there, and behind the walls it could not open it when it needs one after all. Takes some
   * 30 ms on a busy machine.
   */
  public static void openClassPath() {
    ClassLoader.getSystemResource("no such resource, which is looked for everywhere");
  }

  /** A letter of confine.c and a path. */
  protected final void rule(String letter, String path) {
    rules.add(letter.concat(path));
  }

  /** Bits of walls.h. */
  protected final void with(int bits) {
    with |= bits;
  }

  /** What the process itself still does with files. */
  public final void own(SandboxHost.OwnFiles files) {
    files.directories().forEach(directory -> rule("w", directory.toString()));
    files.names().forEach(this::removeFiles);
    files.parents().forEach(directory -> rule("d", directory.toString()));
  }

  /** A directory of which it may take files away. */
  public final void removeFiles(Path directory) {
    rule("f", directory.toString());
  }

  /** The sandbox has a network gofer. */
  public final void network() {
    with(WITH_NETWORK);
  }

  /** The sandbox has files of the host. */
  public final void mounts() {
    with(WITH_MOUNTS);
  }

  /**
   * Asks the library.
   *
   * @param rules address of a NULL-terminated array of strings
   * @param with bits of walls.h
   * @return 0, or what is missing as bits of walls.h, or a negative number that names the wall and
   *     an errno
   */
  protected abstract long confine(long rules, int with);

  /** The errno's name. */
  protected abstract String nameOf(int errno);

  /**
   * Puts them up, around all threads that there are and will be.
   *
   * @param degraded whether a host that lacks one of them is no reason to fail
   * @return for people: what is missing; empty if nothing is
   * @throws IOException with a line for the user; this process may have some of the walls then
   */
  public final String putUp(boolean degraded) throws IOException {
    openClassPath();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment array = arena.allocate(8L * (rules.size() + 1), 8);
      for (int i = 0; i < rules.size(); i++) {
        Fields.putLong(array, 8L * i, Fields.text(arena, rules.get(i)));
      }
      long result = confine(array.address(), degraded ? with | DEGRADED : with);
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
      if ((result & 4) != 0) {
        missing.add(NO_WORLD);
      }
      return String.join("; ", missing);
    }
  }

  /**
   * The same for the process of a host, where a sandbox that cannot be confined must not begin.
   *
   * @return for people: what is missing; empty if nothing is
   */
  public final String putUp(SandboxHost host, boolean degraded) throws EngineException {
    try {
      String missing = putUp(degraded);
      if (!missing.isEmpty()) {
        host.log("degraded, as --allow-degraded permits: its process runs without " + missing);
        host.events().policy(0, true, "its process runs without " + missing, "--allow-degraded");
      }
      return missing;
    } catch (IOException e) {
      throw new EngineException(
          125,
          "the sandbox's own process cannot be confined: "
              + e.getMessage()
              + "; see viv doctor, or run it with --allow-degraded",
          e);
    }
  }

  private String reason(int wall, int errno) {
    String what =
        switch (wall) {
          case 1 -> "it is confined already";
          case 2 -> "Landlock";
          case 3 -> "its threads cannot be reached";
          case 4 -> "its privileges cannot be given up";
          case 5 -> "seccomp";
          case 6 -> "namespaces";
          default -> "its library cannot be loaded";
        };
    return what + ": " + nameOf(errno);
  }
}
