package dev.vivarium.sentry.memory;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Mman;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Replaces system-call instructions that run often by jumps to the platform's code, so that they
 * need no trap.
 *
 * <pre>
 *   site:  syscall            →  site:  jmp trampoline
 *          cmp $-4096,%rax              (rest of the compare, never run)
 *          ja error                     ja error
 *
 *   trampoline:  lea site+2,%rcx; lea tail,%r11; jmp *entry
 *   trap:        syscall                                        for calls that must trap
 *   tail:        cmp $-4096,%rax; jmp to the ja
 * </pre>
 *
 * <p>Whoever jumps to the site itself runs the jump. Whoever goes on behind the old instruction
 * (another thread that was in a call, a signal's frame, code that merges there) lands in the middle
 * of it: trampolines are placed so that this byte is no instruction in 64-bit mode, and the SIGILL
 * is answered by sending the thread to the tail. The instruction behind must therefore be at least
 * three bytes long and may lie anywhere when it runs (no relative operand).
 *
 * <p>Only code is patched that is a private mapping of a file and cannot be written, and never in
 * the file: a process maps a copy of the page, which processes share that run the same code with
 * the trampolines at the same distance. A page that is replaced is mapped as a whole, so that no
 * processor sees a part of the change.
 */
public final class Patcher {
  static final int SYSCALL_LENGTH = 2;

  /** Traps at one site of one address space before it is patched. */
  private static final int HOT = 40;

  private static final int TRAMPOLINE = 48;
  private static final int TRAP = 20;
  private static final int TAIL = 22;
  private static final int ENTRY = 40;
  private static final int MAX_DISPLACED = 8;
  private static final int MIN_DISPLACED = 3;
  private static final int JUMP = 5;

  private static final long PAGE = AddressMap.PAGE;
  private static final long AREA = MemoryFile.UNIT;
  private static final int PAGES_PER_UNIT = (int) (MemoryFile.UNIT / PAGE);
  private static final long REACH = (1L << 31) - (1L << 24);

  private static final int MAX_OBJECTS = 48;
  private static final int MAX_VARIANTS = 3;
  private static final int MAX_PAGES = 4 * PAGES_PER_UNIT;

  /** The name of the trampolines in /proc/PID/maps. */
  private static final String AREA_NAME = "[trampolines]";

  /** First bytes that are no instruction in 64-bit mode, on any processor so far. */
  private static final long[] INVALID = new long[4];

  static {
    int[] opcodes = {
      0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61, 0x9a, 0xce,
      0xd4, 0xd6, 0xea
    };
    for (int o : opcodes) {
      INVALID[o >> 6] |= 1L << (o & 63);
    }
  }

  /** A file's content that is run, with the trampolines made for it. */
  private static final class Code {
    /** Offsets in the file of all sites that were hot anywhere. */
    final List<Long> hot = new ArrayList<>();

    final List<Variant> variants = new ArrayList<>();
    int pages;
    long freePages;
    int freeCount;
    final List<Long> units = new ArrayList<>();
  }

  /** Trampolines at one distance from the code, and the pages that jump to them. */
  private static final class Variant {
    /** From where the file's first byte is (or would be) mapped to the trampolines. */
    final long distance;

    /** The trampolines' unit in the memory file. */
    final long area;

    final boolean[] taken = new boolean[(int) (AREA / TRAMPOLINE)];
    final Map<Long, CopiedPage> pages = new java.util.HashMap<>();

    Variant(long distance, long area) {
      this.distance = distance;
      this.area = area;
    }
  }

  /** A page of code with jumps in it. */
  private static final class CopiedPage {
    final byte[] original;
    long offset;
    final List<long[]> sites = new ArrayList<>();

    CopiedPage(byte[] original) {
      this.original = original;
    }
  }

  private final MemoryFile memoryFile;
  private final long entry;
  private final IdentityHashMap<Mappable, Code> codes = new IdentityHashMap<>();

  /**
   * @param entry where the platform takes calls without a trap
   */
  public Patcher(MemoryFile memoryFile, long entry) {
    this.memoryFile = memoryFile;
    this.entry = entry;
  }

  /** Whether a site has trapped so often that it should be patched. */
  static boolean isHot(int traps) {
    return traps == HOT;
  }

  // ---- one address space ----

  /** Patches a site whose instruction has just trapped, if it can be. */
  void patch(MemoryManager mm, long site) {
    Vma v = mm.map.vmas.at(site);
    Pma p = mm.map.pmas.at(site);
    if (v == null || p == null || !isCode(v) || mm.sites.tailOf(site) != 0) {
      return;
    }
    Code code = codeOf(v.mappable);
    Variant variant = placeArea(mm, v, code);
    if (variant == null) {
      return;
    }
    CopiedPage page = copiedPage(code, variant, v, p, mm.pager.segment(p), site);
    if (page == null) {
      return;
    }
    if (addSite(code, variant, page, v.offsetAt(site))) {
      if (!code.hot.contains(v.offsetAt(site))) {
        code.hot.add(v.offsetAt(site));
      }
    }
    if (!page.sites.isEmpty()) {
      mapPage(mm, v, site & -PAGE, variant, page);
    }
  }

  /** Patches in a new mapping of code what was hot elsewhere. */
  void patchKnown(MemoryManager mm, Vma v) {
    Code code = v.mappable == null ? null : codes.get(v.mappable);
    if (code == null || !isCode(v) || code.hot.isEmpty()) {
      return;
    }
    for (long offset : List.copyOf(code.hot)) {
      long site = v.start + (offset - v.offset);
      if (site >= v.start && site + JUMP <= v.end && mm.sites.tailOf(site) == 0) {
        patch(mm, site);
      }
    }
  }

  private static boolean isCode(Vma v) {
    return v.isPrivate()
        && v.mappable != null
        && (v.prot & (Mman.PROT_EXEC | Mman.PROT_WRITE | Mman.PROT_READ))
            == (Mman.PROT_EXEC | Mman.PROT_READ);
  }

  /** Puts the copy in the place of the file's page. */
  private void mapPage(MemoryManager mm, Vma v, long address, Variant variant, CopiedPage page) {
    mm.map.dropPmas(address, address + PAGE);
    memoryFile.share(page.offset, PAGE);
    Pma copy =
        new Pma(address, address + PAGE, Mappable.Extent.MEMORY_FILE, page.offset, false, false);
    copy.borrowed = true;
    mm.map.insert(copy);
    mm.host.map(copy, mm.map.hostProt(copy));
    mm.host.commit();
    mm.forgetWindows();
    long base = v.start - v.offset;
    for (long[] s : page.sites) {
      mm.sites.add(base + s[0], base + variant.distance + s[1] + TAIL);
    }
  }

  /** Finds trampolines that this address space has or can have, and maps them. */
  private @Nullable Variant placeArea(MemoryManager mm, Vma v, Code code) {
    long base = v.start - v.offset;
    Variant free = null;
    for (Variant variant : code.variants) {
      long at = base + variant.distance;
      Vma there = mm.map.vmas.at(at);
      if (there != null && there.name.equals(AREA_NAME) && there.start == at) {
        Pma p = mm.map.pmas.at(at);
        if (p != null && p.offset == variant.area) {
          return variant;
        }
      }
      if (free == null && isFree(mm, at)) {
        free = variant;
      }
    }
    if (free == null) {
      if (code.variants.size() == MAX_VARIANTS) {
        return null;
      }
      long at = findPlace(mm, v, base);
      if (at < 0) {
        return null;
      }
      long area = memoryFile.allocate(AREA);
      if (area < 0) {
        return null;
      }
      code.units.add(area);
      free = new Variant(at - base, area);
      code.variants.add(free);
    }
    mapArea(mm, base + free.distance, free);
    return free;
  }

  private static boolean isFree(MemoryManager mm, long at) {
    return at >= mm.layout.min
        && at <= mm.layout.max - AREA
        && (at & (PAGE - 1)) == 0
        && mm.map.vmas.isFree(at, at + AREA);
  }

  /**
   * Just below the object if that is free (it is when the object has just been mapped), or near.
   */
  private static long findPlace(MemoryManager mm, Vma v, long base) {
    long below = base - AREA;
    if (isFree(mm, below)) {
      return below;
    }
    long bottom = Math.max(mm.layout.min, v.end - REACH);
    long place = mm.map.findGap(AREA, bottom, v.start, PAGE, 0);
    if (place < 0) {
      place = mm.map.findGap(AREA, v.end, Math.min(mm.layout.max, v.start + REACH), PAGE, 0);
    }
    return place;
  }

  private void mapArea(MemoryManager mm, long at, Variant variant) {
    Vma v = new Vma(at, at + AREA, Mman.PROT_READ | Mman.PROT_EXEC, 0);
    v.name = AREA_NAME;
    mm.map.insert(v);
    memoryFile.share(variant.area, AREA);
    Pma p = new Pma(at, at + AREA, Mappable.Extent.MEMORY_FILE, variant.area, false, false);
    p.borrowed = true;
    mm.map.insert(p);
    mm.host.map(p, v.prot);
    mm.sites.addArea(at, at + AREA);
  }

  /** See {@link MemoryManager#unpatchedAddress}. */
  static long unpatchedAddress(CallSites sites, long address) {
    long site = sites.siteOfTrampoline(address, TAIL, TRAMPOLINE);
    if (site == 0) {
      return address;
    }
    long in = address - (sites.tailOf(site) - TAIL);
    return in < TAIL ? site : site + SYSCALL_LENGTH + (in - TAIL);
  }

  // ---- what all address spaces share ----

  private Code codeOf(@Nullable Mappable mappable) {
    if (mappable == null) {
      throw new IllegalArgumentException("no file");
    }
    Code code = codes.get(mappable);
    if (code == null) {
      if (codes.size() >= MAX_OBJECTS) {
        // Whoever runs the code keeps what it has mapped.
        Iterator<Code> it = codes.values().iterator();
        it.next().units.forEach(unit -> memoryFile.decRef(unit, AREA));
        it.remove();
      }
      code = new Code();
      codes.put(mappable, code);
    }
    return code;
  }

  /** The copy of the page with a site; null if it cannot be made. */
  private @Nullable CopiedPage copiedPage(
      Code code, Variant variant, Vma v, Pma p, MemorySegment segment, long site) {
    long address = site & -PAGE;
    long fileOffset = v.offsetAt(address);
    CopiedPage page = variant.pages.get(fileOffset);
    boolean isOurs = p.inMemoryFile() && isCopy(code, p.offsetAt(address));
    if (page != null && isOurs) {
      return page;
    }
    if (isOurs || p.writable) {
      return null; // of another variant, or a debugger's
    }
    byte[] now = new byte[(int) PAGE];
    Fields.copy(segment, p.offsetAt(address), now, 0, (int) PAGE);
    if (page == null || !java.util.Arrays.equals(page.original, now)) {
      page = new CopiedPage(now);
      page.offset = takePage(code);
      if (page.offset < 0) {
        return null;
      }
      Fields.copy(now, 0, memoryFile.segment(), page.offset, (int) PAGE);
      variant.pages.put(fileOffset, page);
    }
    return page;
  }

  private boolean isCopy(Code code, long offset) {
    for (long unit : code.units) {
      if (offset >= unit && offset < unit + AREA) {
        return true;
      }
    }
    return false;
  }

  private long takePage(Code code) {
    if (code.pages == MAX_PAGES) {
      return -1;
    }
    if (code.freeCount == 0) {
      long unit = memoryFile.allocate(MemoryFile.UNIT);
      if (unit < 0) {
        return -1;
      }
      code.units.add(unit);
      code.freePages = unit;
      code.freeCount = PAGES_PER_UNIT;
    }
    code.pages++;
    code.freeCount--;
    long page = code.freePages;
    code.freePages += PAGE;
    return page;
  }

  /** Adds a site to a copy (a new copy, since others run the present one). */
  private boolean addSite(Code code, Variant variant, CopiedPage page, long fileSite) {
    for (long[] s : page.sites) {
      if (s[0] == fileSite) {
        return false;
      }
    }
    int in = (int) (fileSite & (PAGE - 1));
    byte[] o = page.original;
    if (in + 2 + MAX_DISPLACED > PAGE || (o[in] & 0xff) != 0x0f || (o[in + 1] & 0xff) != 0x05) {
      return false;
    }
    int length = movable(o, in + 2);
    if (length < MIN_DISPLACED) {
      return false;
    }
    for (long[] s : page.sites) {
      if (Math.abs(s[0] - fileSite) < 2 + MAX_DISPLACED) {
        return false;
      }
    }
    int slot = findSlot(variant, fileSite);
    if (slot < 0) {
      return false;
    }
    long copy = page.sites.isEmpty() ? page.offset : takePage(code);
    if (copy < 0) {
      return false;
    }
    variant.taken[slot] = true;
    long at = (long) slot * TRAMPOLINE;
    writeTrampoline(variant, at, fileSite, o, in + 2, length);
    MemorySegment memory = memoryFile.segment();
    if (copy != page.offset) {
      MemorySegment.copy(memory, page.offset, memory, copy, PAGE);
    }
    Fields.putByte(memory, copy + in, (byte) 0xe9);
    Fields.putInt(memory, copy + in + 1, (int) (variant.distance + at - (fileSite + JUMP)));
    page.offset = copy;
    page.sites.add(new long[] {fileSite, at});
    return true;
  }

  /** A trampoline for which the second byte of the jump's distance is no instruction. */
  private static int findSlot(Variant variant, long fileSite) {
    for (int slot = 0; slot < variant.taken.length; slot++) {
      long jump = variant.distance + (long) slot * TRAMPOLINE - (fileSite + JUMP);
      int middle = (int) (jump >> 8) & 0xff;
      if (!variant.taken[slot]
          && jump == (int) jump
          && (INVALID[middle >> 6] >>> middle & 1) != 0) {
        return slot;
      }
    }
    return -1;
  }

  private void writeTrampoline(
      Variant variant, long at, long fileSite, byte[] from, int displaced, int length) {
    MemorySegment m = memoryFile.segment();
    long t = variant.area + at;
    // Distances in the guest: the trampoline lies at base + distance + at, the site at base +
    // fileSite.
    long here = variant.distance + at;
    put(m, t, 0x48, 0x8d, 0x0d); // lea site+2(%rip), %rcx
    putInt(m, t + 3, fileSite + 2 - (here + 7));
    put(m, t + 7, 0x4c, 0x8d, 0x1d); // lea tail(%rip), %r11
    putInt(m, t + 10, TAIL - 14);
    put(m, t + 14, 0xff, 0x25); // jmp *entry(%rip)
    putInt(m, t + 16, ENTRY - TRAP);
    put(m, t + TRAP, 0x0f, 0x05);
    for (int i = 0; i < length; i++) {
      Fields.putByte(m, t + TAIL + i, from[displaced + i]);
    }
    put(m, t + TAIL + length, 0xe9);
    putInt(m, t + TAIL + length + 1, fileSite + 2 + length - (here + TAIL + length + JUMP));
    Fields.putLong(m, t + ENTRY, entry);
  }

  private static void put(MemorySegment m, long at, int... bytes) {
    for (int i = 0; i < bytes.length; i++) {
      Fields.putByte(m, at + i, (byte) bytes[i]);
    }
  }

  private static void putInt(MemorySegment m, long at, long value) {
    Fields.putInt(m, at, Math.toIntExact(value));
  }

  /**
   * The length of the instruction at an index if it is one that works from anywhere, of at most
   * eight bytes; else 0.
   */
  static int movable(byte[] code, int at) {
    int rex = code[at] & 0xff;
    int i = at;
    if ((rex & 0xf0) == 0x40) {
      i++;
    } else {
      rex = 0;
    }
    int opcode = code[i] & 0xff;
    int modrm = code[i + 1] & 0xff;
    int prefix = i - at;
    boolean registers = modrm >= 0xc0;
    return switch (opcode) {
      // cmp, add, … $imm32, %eax/%rax
      case 0x3d, 0x05, 0x25, 0x2d -> prefix + 5;
      // mov, test, cmp, xor, add between registers
      case 0x89, 0x8b, 0x85, 0x39, 0x3b, 0x31, 0x33, 0x01, 0x03 ->
          registers ? prefix + 2 : prefix + memoryOperand(code, i + 1, 0);
      // cmp, add, … $imm8, register
      case 0x83 -> registers ? prefix + 3 : prefix + memoryOperand(code, i + 1, 1);
      // cmp, add, … $imm32, register
      case 0x81 -> registers ? prefix + 6 : 0;
      // movslq
      case 0x63 -> registers ? prefix + 2 : 0;
      // mov $imm32, register
      case 0xb8, 0xb9, 0xba, 0xbb, 0xbe, 0xbf -> (rex & 8) == 0 ? prefix + 5 : 0;
      default -> 0;
    };
  }

  /** Opcode, ModRM, SIB, displacement and immediate; hopelessly negative if relative to rip. */
  private static int memoryOperand(byte[] code, int at, int immediate) {
    int modrm = code[at] & 0xff;
    int mod = modrm >> 6;
    int rm = modrm & 7;
    int length = 2;
    if (rm == 4) {
      if (mod == 0 && (code[at + 1] & 7) == 5) {
        return -64;
      }
      length++;
    } else if (mod == 0 && rm == 5) {
      return -64;
    }
    length += mod == 1 ? 1 : mod == 2 ? 4 : 0;
    return length + immediate;
  }
}
