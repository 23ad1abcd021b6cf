package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.vfs.Inode;

/** {@code struct stat} (asm/stat.h) and {@code struct statx} (linux/stat.h) of x86-64. */
final class StatLayout {
  static final int STAT_SIZE = 144;
  static final int STATX_SIZE = 256;

  static final int STATX_BASIC_STATS = 0x7ff;
  static final int STATX_MNT_ID = 0x1000;
  static final int STATX_RESERVED = 0x80000000;

  private static final long ATTR_MOUNT_ROOT = 0x2000;
  private static final long NANOS = 1_000_000_000L;
  private static final int BLOCK_SIZE = 4096;

  private StatLayout() {}

  static byte[] stat(Inode i) {
    byte[] b = new byte[STAT_SIZE];
    Bytes.putLong(b, 0, i.fs.dev);
    Bytes.putLong(b, 8, i.ino);
    Bytes.putLong(b, 16, i.nlink);
    Bytes.putInt(b, 24, i.mode);
    Bytes.putInt(b, 28, i.uid);
    Bytes.putInt(b, 32, i.gid);
    Bytes.putLong(b, 40, i.rdev);
    Bytes.putLong(b, 48, i.size);
    Bytes.putLong(b, 56, BLOCK_SIZE);
    Bytes.putLong(b, 64, i.allocatedBytes() >> 9);
    putTimespec(b, 72, i.atimeNanos);
    putTimespec(b, 88, i.mtimeNanos);
    putTimespec(b, 104, i.ctimeNanos);
    return b;
  }

  private static void putTimespec(byte[] b, int at, long nanos) {
    // One division: each takes longer than all else here.
    long seconds = Math.floorDiv(nanos, NANOS);
    Bytes.putLong(b, at, seconds);
    Bytes.putLong(b, at + 8, nanos - seconds * NANOS);
  }

  static byte[] statx(Inode i, int mountId, boolean mountRoot) {
    byte[] b = new byte[STATX_SIZE];
    Bytes.putInt(b, 0, STATX_BASIC_STATS | STATX_MNT_ID);
    Bytes.putInt(b, 4, BLOCK_SIZE);
    Bytes.putLong(b, 8, mountRoot ? ATTR_MOUNT_ROOT : 0);
    Bytes.putInt(b, 16, i.nlink);
    Bytes.putInt(b, 20, i.uid);
    Bytes.putInt(b, 24, i.gid);
    Bytes.putShort(b, 28, i.mode);
    Bytes.putLong(b, 32, i.ino);
    Bytes.putLong(b, 40, i.size);
    Bytes.putLong(b, 48, i.allocatedBytes() >> 9);
    Bytes.putLong(b, 56, ATTR_MOUNT_ROOT);
    putTimestamp(b, 64, i.atimeNanos);
    putTimestamp(b, 96, i.ctimeNanos);
    putTimestamp(b, 112, i.mtimeNanos);
    Bytes.putInt(b, 128, major(i.rdev));
    Bytes.putInt(b, 132, minor(i.rdev));
    Bytes.putInt(b, 136, major(i.fs.dev));
    Bytes.putInt(b, 140, minor(i.fs.dev));
    Bytes.putLong(b, 144, mountId);
    return b;
  }

  private static void putTimestamp(byte[] b, int at, long nanos) {
    long seconds = Math.floorDiv(nanos, NANOS);
    Bytes.putLong(b, at, seconds);
    Bytes.putInt(b, at + 8, (int) (nanos - seconds * NANOS));
  }

  static int major(long dev) {
    return (int) (dev >> 8) & 0xfff;
  }

  static int minor(long dev) {
    return (int) (dev & 0xff) | ((int) (dev >> 12) & 0xfff00);
  }
}
