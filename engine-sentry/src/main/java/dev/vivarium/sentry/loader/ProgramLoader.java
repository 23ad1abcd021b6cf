package dev.vivarium.sentry.loader;

import dev.vivarium.sentry.abi.Elf;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappings;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.memory.StackAndHeap;
import dev.vivarium.sentry.vfs.File;
import java.util.List;

/** Puts a program into a task's new, empty address space. */
public final class ProgramLoader {
  private static final long PAGE = ElfHeader.PAGE;
  private static final long MAX_STACK = 1L << 30;
  private static final long MIN_STACK = 128 << 10;

  private final Task t;
  private final MemoryManager mm;

  /** Where the first instruction is. */
  private long entry;

  private long stackPointer;

  /** Works on {@code t.mm}. */
  public ProgramLoader(Task t) {
    this.t = t;
    this.mm = t.mm;
  }

  public long entry() {
    return entry;
  }

  public long stackPointer() {
    return stackPointer;
  }

  /**
   * Maps the segments and builds the stack.
   *
   * @param secure whether the program gained privileges (AT_SECURE)
   * @param random 16 bytes for AT_RANDOM
   * @return 0 or a negative errno; the address space is then of no use
   */
  public long load(Program p, List<String> envp, boolean secure, byte[] random) {
    long stackLimit = t.group.rlimits.soft(Resource.RLIMIT_STACK);
    long stackSize =
        Long.compareUnsigned(stackLimit, MAX_STACK) > 0
            ? MAX_STACK
            : Math.max(stackLimit & -PAGE, MIN_STACK);
    long stackTop = StackAndHeap.mapStack(t, mm, stackSize);
    if (stackTop < 0) {
      return stackTop;
    }
    if (p.elf.executableStack) {
      Mappings.mprotect(
          t,
          mm,
          stackTop - PAGE,
          PAGE,
          Mman.PROT_READ | Mman.PROT_WRITE | Mman.PROT_EXEC | Mman.PROT_GROWSDOWN);
    }
    long bias = 0;
    if (p.elf.type == Elf.ET_DYN) {
      // A program that is itself a loader (no PT_INTERP) goes where libraries go.
      bias =
          p.interpreter == null
              ? Reserve.bias(t, mm, p.elf)
              : (StackAndHeap.pieBase(mm, p.elf.span() + p.elf.alignment) & -p.elf.alignment)
                  - p.elf.lowest();
      if (bias < 0 && bias > -4096) {
        return bias;
      }
    }
    long rc = map(p.file, p.elf, bias);
    if (rc < 0) {
      return rc;
    }
    long programEntry = p.elf.entry + bias;
    entry = programEntry;
    long base = 0;
    if (p.interpreter != null && p.interpreterElf != null) {
      base = p.interpreterElf.type == Elf.ET_DYN ? Reserve.bias(t, mm, p.interpreterElf) : 0;
      if (base < 0 && base > -4096) {
        return base;
      }
      rc = map(p.interpreter, p.interpreterElf, base);
      if (rc < 0) {
        return rc;
      }
      entry = p.interpreterElf.entry + base;
    }
    describe(p.elf, bias);
    InitialStack stack = new InitialStack(mm, stackTop, stackSize);
    long vdso = t.kernel().loop().platform().vdsoAddress();
    if (vdso != 0) {
      stack.auxv(Elf.AT_SYSINFO_EHDR, vdso);
    }
    stack.auxv(Elf.AT_PHDR, p.elf.phdrAddress == 0 ? 0 : p.elf.phdrAddress + bias);
    stack.auxv(Elf.AT_PHENT, Elf.PHDR_SIZE);
    stack.auxv(Elf.AT_PHNUM, p.elf.phdrCount);
    stack.auxv(Elf.AT_BASE, base);
    stack.auxv(Elf.AT_ENTRY, programEntry);
    stack.auxv(Elf.AT_UID, t.creds.ruid & 0xffffffffL);
    stack.auxv(Elf.AT_EUID, t.creds.euid & 0xffffffffL);
    stack.auxv(Elf.AT_GID, t.creds.rgid & 0xffffffffL);
    stack.auxv(Elf.AT_EGID, t.creds.egid & 0xffffffffL);
    stack.auxv(Elf.AT_SECURE, secure ? 1 : 0);
    stack.auxv(Elf.AT_MINSIGSTKSZ, 1024 + (t.context.fpStateSize() + 63 & -64));
    rc = stack.build(p.argv, envp, p.execName, random);
    if (rc < 0) {
      return rc;
    }
    stackPointer = stack.pointer();
    mm.startStack = stackPointer;
    return 0;
  }

  /** Leaves in the memory manager where program and data are, and starts the heap behind them. */
  private void describe(ElfHeader elf, long bias) {
    long end = 0;
    mm.startCode = Long.MAX_VALUE;
    for (ElfHeader.Segment s : elf.segments) {
      long from = s.address() + bias;
      if ((s.flags() & Elf.PF_X) != 0) {
        mm.startCode = Math.min(mm.startCode, from);
        mm.endCode = Math.max(mm.endCode, from + s.fileSize());
      }
      mm.startData = Math.max(mm.startData, from);
      mm.endData = Math.max(mm.endData, from + s.fileSize());
      end = Math.max(end, from + s.memorySize());
    }
    StackAndHeap.setBrk(mm, end + PAGE - 1 & -PAGE);
  }

  private long map(File file, ElfHeader elf, long bias) {
    for (ElfHeader.Segment s : elf.segments) {
      long rc = mapSegment(file, s, bias);
      if (rc < 0) {
        return rc;
      }
    }
    return 0;
  }

  private long mapSegment(File file, ElfHeader.Segment s, long bias) {
    long start = s.pageStart() + bias;
    long fileEnd = s.address() + bias + s.fileSize();
    long end = s.pageEnd() + bias;
    long filePages = s.fileSize() == 0 ? start : fileEnd + PAGE - 1 & -PAGE;
    if (filePages > start) {
      long rc =
          Mappings.mmap(
              t,
              mm,
              start,
              filePages - start,
              s.prot(),
              Mman.MAP_PRIVATE | Mman.MAP_FIXED,
              file,
              s.offset() & -PAGE);
      if (rc < 0) {
        return rc;
      }
      if (s.memorySize() > s.fileSize() && (s.flags() & Elf.PF_W) != 0) {
        // The rest of the page, also beyond the segment's end: the dynamic loader's first allocator
        // takes it for zeros. An error matters to nobody here, the program will find out
        // (fs/binfmt_elf.c padzero).
        mm.clear(fileEnd, filePages - fileEnd);
      }
    }
    if (end > filePages) {
      long rc =
          Mappings.mmap(
              t,
              mm,
              filePages,
              end - filePages,
              s.prot(),
              Mman.MAP_PRIVATE | Mman.MAP_FIXED | Mman.MAP_ANONYMOUS,
              null,
              0);
      if (rc < 0) {
        return rc;
      }
    }
    return 0;
  }

  /** Finds room for an object that may lie anywhere. */
  private static final class Reserve {
    static long bias(Task t, MemoryManager mm, ElfHeader elf) {
      long alignment = elf.alignment;
      long span = elf.span();
      long extra = alignment > PAGE ? alignment : 0;
      long at =
          Mappings.mmap(
              t,
              mm,
              0,
              span + extra,
              Mman.PROT_NONE,
              Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_NORESERVE,
              null,
              0);
      if (at < 0) {
        return at == -Errno.EINVAL ? -Errno.ENOMEM : at;
      }
      // The segments replace what they need; holes between them stay unmapped.
      Mappings.munmap(t, mm, at, span + extra);
      return (at + extra & -alignment) - elf.lowest();
    }
  }
}
