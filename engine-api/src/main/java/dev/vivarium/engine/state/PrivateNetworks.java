package dev.vivarium.engine.state;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where the members of private networks find each other: a directory for each network, beside the
 * run directories, with a socket for each member. It comes with the first member and goes with the
 * last.
 */
public final class PrivateNetworks {
  private static final String DIRECTORY = "networks";

  private PrivateNetworks() {}

  /**
   * The directory of a network.
   *
   * @param runDirectory that of a sandbox
   */
  public static Path of(Path runDirectory, String network) {
    return runDirectory.toAbsolutePath().resolveSibling(DIRECTORY).resolve(network);
  }

  /** Makes it, for this user alone. */
  public static void create(Path network) throws IOException {
    Path parent = network.getParent();
    if (parent != null) {
      Directories.createOwnerOnly(parent);
    }
    Directories.createOwnerOnly(network);
  }

  /** Takes a member's socket away, and the network if that was the last. */
  public static void leave(Path network, int number) {
    try {
      Files.deleteIfExists(network.resolve(Integer.toString(number)));
      Files.deleteIfExists(network); // fails as long as there are others
    } catch (IOException e) {
      // Who joins next looks who of them lives.
    }
  }
}
