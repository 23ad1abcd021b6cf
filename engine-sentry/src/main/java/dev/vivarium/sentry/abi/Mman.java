package dev.vivarium.sentry.abi;

/** Flags of mmap(2) and its relatives (asm-generic/mman-common.h, linux/mman.h). */
public final class Mman {
  public static final int MADV_COLD = 20;
  public static final int MADV_COLLAPSE = 25;
  public static final int MADV_DODUMP = 17;
  public static final int MADV_DOFORK = 11;
  public static final int MADV_DONTDUMP = 16;
  public static final int MADV_DONTFORK = 10;
  public static final int MADV_DONTNEED = 4;
  public static final int MADV_DONTNEED_LOCKED = 24;
  public static final int MADV_FREE = 8;
  public static final int MADV_HUGEPAGE = 14;
  public static final int MADV_HWPOISON = 0x64;
  public static final int MADV_KEEPONFORK = 19;
  public static final int MADV_MERGEABLE = 12;
  public static final int MADV_NOHUGEPAGE = 15;
  public static final int MADV_NORMAL = 0;
  public static final int MADV_PAGEOUT = 21;
  public static final int MADV_POPULATE_READ = 22;
  public static final int MADV_POPULATE_WRITE = 23;
  public static final int MADV_RANDOM = 1;
  public static final int MADV_REMOVE = 9;
  public static final int MADV_SEQUENTIAL = 2;
  public static final int MADV_SOFT_OFFLINE = 0x65;
  public static final int MADV_UNMERGEABLE = 13;
  public static final int MADV_WILLNEED = 3;
  public static final int MADV_WIPEONFORK = 18;

  /** What a mapping may have been asked for before MAP_SHARED_VALIDATE. */
  public static final int LEGACY_MAP_MASK = 0x7c07_f9f3;

  public static final int MAP_32BIT = 64;
  public static final int MAP_ANON = 32;
  public static final int MAP_ANONYMOUS = 32;
  public static final int MAP_DENYWRITE = 0x800;
  public static final int MAP_EXECUTABLE = 0x1000;
  public static final int MAP_FAILED = -1;
  public static final int MAP_FILE = 0;
  public static final int MAP_FIXED = 16;
  public static final int MAP_FIXED_NOREPLACE = 0x100000;
  public static final int MAP_GROWSDOWN = 0x100;
  public static final int MAP_HUGETLB = 0x40000;
  public static final int MAP_LOCKED = 0x2000;
  public static final int MAP_NONBLOCK = 0x10000;
  public static final int MAP_NORESERVE = 0x4000;
  public static final int MAP_POPULATE = 0x8000;
  public static final int MAP_PRIVATE = 2;
  public static final int MAP_SHARED = 1;
  public static final int MAP_SHARED_VALIDATE = 3;
  public static final int MAP_STACK = 0x20000;
  public static final int MAP_SYNC = 0x80000;
  public static final int MAP_TYPE = 15;
  public static final int MAP_UNINITIALIZED = 0x4000000;
  public static final int MCL_CURRENT = 1;
  public static final int MCL_FUTURE = 2;
  public static final int MCL_ONFAULT = 4;
  public static final int MFD_ALLOW_SEALING = 2;
  public static final int MFD_CLOEXEC = 1;
  public static final int MFD_HUGETLB = 4;
  public static final int MREMAP_DONTUNMAP = 4;
  public static final int MREMAP_FIXED = 2;
  public static final int MREMAP_MAYMOVE = 1;
  public static final int MS_ASYNC = 1;
  public static final int MS_INVALIDATE = 2;
  public static final int MS_SYNC = 4;
  public static final int PROT_EXEC = 4;
  public static final int PROT_GROWSDOWN = 0x1000000;
  public static final int PROT_GROWSUP = 0x2000000;
  public static final int PROT_NONE = 0;
  public static final int PROT_READ = 1;
  public static final int PROT_SEM = 8;
  public static final int PROT_WRITE = 2;

  private Mman() {}
}
