package dev.vivarium.microvm.host;

import dev.vivarium.engine.Confinement;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The walls around this very process, which stands beside a virtual machine (shim.c). */
public final class ShimWalls extends Confinement {
  static final String LIBRARY = "libvivarium-host.so";
  private static final String DESCRIPTORS = "/proc/self/fd/";
  private static final int EPERM = 1;
  private static final int EACCES = 13;
  private static final int ENOSYS = 38;

  // As in walls.h.
  private static final int WITH_WRITABLE = 32;
  private static final int READS_OF_OTHERS = 64;
  private static final int FILES_OF_OTHERS = 128;
  private static final int WITH_CONNECTIONS = 256;
  private static final int WITH_DEVICES = 512;

  /**
   * Loads what puts them up.
   *
   * @param directory for a copy, where it is not installed
   */
  public ShimWalls(Path directory) throws IOException {
    try {
      System.load(NativePrograms.find(LIBRARY, directory).toString());
    } catch (UnsatisfiedLinkError e) {
      throw new IOException("cannot load " + LIBRARY + ": " + e.getMessage(), e);
    }
  }

  /**
   * This machine's own tree, as the guest sees it.
   *
   * @param descriptor of its root
   * @param read paths below which whoever may reads files
   * @param empty paths of what is shown as an empty directory
   */
  public void machine(int descriptor, List<String> read, List<String> empty) {
    mounts();
    rule("b", DESCRIPTORS + descriptor);
    read.forEach(path -> rule("h", path));
    empty.forEach(path -> rule("e", path));
  }

  /**
   * A tree of the user's, or a file.
   *
   * @param descriptor of its directory
   * @param whole whether all of that is shown, not only a file in it
   */
  public void mount(int descriptor, boolean whole, boolean writable) {
    mounts();
    with(writable ? WITH_WRITABLE | FILES_OF_OTHERS : READS_OF_OTHERS);
    // By the descriptor: its path may be another's by now.
    String path = DESCRIPTORS + descriptor;
    rule(whole ? writable ? "m" : "r" : writable ? "p" : "o", path);
  }

  /** The monitor is controlled by a connection for each order. */
  public void connections() {
    with(WITH_CONNECTIONS);
  }

  /** The monitor tells of what a device of ours is to use. */
  public void devices() {
    with(WITH_DEVICES);
  }

  @Override
  protected long confine(long rules, int with) {
    return confine0(rules, with);
  }

  @Override
  protected String nameOf(int errno) {
    return switch (errno) {
      case EPERM -> "EPERM";
      case EACCES -> "EACCES";
      case ENOSYS -> "ENOSYS";
      default -> "error " + errno;
    };
  }

  private static native long confine0(long rules, int with);
}
