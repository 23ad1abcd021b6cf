package dev.vivarium.sentry.vfs.overlay;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappable;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.Dentry;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.tmpfs.MemRegular;
import dev.vivarium.sentry.vfs.tmpfs.PagedContent;
import org.jspecify.annotations.Nullable;

/**
 * A regular file that shows a lower one until its content is changed. Then it gets a content of its
 * own, which takes from the lower file what was not changed, unit by unit.
 */
final class OverlayRegular extends MemRegular implements OverlayFs.Overlaid {
  /** Up to this size a file is copied up at once, so that the lower file need not stay open. */
  private static final long COPIED_AT_ONCE = 1 << 20;

  private final OverlayFs overlay;
  private final Inode original;
  private final OverlayFs.Below below;
  private @Nullable File low;
  private long error;

  OverlayRegular(OverlayFs fs, Inode original) {
    super(fs, original);
    this.overlay = fs;
    this.original = original;
    this.below = new OverlayFs.Below(original);
  }

  @Override
  public OverlayFs.Below below() {
    return below;
  }

  @Override
  public long getattr(Task t) {
    if (overlay.isChanged(this)) {
      return 0;
    }
    long rc = original.getattr(t);
    if (rc == 0 && !overlay.isChanged(this)) {
      long atime = atimeNanos;
      copyAttributes(original);
      atimeNanos = Math.max(atime, atimeNanos);
    }
    return rc;
  }

  @Override
  protected long prepareOpen(Task t) {
    return content() != null ? 0 : openLow(t);
  }

  private long openLow(Task t) {
    if (low != null) {
      return 0;
    }
    VfsPath place =
        new VfsPath(overlay.lower().internalMount(), Dentry.disconnected("lower", original));
    FileRef ref = new FileRef();
    long rc = original.open(t, place, Fcntl.O_RDONLY, ref);
    File f = ref.file;
    if (rc < 0 || f == null) {
      return rc < 0 ? rc : -Errno.EIO;
    }
    if (low == null) {
      low = f;
    } else {
      f.drop(t); // another task was quicker
    }
    return 0;
  }

  @Override
  protected void lastClose(Task t) {
    File f = low;
    PagedContent c = content();
    if (f != null && (c == null || !c.isBacked())) {
      low = null;
      f.drop(t);
    }
  }

  @Override
  protected boolean isAtHand() {
    File f = low;
    return content() != null ? super.isAtHand() : f != null && f.neverBlocks();
  }

  @Override
  protected long read(Task t, Uio dst, long offset) {
    if (content() != null) {
      return super.read(t, dst, offset);
    }
    long rc = openLow(t);
    File f = low;
    return rc < 0 || f == null ? rc : f.read(t, dst, offset);
  }

  @Override
  protected @Nullable PagedContent writableContent(Task t) {
    PagedContent c = content();
    if (c != null) {
      return c;
    }
    error = openLow(t);
    if (error == 0) {
      error = getattr(t);
    }
    File f = low;
    if (error < 0 || f == null) {
      return null;
    }
    c = content();
    if (c != null) {
      return c; // another task was quicker
    }
    overlay.changing(this);
    if (size == 0) {
      c = overlay.emptyContent();
      setContent(c);
      return c;
    }
    c = new PagedContent(overlay.memory(), overlay.budget(), new Lower(f), size);
    setContent(c);
    if (size <= COPIED_AT_ONCE) {
      // If there is no room for all of it now, a later write will say so.
      c.detach(t);
    }
    return c;
  }

  @Override
  protected long contentError() {
    return error < 0 ? error : -Errno.EIO;
  }

  private record Lower(File file) implements PagedContent.Backing {
    @Override
    public long read(Task t, Uio dst, long offset) {
      return file.read(t, dst, offset);
    }

    @Override
    public boolean neverBlocks() {
      return file.neverBlocks();
    }
  }

  // ---- mapping ----

  private @Nullable Mappable lowMappable() {
    File f = low;
    return f == null ? null : f.mappable();
  }

  @Override
  public boolean translatesAtOnce() {
    if (content() != null) {
      return super.translatesAtOnce();
    }
    Mappable m = lowMappable();
    return m != null && m.translatesAtOnce();
  }

  @Override
  public boolean isConstant() {
    Mappable m = content() == null ? lowMappable() : null;
    return m != null && m.isConstant();
  }

  @Override
  public long translate(Task t, long offset, long length, boolean write, Extent out) {
    if (content() == null && !write) {
      Mappable m = lowMappable();
      if (m != null) {
        return m.translate(t, offset, length, false, out);
      }
    }
    PagedContent c = writableContent(t);
    return c == null ? contentError() : c.translate(t, offset, length, write, out);
  }
}
