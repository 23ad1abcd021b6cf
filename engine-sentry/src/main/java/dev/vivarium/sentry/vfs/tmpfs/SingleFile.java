package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;

/**
 * A file system that is one regular file, to be mounted on a file: what a sandbox is given in its
 * root without the root being changed.
 */
public final class SingleFile extends MemoryFs {
  private final Inode root;

  /** A file of this content, which is small. */
  public SingleFile(Task t, long dev, MemoryFile memory, MemoryBudget budget, byte[] content) {
    super(dev, memory, budget, 1);
    this.root = new MemRegular(this, nextIno(), 0644) {};
    FileRef ref = new FileRef();
    VfsPath path = new VfsPath(internalMount(), rootDentry());
    root.open(t, path, Fcntl.O_WRONLY, ref);
    File file = ref.file;
    if (file != null) {
      file.write(t, Uio.of(content, 0, content.length), 0);
      file.drop(t);
    }
  }

  @Override
  public String typeName() {
    return "tmpfs";
  }

  @Override
  public long magic() {
    return Tmpfs.MAGIC;
  }

  @Override
  public boolean keepsFilesInMemory() {
    return true;
  }

  @Override
  public Inode root() {
    return root;
  }
}
