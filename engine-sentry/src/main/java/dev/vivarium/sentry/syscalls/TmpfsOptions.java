package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.vfs.tmpfs.Tmpfs;
import org.jspecify.annotations.Nullable;

/** The data of mount(2) for a tmpfs (tmpfs(5)): {@code size=1m,mode=700,uid=0}. */
final class TmpfsOptions {
  private static final int DEFAULT_MODE = 01777;
  private static final long PAGE = 4096;

  private long bytes;
  private long inodes;
  private int mode = DEFAULT_MODE;
  private int uid;
  private int gid;

  private TmpfsOptions() {}

  /** Makes the file system; null (-EINVAL) if the options make no sense. */
  static @Nullable Tmpfs make(Kernel kernel, String data) {
    TmpfsOptions o = new TmpfsOptions();
    for (String option : data.split(",")) {
      if (!option.isEmpty() && !o.take(kernel, option)) {
        return null;
      }
    }
    Tmpfs fs = kernel.newTmpfs(o.bytes, o.inodes, o.mode);
    fs.root().uid = o.uid;
    fs.root().gid = o.gid;
    return fs;
  }

  private boolean take(Kernel kernel, String option) {
    int equals = option.indexOf('=');
    String name = equals < 0 ? option : option.substring(0, equals);
    String value = equals < 0 ? "" : option.substring(equals + 1);
    try {
      switch (name) {
        case "size" ->
            bytes =
                value.endsWith("%") ? kernel.totalMemory() / 100 * percent(value) : number(value);
        case "nr_blocks" -> bytes = Math.multiplyExact(number(value), PAGE);
        case "nr_inodes" -> inodes = number(value);
        case "mode" -> mode = Integer.parseUnsignedInt(value, 8) & 07777;
        case "uid" -> uid = Integer.parseUnsignedInt(value);
        case "gid" -> gid = Integer.parseUnsignedInt(value);
        case "huge", "mpol", "noswap", "inode32", "inode64" -> {}
        default -> {
          return false;
        }
      }
      return true;
    } catch (NumberFormatException | ArithmeticException e) {
      return false;
    }
  }

  private static int percent(String value) {
    return Integer.parseUnsignedInt(value.substring(0, value.length() - 1));
  }

  /** A number, which may have a unit. */
  private static long number(String value) {
    int shift =
        switch (value.isEmpty() ? ' ' : Character.toLowerCase(value.charAt(value.length() - 1))) {
          case 'k' -> 10;
          case 'm' -> 20;
          case 'g' -> 30;
          case 't' -> 40;
          default -> 0;
        };
    String digits = shift == 0 ? value : value.substring(0, value.length() - 1);
    long n = Math.multiplyExact(Long.parseUnsignedLong(digits), 1L << shift);
    if (n < 0) {
      throw new NumberFormatException(value);
    }
    return n;
  }
}
