package dev.vivarium.sentry.gofer;

import dev.vivarium.sentry.vfs.Inode;
import org.jspecify.annotations.Nullable;

/**
 * Where an inode was last found: its directory and its name there. Requests name files this way, so
 * that only directories in use cost the gofer a descriptor.
 */
final class Place {
  /** The directory; null for the root, whose name is its number among the roots. */
  @Nullable GoferDirectory parent;

  String name;

  Place(@Nullable GoferDirectory parent, String name) {
    this.parent = parent;
    this.name = name;
  }

  void set(@Nullable GoferDirectory newParent, String newName) {
    parent = newParent;
    name = newName;
  }

  /**
   * Whether an inode is known to be there still: the host tells of changes in its directory, and of
   * none to this name.
   *
   * @param dev the host's device and inode number of it
   */
  boolean stands(Inode inode, long dev, long ino) {
    GoferDirectory directory = parent;
    WatchedDirectory w = directory == null ? null : directory.watched();
    if (w == null) {
      return false;
    }
    return switch (w.find(name)) {
      case LISTED -> w.listing.ino(w.index) == ino && w.listing.dev(w.index) == dev;
      case LEARNED -> w.learned == inode;
      case ABSENT, NO -> false;
    };
  }

  /** The inode has got another name, of which the directory of this one is not told. */
  void hasChanged() {
    GoferDirectory directory = parent;
    WatchedDirectory w = directory == null ? null : directory.watched();
    if (w != null) {
      w.changed(HostWatches.IN_ATTRIB, name);
    }
  }

  /** How to tell the gofer. */
  GoferClient.Address address() {
    GoferDirectory directory = parent;
    return directory == null
        ? new GoferClient.Address(Wire.ROOTS_HANDLE, name)
        : directory.below(name);
  }
}
