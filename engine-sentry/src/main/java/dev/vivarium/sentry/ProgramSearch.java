package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.FsContext;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.WalkResult;

/** Finds a command as execvp(3) does: by its path if it has a slash, else along PATH. */
final class ProgramSearch {
  private static final int ANY_EXECUTE = 0111;
  private static final int CANNOT_RUN = 126;
  private static final int NOT_FOUND = 127;

  private final Task task;
  private final FsContext fs;

  ProgramSearch(Task task, FsContext fs) {
    this.task = task;
    this.fs = fs;
  }

  /**
   * The program's path; a name that is nowhere is returned as it is, so that running it says
   * ENOENT.
   */
  String find(String command, String path) {
    if (command.indexOf('/') >= 0) {
      return command;
    }
    FsContext before = task.fs;
    task.fs = fs;
    try {
      for (String directory : path.split(":", -1)) {
        String candidate = (directory.isEmpty() ? "." : directory) + "/" + command;
        WalkResult at = new WalkResult();
        if (PathWalker.walk(task, Fcntl.AT_FDCWD, candidate, PathWalker.FOLLOW, at) == 0
            && at.inode().isRegular()
            && (at.inode().mode & ANY_EXECUTE) != 0) {
          return candidate;
        }
      }
    } finally {
      task.fs = before;
    }
    return "/nonexistent/" + command;
  }

  /**
   * Makes sure that there is something to run.
   *
   * @param command as it was asked for
   * @param program what {@link #find} made of it
   * @throws EngineException in the words that container managers look for
   */
  void require(String command, String program) throws EngineException {
    FsContext before = task.fs;
    task.fs = fs;
    WalkResult at = new WalkResult();
    long rc = PathWalker.walk(task, Fcntl.AT_FDCWD, program, PathWalker.FOLLOW, at);
    task.fs = before;
    if (rc == -Errno.ENOENT || rc == -Errno.ENOTDIR) {
      throw new EngineException(
          NOT_FOUND,
          "exec: \""
              + command
              + "\": "
              + (command.indexOf('/') >= 0
                  ? "stat " + command + ": no such file or directory"
                  : "executable file not found in $PATH"));
    }
    if (rc == -Errno.EACCES
        || rc == 0 && (!at.inode().isRegular() || (at.inode().mode & ANY_EXECUTE) == 0)) {
      throw new EngineException(CANNOT_RUN, "exec: \"" + command + "\": permission denied");
    }
    if (rc < 0) {
      throw new EngineException(CANNOT_RUN, "exec: \"" + command + "\": " + Errno.name((int) -rc));
    }
  }
}
