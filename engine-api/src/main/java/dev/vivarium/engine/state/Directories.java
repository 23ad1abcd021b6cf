package dev.vivarium.engine.state;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;

/**
 * Where Vivarium keeps what it knows of sandboxes, following the XDG base directories.
 *
 * @param run of the living: {@code $XDG_RUNTIME_DIR/vivarium}, or {@code /tmp/vivarium-UID}
 * @param state of the finished: {@code $XDG_STATE_HOME/vivarium}
 */
public record Directories(Path run, Path state) {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

  /** Whether files have owners and modes. */
  private static final boolean UNIX =
      FileSystems.getDefault().supportedFileAttributeViews().contains("unix");

  /** A socket's path has at most 107 bytes; ours ends in {@code /0123456789ab/control.sock}. */
  private static final int MAX_RUN_PATH = 107 - 26;

  /**
   * Finds both, and creates them if need be.
   *
   * @param environment of this process
   * @throws IOException with the line for the user if one cannot be made or belongs to another user
   */
  public static Directories of(Map<String, String> environment) throws IOException {
    int uid = uid();
    Path run = runPath(environment, uid);
    if (run.toString().getBytes(StandardCharsets.UTF_8).length > MAX_RUN_PATH) {
      throw new IOException(
          "the path is too long for sockets in it: "
              + run
              + "; set XDG_RUNTIME_DIR to a shorter one");
    }
    return new Directories(
        ownDirectory(run, uid), ownDirectory(statePath(environment).resolve("vivarium"), uid));
  }

  private static Path runPath(Map<String, String> environment, int uid) {
    String runtime = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    if (runtime.startsWith("/") && Files.isWritable(Path.of(runtime))) {
      return Path.of(runtime, "vivarium");
    }
    return UNIX
        ? Path.of("/tmp/vivarium-" + uid)
        : Path.of(System.getProperty("user.home"), ".vivarium");
  }

  private static Path statePath(Map<String, String> environment) {
    String state = environment.getOrDefault("XDG_STATE_HOME", "");
    if (state.startsWith("/")) {
      return Path.of(state);
    }
    String home = environment.getOrDefault("HOME", "");
    return Path.of(home.startsWith("/") ? home : System.getProperty("user.home"), ".local/state");
  }

  /** The user that this process runs as; 0 where users have no numbers. */
  public static int uid() throws IOException {
    if (!UNIX) {
      return 0;
    }
    // Outside of Linux there is no /proc; there nothing runs as another user than the home's.
    Path self = Path.of("/proc/self");
    return (Integer)
        Files.getAttribute(
            Files.exists(self) ? self : Path.of(System.getProperty("user.home")), "unix:uid");
  }

  /** Creates a directory that only its owner can look into, or checks that it is one already. */
  private static Path ownDirectory(Path path, int uid) throws IOException {
    if (!UNIX) {
      // Windows: what lies in a user's own profile is the user's alone by its access lists.
      return Files.createDirectories(path);
    }
    try {
      if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        Files.createDirectories(path.getParent());
        createOwnerOnly(path);
      }
      Map<String, Object> found =
          Files.readAttributes(path, "unix:uid,mode,isDirectory", LinkOption.NOFOLLOW_LINKS);
      if ((Integer) found.get("uid") != uid || !(Boolean) found.get("isDirectory")) {
        throw new IOException(
            "this directory belongs to someone else: "
                + path
                + "; remove it, or set XDG_RUNTIME_DIR to a directory of your own");
      }
      if (((Integer) found.get("mode") & 077) != 0) {
        Files.setPosixFilePermissions(path, OWNER_ONLY);
      }
      return path;
    } catch (java.nio.file.FileSystemException e) {
      throw new IOException(
          "cannot create a directory: "
              + path
              + ": "
              + Reason.of(e)
              + "; set XDG_RUNTIME_DIR and XDG_STATE_HOME to directories that you can write",
          e);
    }
  }

  /** Creates one directory with mode 0700; fine if another process was quicker. */
  static void createOwnerOnly(Path path) throws IOException {
    try {
      Files.createDirectory(path, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    } catch (java.nio.file.FileAlreadyExistsException e) {
      if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
    }
  }
}
