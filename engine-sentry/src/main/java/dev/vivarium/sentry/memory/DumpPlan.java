package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Elf;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which parts of an address space a core file holds (Linux: vma_dump_size). */
public final class DumpPlan {
  // Bits of /proc/PID/coredump_filter.
  private static final int ANON_PRIVATE = 1;
  private static final int ANON_SHARED = 1 << 1;
  private static final int MAPPED_PRIVATE = 1 << 2;
  private static final int MAPPED_SHARED = 1 << 3;
  private static final int ELF_HEADERS = 1 << 4;

  /** The filter that a process starts with, and the bits that it can have. */
  public static final int DEFAULT_FILTER = 0x33;

  public static final int ALL_FILTERS = 0x1ff;

  private static final long PAGE = AddressMap.PAGE;

  /** How many characters of names are told, all mappings together. */
  private static final long MOST_NAMES = 4 << 20;

  private DumpPlan() {}

  /**
   * One mapping.
   *
   * @param length how much of it, from its start, is in the core file
   * @param sparse it has memory only where {@link #nextWithMemory} finds some
   * @param fileName empty if no file is mapped
   */
  public record Part(
      long start,
      long end,
      int prot,
      long length,
      boolean sparse,
      String fileName,
      long fileOffset) {}

  /** All mappings of a task that stands still, lowest first. */
  public static List<Part> of(Task t, MemoryManager mm) {
    List<Part> parts = new ArrayList<>(mm.map.vmas.size());
    @Nullable File last = null;
    String name = "";
    long named = 0;
    for (Vma v : List.copyOf(vmas(mm))) {
      if (v.file != last) {
        last = v.file;
        // Paths may be long, and mappings many.
        name = last == null || named > MOST_NAMES ? "" : last.where().display(t.fs.root());
      }
      named += name.length();
      boolean sparse = v.mappable == null;
      parts.add(new Part(v.start, v.end, v.prot, length(t, mm, v), sparse, name, v.fileOffset()));
    }
    return parts;
  }

  private static List<Vma> vmas(MemoryManager mm) {
    List<Vma> all = new ArrayList<>(mm.map.vmas.size());
    mm.forEachVma(all::add);
    return all;
  }

  private static long length(Task t, MemoryManager mm, Vma v) {
    int filter = mm.coreFilter;
    if (v.has(Vma.DONTDUMP)) {
      return 0;
    }
    if (v.isShared()) {
      boolean named = v.file != null && v.file.inode.nlink > 0;
      return (filter & (named ? MAPPED_SHARED : ANON_SHARED)) != 0 ? v.length() : 0;
    }
    if ((filter & ANON_PRIVATE) != 0 && hasOwnPages(mm, v)) {
      return v.length();
    }
    if (v.file == null) {
      return 0;
    }
    if ((filter & MAPPED_PRIVATE) != 0) {
      return v.length();
    }
    boolean header =
        (filter & ELF_HEADERS) != 0
            && v.offset == 0
            && (v.prot & Mman.PROT_READ) != 0
            && ((v.file.inode.mode & 0111) != 0 || beginsAsElf(t, mm, v.start));
    return header ? PAGE : 0;
  }

  /** Whether a private mapping has pages that are not those of the file it maps. */
  private static boolean hasOwnPages(MemoryManager mm, Vma v) {
    for (int i = mm.map.pmas.firstEndingAbove(v.start);
        i < mm.map.pmas.size() && mm.map.pmas.get(i).start < v.end;
        i++) {
      Pma p = mm.map.pmas.get(i);
      if (p.inMemoryFile() && !p.borrowed) {
        return true;
      }
    }
    return false;
  }

  private static boolean beginsAsElf(Task t, MemoryManager mm, long address) {
    byte[] magic = new byte[4];
    return mm.access(t, t, address, magic, 0, 4, false) == 4
        && magic[0] == Elf.MAGIC0
        && magic[1] == 'E'
        && magic[2] == 'L'
        && magic[3] == 'F';
  }

  /** The first address from {@code from} on that has memory; {@code end} if there is none. */
  public static long nextWithMemory(MemoryManager mm, long from, long end) {
    int i = mm.map.pmas.firstEndingAbove(from);
    return i == mm.map.pmas.size() ? end : Math.min(end, Math.max(from, mm.map.pmas.get(i).start));
  }

  /**
   * Whether nothing has filled any of a range of one mapping, which lies before {@link
   * #endOfMemory} if that is sparse: to read it would only use memory up.
   */
  public static boolean isUntouched(MemoryManager mm, long from, long length) {
    Vma v = mm.map.vmas.at(from);
    if (v != null && v.mappable instanceof SharedAnonymous shared) {
      return shared.isUntouched(v.offsetAt(from), length);
    }
    if (v == null || v.mappable != null) {
      return false;
    }
    Pma p = mm.map.pmas.at(from);
    return p != null
        && p.inMemoryFile()
        && mm.memoryFile.backedBytes(p.offsetAt(from), length) == 0;
  }

  /** Where the memory ends that an address has; {@code end} at most. */
  public static long endOfMemory(MemoryManager mm, long from, long end) {
    Pma p = mm.map.pmas.at(from);
    return p == null ? from : Math.min(end, p.end);
  }
}
