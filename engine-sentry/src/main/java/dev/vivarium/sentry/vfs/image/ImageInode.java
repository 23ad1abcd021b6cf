package dev.vivarium.sentry.vfs.image;

import dev.vivarium.image.view.RootNode;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.DirectoryFile;
import dev.vivarium.sentry.vfs.DirectoryListing;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.InodeRef;
import dev.vivarium.sentry.vfs.PackedListing;
import dev.vivarium.sentry.vfs.VfsPath;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** One inode of an image. */
final class ImageInode extends Inode implements DirectoryListing {
  private final ImageFs image;
  private final RootNode node;
  private @Nullable PackedListing children;

  ImageInode(ImageFs fs, RootNode node) {
    super(fs, node.ino(), node.mode());
    this.image = fs;
    this.node = node;
    uid = node.uid();
    gid = node.gid();
    nlink = node.nlink();
    rdev = node.rdev();
    size = node.size();
    mtimeNanos = node.mtimeNanos();
    atimeNanos = mtimeNanos;
    ctimeNanos = mtimeNanos;
  }

  RootNode node() {
    return node;
  }

  @Override
  public long setattr(Task t, AttrChange change) {
    return -Errno.EROFS;
  }

  @Override
  public long lookup(Task t, String name, InodeRef out) {
    if (!isDirectory()) {
      return -Errno.ENOTDIR;
    }
    RootNode child = node.lookup(name);
    if (child == null) {
      return -Errno.ENOENT;
    }
    out.inode = image.inodeOf(child);
    return 0;
  }

  @Override
  public @Nullable String readlink(Task t) {
    return isSymlink() ? node.readlink() : null;
  }

  @Override
  public long open(Task t, VfsPath path, int flags, FileRef out) {
    switch (mode & Stat.S_IFMT) {
      case Stat.S_IFDIR -> out.file = new DirectoryFile(this, this, path, flags);
      case Stat.S_IFREG ->
          out.file = new ImageFile(this, path, flags, image.blobs().blob(node.layer() + 1));
      default -> {
        return -Errno.ENXIO;
      }
    }
    return 0;
  }

  @Override
  public long list(Task t, long position, DirSink sink) {
    PackedListing all = children;
    if (all == null) {
      PackedListing.Builder found = new PackedListing.Builder();
      node.readdir((name, child) ->
          found.add(
              name,
              child.ino(),
              FIRST_ENTRY + found.count() + 1,
              DirectoryListing.typeOf(child.mode())));
      all = found.build();
      children = all;
    }
    return all.list(position, sink);
  }

  @Override
  public byte @Nullable [] getxattr(Task t, String name) {
    return node.xattrs().get(name);
  }

  @Override
  public Collection<String> listxattr(Task t) {
    return node.xattrs().keySet();
  }
}
