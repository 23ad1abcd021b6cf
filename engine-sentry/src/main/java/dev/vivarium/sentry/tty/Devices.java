package dev.vivarium.sentry.tty;

/** Numbers of the character devices that a sandbox has (Documentation/admin-guide/devices.txt). */
public final class Devices {
  public static final long NULL = makedev(1, 3);
  public static final long ZERO = makedev(1, 5);
  public static final long FULL = makedev(1, 7);
  public static final long RANDOM = makedev(1, 8);
  public static final long URANDOM = makedev(1, 9);
  public static final long TTY = makedev(5, 0);
  public static final long CONSOLE = makedev(5, 1);
  public static final long PTMX = makedev(5, 2);

  private Devices() {}

  /** As Linux's new_encode_dev(). */
  public static long makedev(int major, int minor) {
    return (long) (minor & 0xff) | (long) major << 8 | (long) (minor & ~0xff) << 12;
  }

  public static int major(long device) {
    return (int) (device >> 8 & 0xfff);
  }

  public static int minor(long device) {
    return (int) (device & 0xff | device >> 12 & 0xfff00);
  }
}
