package dev.vivarium.sentry.gofer;

/** Kinds of host file systems, by f_type (linux/magic.h). */
final class HostFileSystems {
  private static final int EXT4 = 0xef53;
  private static final int XFS = 0x58465342;
  private static final int BTRFS = 0x9123683e;
  private static final int TMPFS = 0x01021994;
  private static final int OVERLAYFS = 0x794c7630;
  private static final int F2FS = 0xf2f52010;
  private static final int EROFS = 0xe0f5e1e2;
  private static final int SQUASHFS = 0x73717368;
  private static final int ZFS = 0x2fc12fc1;
  private static final int BCACHEFS = 0xca451a4e;

  private HostFileSystems() {}

  /** Whether a call may take as long as a network or a user's program likes. */
  static boolean mayHang(long type) {
    return switch ((int) type) {
      case EXT4, XFS, BTRFS, TMPFS, OVERLAYFS, F2FS, EROFS, SQUASHFS, ZFS, BCACHEFS, 0 -> false;
      default -> true;
    };
  }
}
