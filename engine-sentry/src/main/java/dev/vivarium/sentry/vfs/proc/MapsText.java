package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.kernel.Task;
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
        sizes(b, v.end() - v.start(), about.mm.residentBytes(v.start(), v.end()), v);
      });
    }
    return b.toString();
  }

  static String rollup(Task about) {
    if (about.hasExited()) {
      return "";
    }
    long[] sum = new long[4];
    about.mm.forEachVma(v -> {
      sum[0] = sum[3] == 0 ? v.start() : sum[0];
      sum[1] = v.end();
      sum[2] += about.mm.residentBytes(v.start(), v.end());
      sum[3]++;
    });
    StringBuilder b = new StringBuilder();
    head(b, sum[0], sum[1], "---p", 0, 0, 0);
    pad(b, b.length()).append("[rollup]\n");
    kib(b, "Rss:", sum[2]);
    kib(b, "Pss:", sum[2]);
    kib(b, "Private_Dirty:", sum[2]);
    kib(b, "Swap:", 0);
    return b.toString();
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

  private static void sizes(StringBuilder b, long size, long resident, Vma v) {
    kib(b, "Size:", size);
    kib(b, "KernelPageSize:", 4096);
    kib(b, "MMUPageSize:", 4096);
    kib(b, "Rss:", resident);
    kib(b, "Pss:", resident);
    kib(b, "Shared_Clean:", 0);
    kib(b, "Shared_Dirty:", v.isShared() ? resident : 0);
    kib(b, "Private_Clean:", 0);
    kib(b, "Private_Dirty:", v.isShared() ? 0 : resident);
    kib(b, "Referenced:", resident);
    kib(b, "Anonymous:", v.file() == null ? resident : 0);
    kib(b, "Swap:", 0);
    kib(b, "Locked:", v.isLocked() ? resident : 0);
    b.append("VmFlags: ");
    b.append((v.prot() & Mman.PROT_READ) != 0 ? "rd " : "");
    b.append((v.prot() & Mman.PROT_WRITE) != 0 ? "wr " : "");
    b.append((v.prot() & Mman.PROT_EXEC) != 0 ? "ex " : "");
    b.append(v.isShared() ? "sh " : "").append("mr mw me \n");
  }

  private static void kib(StringBuilder b, String name, long bytes) {
    String value = Long.toString(bytes >> 10);
    b.append(name).append(" ".repeat(Math.max(1, 24 - name.length() - value.length())));
    b.append(value).append(" kB\n");
  }
}
