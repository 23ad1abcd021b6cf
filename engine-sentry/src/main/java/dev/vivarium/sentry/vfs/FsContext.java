package dev.vivarium.sentry.vfs;

/** Root, working directory and umask of a process; shared by CLONE_FS. */
public final class FsContext {
  private MountNamespace namespace;
  private VfsPath root;
  private VfsPath cwd;

  /** Permission bits that new files do not get. */
  public int umask = 022;

  public FsContext(MountNamespace namespace, VfsPath root, VfsPath cwd) {
    this.namespace = namespace;
    this.root = root;
    this.cwd = cwd;
  }

  /** A context for a first process. */
  public FsContext(MountNamespace namespace) {
    this(namespace, namespace.rootPath(), namespace.rootPath());
  }

  public MountNamespace namespace() {
    return namespace;
  }

  public VfsPath root() {
    return root;
  }

  public VfsPath cwd() {
    return cwd;
  }

  public void setRoot(VfsPath root) {
    this.root = root;
  }

  public void setCwd(VfsPath cwd) {
    this.cwd = cwd;
  }

  /** A copy, as fork(2) without CLONE_FS makes it. */
  public FsContext fork() {
    FsContext copy = new FsContext(namespace, root, cwd);
    copy.umask = umask;
    return copy;
  }

  /** Moves this context into a copy of its mount namespace (CLONE_NEWNS, unshare). */
  public void unshareNamespace() {
    MountNamespace.Copy copy = namespace.copy();
    namespace = copy.namespace();
    root = copy.translate(root);
    cwd = copy.translate(cwd);
  }
}
