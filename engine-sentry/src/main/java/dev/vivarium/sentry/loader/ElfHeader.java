package dev.vivarium.sentry.loader;

import dev.vivarium.sentry.abi.Elf;
import dev.vivarium.sentry.abi.Mman;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the loader needs of an ELF file's headers, checked: segments lie in ascending order inside
 * the address space, and no sum of theirs overflows. The bytes are hostile.
 */
public final class ElfHeader {
  static final long PAGE = 4096;

  /** One past the highest address that a segment may reach. */
  private static final long ADDRESS_LIMIT = 0x7fff_ffff_f000L;

  /** Program headers of one file, as Linux bounds them: 64 KiB. */
  private static final int MAX_PHDRS_BYTES = 65536;

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** A PT_LOAD segment. */
  public record Segment(int flags, long offset, long address, long fileSize, long memorySize) {
    /** PROT_* bits. */
    int prot() {
      return ((flags & Elf.PF_R) != 0 ? Mman.PROT_READ : 0)
          | ((flags & Elf.PF_W) != 0 ? Mman.PROT_WRITE : 0)
          | ((flags & Elf.PF_X) != 0 ? Mman.PROT_EXEC : 0);
    }

    long pageStart() {
      return address & -PAGE;
    }

    long pageEnd() {
      return address + memorySize + PAGE - 1 & -PAGE;
    }
  }

  /** ET_EXEC or ET_DYN. */
  public final int type;

  public final long entry;
  public final int phdrCount;
  public final long phdrOffset;

  /** Unrelocated address of the program headers in memory, or 0 if no segment holds them. */
  public final long phdrAddress;

  public final List<Segment> segments;

  /** Where PT_INTERP's string lies in the file; 0 length if there is none. */
  public final long interpOffset;

  public final int interpLength;
  public final boolean executableStack;

  /** The greatest alignment that a segment asks for. */
  public final long alignment;

  private ElfHeader(
      int type,
      long entry,
      int phdrCount,
      long phdrOffset,
      long phdrAddress,
      List<Segment> segments,
      long interpOffset,
      int interpLength,
      boolean executableStack,
      long alignment) {
    this.type = type;
    this.entry = entry;
    this.phdrCount = phdrCount;
    this.phdrOffset = phdrOffset;
    this.phdrAddress = phdrAddress;
    this.segments = List.copyOf(segments);
    this.interpOffset = interpOffset;
    this.interpLength = interpLength;
    this.executableStack = executableStack;
    this.alignment = alignment;
  }

  /** Whether the bytes begin like an ELF file, of whatever machine. */
  public static boolean hasMagic(byte[] start, int length) {
    return length >= 4 && start[0] == 0x7f && start[1] == 'E' && start[2] == 'L' && start[3] == 'F';
  }

  /** Where the program headers lie in the file. */
  public record PhdrRange(long offset, int length) {}

  /**
   * Reads the ELF header.
   *
   * @param start the file's first bytes
   * @return where the program headers are, or null if this is no program for this machine
   */
  public static @Nullable PhdrRange phdrRange(byte[] start, int length) {
    if (length < Elf.EHDR_SIZE
        || !hasMagic(start, length)
        || start[4] != Elf.ELFCLASS64
        || start[5] != Elf.ELFDATA2LSB
        || u16(start, 18) != Elf.EM_X86_64
        || u16(start, 54) != Elf.PHDR_SIZE) {
      return null;
    }
    int type = u16(start, 16);
    int bytes = u16(start, 56) * Elf.PHDR_SIZE;
    long offset = (long) LONG.get(start, 32);
    boolean plausible =
        (type == Elf.ET_EXEC || type == Elf.ET_DYN)
            && bytes > 0
            && bytes <= MAX_PHDRS_BYTES
            && offset >= 0
            && offset <= Long.MAX_VALUE - bytes;
    return plausible ? new PhdrRange(offset, bytes) : null;
  }

  /**
   * Reads the program headers.
   *
   * @param start the file's first bytes, which {@link #phdrRange} found good
   * @param phdrs the bytes that it asked for
   * @return null if they make no sense
   */
  public static @Nullable ElfHeader parse(byte[] start, byte[] phdrs) {
    int count = phdrs.length / Elf.PHDR_SIZE;
    long phoff = (long) LONG.get(start, 32);
    List<Segment> segments = new ArrayList<>();
    long interpOffset = 0;
    int interpLength = 0;
    boolean execStack = true;
    long phdrAddress = 0;
    long alignment = PAGE;
    long previousEnd = 0;
    for (int i = 0; i < count; i++) {
      int at = i * Elf.PHDR_SIZE;
      int type = (int) INT.get(phdrs, at);
      int flags = (int) INT.get(phdrs, at + 4);
      long offset = (long) LONG.get(phdrs, at + 8);
      long address = (long) LONG.get(phdrs, at + 16);
      long fileSize = (long) LONG.get(phdrs, at + 32);
      long memorySize = (long) LONG.get(phdrs, at + 40);
      long align = (long) LONG.get(phdrs, at + 48);
      switch (type) {
        case Elf.PT_LOAD -> {
          if (!isSane(offset, address, fileSize, memorySize)) {
            return null;
          }
          Segment s = new Segment(flags, offset, address, fileSize, memorySize);
          if (memorySize == 0) {
            continue;
          }
          if (address < previousEnd) {
            return null;
          }
          previousEnd = address + memorySize;
          segments.add(s);
          if (align > alignment && Long.bitCount(align) == 1 && align <= 1L << 30) {
            alignment = align;
          }
          if (phdrAddress == 0 && phoff >= offset && phoff - offset < fileSize) {
            phdrAddress = phoff - offset + address;
          }
        }
        case Elf.PT_INTERP -> {
          if (interpLength == 0) {
            if (offset < 0 || fileSize < 2 || fileSize > 4096) {
              return null;
            }
            interpOffset = offset;
            interpLength = (int) fileSize;
          }
        }
        case Elf.PT_GNU_STACK -> execStack = (flags & Elf.PF_X) != 0;
        default -> {}
      }
    }
    if (segments.isEmpty()) {
      return null;
    }
    return new ElfHeader(
        u16(start, 16),
        (long) LONG.get(start, 24),
        count,
        phoff,
        phdrAddress,
        segments,
        interpOffset,
        interpLength,
        execStack,
        alignment);
  }

  private static boolean isSane(long offset, long address, long fileSize, long memorySize) {
    return offset >= 0
        && fileSize >= 0
        && memorySize >= fileSize
        && memorySize <= ADDRESS_LIMIT
        && address >= 0
        && address <= ADDRESS_LIMIT - memorySize
        && offset <= Long.MAX_VALUE - fileSize - PAGE
        && (offset & PAGE - 1) == (address & PAGE - 1);
  }

  private static int u16(byte[] bytes, int at) {
    return (short) SHORT.get(bytes, at) & 0xffff;
  }

  /** The lowest page that a segment takes. */
  long lowest() {
    return segments.get(0).pageStart();
  }

  /** Bytes from the lowest page to the end of the highest. */
  long span() {
    return segments.get(segments.size() - 1).pageEnd() - lowest();
  }
}
