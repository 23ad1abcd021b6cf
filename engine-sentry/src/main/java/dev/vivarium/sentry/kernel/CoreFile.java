package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Elf;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.memory.DumpPlan;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import java.util.Arrays;
import java.util.List;

/**
 * Writes a core file: ELF header, one program header for the notes and one for each mapping, the
 * notes, and from the next page on the memory. What is zero is a hole.
 *
 * <p>RLIMIT_CORE bounds the bytes that are really written, in Linux's portions: a header at a time,
 * then a page at a time; a file that reaches it stays as it is, cut off.
 */
final class CoreFile {
  private static final int PAGE = 4096;
  private static final int CHUNK = 64 << 10;

  /** After how many bytes others get their turn. */
  private static final int TURN = 1 << 20;

  private static final byte[] ZEROS = new byte[PAGE];

  private final Task t;
  private final MemoryManager mm;
  private final File file;
  private final long limit;
  private long written;
  private long position;
  private int sinceTurn;

  CoreFile(Task t, File file) {
    this.t = t;
    this.mm = t.mm;
    this.file = file;
    this.limit = t.group.rlimits.soft(Resource.RLIMIT_CORE);
  }

  /** Writes all, or what the limit and the file system have room for. */
  void write(SignalInfo info) {
    List<DumpPlan.Part> parts = DumpPlan.of(t, mm);
    byte[] notes = CoreNotes.of(t, info, parts);
    if (!headers(parts, notes.length) || !emit(notes, 0, notes.length)) {
      return;
    }
    position = position + PAGE - 1 & -PAGE;
    byte[] chunk = new byte[CHUNK];
    for (DumpPlan.Part p : parts) {
      if (!memory(p, chunk)) {
        return;
      }
    }
    file.inode.getattr(t);
    if (file.inode.size < position) {
      position--;
      emit(ZEROS, 0, 1); // the file ends with a hole
    }
  }

  private boolean headers(List<DumpPlan.Part> parts, int notesLength) {
    byte[] e = new byte[Elf.EHDR_SIZE];
    byte[] ident = {Elf.MAGIC0, 'E', 'L', 'F', Elf.ELFCLASS64, Elf.ELFDATA2LSB, 1};
    System.arraycopy(ident, 0, e, 0, ident.length);
    int count = 1 + parts.size();
    Bytes.putShort(e, 16, Elf.ET_CORE);
    Bytes.putShort(e, 18, Elf.EM_X86_64);
    Bytes.putInt(e, 20, 1);
    Bytes.putLong(e, 32, Elf.EHDR_SIZE);
    Bytes.putShort(e, 52, Elf.EHDR_SIZE);
    Bytes.putShort(e, 54, Elf.PHDR_SIZE);
    Bytes.putShort(e, 56, count);
    long notesAt = Elf.EHDR_SIZE + (long) count * Elf.PHDR_SIZE;
    if (!emit(e, 0, e.length) || !header(Elf.PT_NOTE, 0, notesAt, 0, notesLength, 0, 4)) {
      return false;
    }
    long at = notesAt + notesLength + PAGE - 1 & -PAGE;
    for (DumpPlan.Part p : parts) {
      int flags =
          ((p.prot() & Mman.PROT_READ) != 0 ? Elf.PF_R : 0)
              | ((p.prot() & Mman.PROT_WRITE) != 0 ? Elf.PF_W : 0)
              | ((p.prot() & Mman.PROT_EXEC) != 0 ? Elf.PF_X : 0);
      if (!header(Elf.PT_LOAD, flags, at, p.start(), p.length(), p.end() - p.start(), PAGE)) {
        return false;
      }
      at += p.length();
    }
    return true;
  }

  private boolean header(
      int type, int flags, long offset, long address, long inFile, long inMemory, int align) {
    byte[] h = new byte[Elf.PHDR_SIZE];
    Bytes.putInt(h, 0, type);
    Bytes.putInt(h, 4, flags);
    Bytes.putLong(h, 8, offset);
    Bytes.putLong(h, 16, address);
    Bytes.putLong(h, 32, inFile);
    Bytes.putLong(h, 40, inMemory);
    Bytes.putLong(h, 48, align);
    return emit(h, 0, h.length);
  }

  /** The memory of one mapping; false if the file is to end here. */
  private boolean memory(DumpPlan.Part p, byte[] chunk) {
    long end = p.start() + p.length();
    for (long at = p.start(); at < end; ) {
      if (t.fatalSignalPending()) {
        return false;
      }
      long from = p.sparse() ? DumpPlan.nextWithMemory(mm, at, end) : at;
      long until = p.sparse() ? DumpPlan.endOfMemory(mm, from, end) : end;
      position += from - at;
      at = from;
      int n = (int) Math.min(CHUNK, until - from);
      if (DumpPlan.isUntouched(mm, from, n)) {
        position += n;
        at += n;
        letOthersRun(n);
        continue;
      }
      for (int done = 0; done < n; done += PAGE) {
        // What cannot be read (behind the end of a file) is a hole.
        if (mm.access(t, t, from + done, chunk, done, PAGE, false) != PAGE) {
          Arrays.fill(chunk, done, done + PAGE, (byte) 0);
        }
      }
      if (!pages(chunk, n)) {
        return false;
      }
      at += n;
      letOthersRun(n);
    }
    return true;
  }

  private boolean pages(byte[] chunk, int length) {
    for (int at = 0; at < length; at += PAGE) {
      int run = at;
      while (run < length
          && !Arrays.equals(chunk, run, run + PAGE, ZEROS, 0, PAGE)
          && fits(run + PAGE - at)) {
        run += PAGE;
      }
      if (run > at && !emit(chunk, at, run - at)) {
        return false;
      }
      if (run == length) {
        return true;
      }
      if (!Arrays.equals(chunk, run, run + PAGE, ZEROS, 0, PAGE)) {
        return false; // no room for it
      }
      position += PAGE;
      at = run;
    }
    return true;
  }

  private boolean fits(long length) {
    return Long.compareUnsigned(written + length, limit) <= 0;
  }

  private boolean emit(byte[] bytes, int offset, int length) {
    if (t.fatalSignalPending() || !fits(length)) {
      return false;
    }
    long most = t.group.rlimits.soft(Resource.RLIMIT_FSIZE);
    if (Long.compareUnsigned(position + length, most) > 0) {
      return false;
    }
    for (int done = 0; done < length; ) {
      long n = file.write(t, Uio.of(bytes, offset + done, length - done), position);
      if (n <= 0) {
        return false;
      }
      done += (int) n;
      position += n;
      written += n;
    }
    return true;
  }

  /** May let the address space change, if another process shares it. */
  private void letOthersRun(int length) {
    sinceTurn += length;
    if (sinceTurn >= TURN) {
      sinceTurn = 0;
      t.letOthersRun();
    }
  }
}
