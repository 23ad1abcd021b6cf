package dev.vivarium.sentry.gofer;

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

  /** How to tell the gofer. */
  GoferClient.Address address() {
    GoferDirectory directory = parent;
    return directory == null
        ? new GoferClient.Address(Wire.ROOTS_HANDLE, name)
        : directory.below(name);
  }
}
