package dev.vivarium.sentry.host;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory shared between processes: anonymous files of a fixed size, and their mappings. */
public final class HostMemory {
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_NORESERVE = 0x4000;
  private static final int PUNCHES = 10;
  private static final int MADV_REMOVE = 9;

  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  private static final int MAX_PIECES = 32;

  // struct stat (asm/stat.h)
  private static final int STAT_SIZE = 144;
  private static final int STAT_BLOCKS = 64;
  private static final int STAT_BLOCK_SIZE = 512;

  private HostMemory() {}

  /**
   * Makes a sparse anonymous file whose size nobody can change any more; returns its descriptor.
   */
  public static int createFile(String name, long size) {
    int fd =
        check(Libc.memfdCreate(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING), "memfd_create");
    check(Libc.ftruncate(fd, size), "ftruncate");
    check(
        Libc.fcntl(fd, Libc.F_ADD_SEALS, Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL),
        "sealing guest memory");
    return fd;
  }

  /** Maps all of a file, readable and writable, for the life of this process. */
  public static MemorySegment map(int fd, long size) {
    return map(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED);
  }

  /** Maps all of a file, read-only, for the life of this process. */
  public static MemorySegment mapReadOnly(int fd, long size) {
    return map(fd, size, PROT_READ, MAP_PRIVATE).asReadOnly();
  }

  private static MemorySegment map(int fd, long size, int protection, int flags) {
    long address = Libc.mmap(0, size, protection, flags | MAP_NORESERVE, fd, 0);
    if (address < 0 && address > -4096) {
      throw new IllegalStateException(
          "cannot reserve "
              + (size >> 20)
              + " MiB of addresses: "
              + Errno.name((int) -address)
              + (address == -Errno.ENOMEM ? "; is there a limit of them (ulimit -v)?" : ""));
    }
    return MemorySegment.ofAddress(address).reinterpret(size);
  }

  /**
   * Gives the memory behind a range of such a file back; it reads as zeros afterwards.
   *
   * @param memory the file, mapped writable
   */
  public static void punchHole(MemorySegment memory, long offset, long length) {
    MemorySegment range = memory.asSlice(offset, length);
    for (int i = 0; i < PUNCHES; i++) {
      int r = (int) Libc.syscall(Sys.MADVISE, range.address(), length, MADV_REMOVE, 0, 0, 0);
      if (r != -Errno.EAGAIN && r != -Errno.ENOMEM && r != -Errno.EINTR) {
        check(r, "punching a hole");
        return;
      }
      Thread.onSpinWait();
    }
    // The host has no room even to give room back: what counts is that nobody reads what was there.
    range.fill((byte) 0);
  }

  /** Bytes of memory that really are behind such a file. */
  public static long usedBytes(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stat = arena.allocate(STAT_SIZE, 8);
      check((int) Libc.syscall(Sys.FSTAT, fd, stat.address(), 0, 0, 0, 0), "fstat of guest memory");
      return Fields.getLong(stat, STAT_BLOCKS) * STAT_BLOCK_SIZE;
    }
  }

  /**
   * Bytes of memory that really are behind a range of such a file; where it is in too many pieces
   * to look at all of them, the rest counts as if it were whole.
   */
  public static long backedBytes(int fd, long offset, long length) {
    long end = offset + length;
    long at = offset;
    long sum = 0;
    for (int pieces = 0; pieces < MAX_PIECES; pieces++) {
      long data = Libc.syscall(Sys.LSEEK, fd, at, SEEK_DATA, 0, 0, 0);
      if (data < 0 || data >= end) {
        return sum;
      }
      long hole = Libc.syscall(Sys.LSEEK, fd, data, SEEK_HOLE, 0, 0, 0);
      if (hole < 0 || hole >= end) {
        return sum + end - data;
      }
      sum += hole - data;
      at = hole;
    }
    return sum + end - at;
  }

  private static int check(int result, String what) {
    if (result < 0) {
      throw new IllegalStateException(what + ": " + Errno.name(-result));
    }
    return result;
  }
}
