package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Resident;
import dev.vivarium.sentry.memory.Vma;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.tty.Devices;
import dev.vivarium.sentry.vfs.File;

/** /proc/PID/maps and smaps. */
final class MapsText {
  /** Where names begin (fs/proc/task_mmu.c pads to this width). */
  private static final int NAME_COLUMN = 73;

  private MapsText() {}

  static String maps(Task about) {
    StringBuilder b = new StringBuilder();
    if (!about.hasExited()) {
      about.mm.forEachVma(v -> line(b, about, v));
      vdso(b, about);
    }
    return b.toString();
  }

  /** The platform's, which is no mapping of the address space. */
  private static void vdso(StringBuilder b, Task about) {
    Platform platform = about.kernel().loop().platform();
    long start = platform.vdsoAddress();
    if (start != 0) {
      int begin = b.length();
      head(b, start, start + platform.vdsoSize(), "r-xp", 0, 0, 0);
      pad(b, b.length() - begin).append("[vdso]\n");
    }
  }

  static String smaps(Task about) {
    StringBuilder b = new StringBuilder();
    if (!about.hasExited()) {
      about.mm.forEachVma(v -> {
        line(b, about, v);
        kib(b, "Size:", v.end() - v.start());
        kib(b, "KernelPageSize:", 4096);
        kib(b, "MMUPageSize:", 4096);
        Resident r = about.mm.resident(v.start(), v.end());
        sizes(b, r, v.isShared() ? r.total() : 0, v.isLocked() ? r.total() : 0);
        b.append("THPeligible:           0\nVmFlags: ").append(flags(v)).append('\n');
      });
    }
    return b.toString();
  }

  static String rollup(Task about) {
    if (about.hasExited()) {
      return "";
    }
    long[] range = {0, 0};
    long[] sum = {0, 0, 0, 0, 0};
    about.mm.forEachVma(v -> {
      range[0] = range[1] == 0 ? v.start() : range[0];
      range[1] = v.end();
      Resident r = about.mm.resident(v.start(), v.end());
      sum[0] += r.anonymous();
      sum[1] += r.file();
      sum[2] += r.sharedMemory();
      sum[3] += v.isShared() ? r.total() : 0;
      sum[4] += v.isLocked() ? r.total() : 0;
    });
    StringBuilder b = new StringBuilder();
    head(b, range[0], range[1], "---p", 0, 0, 0);
    pad(b, b.length()).append("[rollup]\n");
    sizes(b, new Resident(sum[0], sum[1], sum[2]), sum[3], sum[4]);
    return b.toString();
  }

  /** What smaps and smaps_rollup have in common; who else maps a page is not known here. */
  private static void sizes(StringBuilder b, Resident r, long shared, long locked) {
    long own = r.total() - shared;
    kib(b, "Rss:", r.total());
    kib(b, "Pss:", r.total());
    kib(b, "Pss_Dirty:", r.anonymous() + shared);
    kib(b, "Shared_Clean:", 0);
    kib(b, "Shared_Dirty:", shared);
    kib(b, "Private_Clean:", Math.max(0, own - r.anonymous()));
    kib(b, "Private_Dirty:", Math.min(own, r.anonymous()));
    kib(b, "Referenced:", r.total());
    kib(b, "Anonymous:", r.anonymous());
    for (String none :
        new String[] {
          "KSM:",
          "LazyFree:",
          "AnonHugePages:",
          "ShmemPmdMapped:",
          "FilePmdMapped:",
          "Shared_Hugetlb:",
          "Private_Hugetlb:",
          "Swap:",
          "SwapPss:"
        }) {
      kib(b, none, 0);
    }
    kib(b, "Locked:", locked);
  }

  /** As the kernel shortens them (show_smap_vma_flags in fs/proc/task_mmu.c). */
  private static String flags(Vma v) {
    StringBuilder b = new StringBuilder();
    b.append((v.prot() & Mman.PROT_READ) != 0 ? "rd " : "");
    b.append((v.prot() & Mman.PROT_WRITE) != 0 ? "wr " : "");
    b.append((v.prot() & Mman.PROT_EXEC) != 0 ? "ex " : "");
    b.append(v.isShared() ? "sh " : "").append("mr mw me ").append(v.isShared() ? "ms " : "");
    return b.append(v.isLocked() ? "lo " : "").toString();
  }

  private static void head(
      StringBuilder b, long start, long end, String prot, long offset, long dev, long ino) {
    hex(b, start, 8).append('-');
    hex(b, end, 8).append(' ').append(prot).append(' ');
    hex(b, offset, 8).append(' ');
    hex(b, Devices.major(dev), 2).append(':');
    hex(b, Devices.minor(dev), 2).append(' ').append(ino).append(' ');
  }

  private static void line(StringBuilder b, Task about, Vma v) {
    int begin = b.length();
    File f = v.file();
    int p = v.prot();
    String prot =
        ((p & Mman.PROT_READ) != 0 ? "r" : "-")
            + ((p & Mman.PROT_WRITE) != 0 ? "w" : "-")
            + ((p & Mman.PROT_EXEC) != 0 ? "x" : "-")
            + (v.isShared() ? "s" : "p");
    head(
        b,
        v.start(),
        v.end(),
        prot,
        v.fileOffset(),
        f == null ? 0 : f.inode.fs.dev,
        f == null ? 0 : f.inode.ino);
    String name = f == null ? v.name() : f.where().display(about.fs.root());
    if (!name.isEmpty()) {
      pad(b, b.length() - begin).append(Octal.escape(name, "\n"));
    }
    b.append('\n');
  }

  private static StringBuilder pad(StringBuilder b, int width) {
    return b.append(" ".repeat(Math.max(0, NAME_COLUMN - width)));
  }

  private static StringBuilder hex(StringBuilder b, long value, int digits) {
    String s = Long.toHexString(value);
    return b.append("0".repeat(Math.max(0, digits - s.length()))).append(s);
  }

  private static void kib(StringBuilder b, String name, long bytes) {
    String value = Long.toString(bytes >> 10);
    b.append(name).append(" ".repeat(Math.max(1, 24 - name.length() - value.length())));
    b.append(value).append(" kB\n");
  }
}
