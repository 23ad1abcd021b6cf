package dev.vivarium.sentry;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.FsContext;
import dev.vivarium.sentry.vfs.Mount;
import dev.vivarium.sentry.vfs.MountNamespace;
import dev.vivarium.sentry.vfs.NameOps;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.WalkResult;

/**
 * Puts a sandbox's file systems together, making the places to mount on where an image lacks them.
 */
final class SandboxMounts {
  private static final int DIRECTORY_MODE = 0755;

  private final Task task;
  private final MountNamespace namespace;

  /**
   * @param task the kernel's own; it sees the new tree from now on
   */
  SandboxMounts(Task task, FileSystem root) {
    this.task = task;
    this.namespace = new MountNamespace(root, root.typeName(), 0);
    task.fs = new FsContext(namespace);
  }

  MountNamespace namespace() {
    return namespace;
  }

  /**
   * Mounts a file system on an absolute path inside, whose missing directories are made.
   *
   * @return 0 or a negative errno
   */
  long mount(String path, FileSystem fs, String source, int flags) {
    long rc = makeDirectories(path);
    if (rc < 0) {
      return rc;
    }
    return mountOn(path, fs, source, flags);
  }

  /**
   * Mounts a file system whose root is one file on a file inside, which is made if it is missing.
   */
  long mountFile(String path, FileSystem fs, String source, int flags) {
    int slash = path.lastIndexOf('/');
    long rc = makeDirectories(path.substring(0, Math.max(slash, 1)));
    if (rc == 0) {
      rc =
          NameOps.mknod(task, Fcntl.AT_FDCWD, path, dev.vivarium.sentry.abi.Stat.S_IFREG | 0644, 0);
    }
    return rc < 0 && rc != -Errno.EEXIST ? rc : mountOn(path, fs, source, flags);
  }

  private long mountOn(String path, FileSystem fs, String source, int flags) {
    WalkResult at = new WalkResult();
    long rc = PathWalker.walk(task, Fcntl.AT_FDCWD, path, PathWalker.FOLLOW, at);
    return rc < 0 ? rc : namespace.mount(at.path(), fs, fs.rootDentry(), source, flags);
  }

  /** mkdir -p. */
  long makeDirectories(String path) {
    long rc = 0;
    for (int slash = path.indexOf('/', 1);
        slash > 0 && rc == 0;
        slash = path.indexOf('/', slash + 1)) {
      rc = makeDirectory(path.substring(0, slash));
    }
    return rc == 0 && path.length() > 1 ? makeDirectory(path) : rc;
  }

  private long makeDirectory(String path) {
    WalkResult at = new WalkResult();
    if (PathWalker.walk(task, Fcntl.AT_FDCWD, path, PathWalker.FOLLOW | PathWalker.DIRECTORY, at)
        == 0) {
      return 0;
    }
    return NameOps.mkdir(task, Fcntl.AT_FDCWD, path, DIRECTORY_MODE);
  }

  /** Makes the root itself read-only; what is mounted on it stays as it is. */
  void makeRootReadOnly() {
    namespace.root().setFlags(namespace.root().flags() | Mount.RDONLY);
  }

  /** Finds a directory inside, or null. */
  @org.jspecify.annotations.Nullable
  VfsPath find(String path) {
    WalkResult at = new WalkResult();
    long rc =
        PathWalker.walk(task, Fcntl.AT_FDCWD, path, PathWalker.FOLLOW | PathWalker.DIRECTORY, at);
    return rc < 0 ? null : at.path();
  }
}
