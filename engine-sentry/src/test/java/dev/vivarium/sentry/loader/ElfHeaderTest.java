package dev.vivarium.sentry.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Elf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ElfHeaderTest {
  private static final long LIMIT = 0x7fff_ffff_f000L;

  /** A small program: text, data with bss, an interpreter, a stack that is not executable. */
  private static byte[] program() {
    ByteBuffer b = ByteBuffer.allocate(64 + 4 * 56).order(ByteOrder.LITTLE_ENDIAN);
    b.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    b.putShort(16, (short) Elf.ET_DYN).putShort(18, (short) Elf.EM_X86_64).putInt(20, 1);
    b.putLong(24, 0x1040).putLong(32, 64);
    b.putShort(52, (short) 64).putShort(54, (short) 56).putShort(56, (short) 4);
    phdr(b, 0, Elf.PT_INTERP, 4, 0x300, 0x300, 28, 28, 1);
    phdr(b, 1, Elf.PT_LOAD, 5, 0, 0, 0x1500, 0x1500, 0x1000);
    phdr(b, 2, Elf.PT_LOAD, 6, 0x1df0, 0x2df0, 0x210, 0x5000, 0x1000);
    phdr(b, 3, Elf.PT_GNU_STACK, 6, 0, 0, 0, 0, 16);
    return b.array();
  }

  private static void phdr(
      ByteBuffer b, int i, int type, int flags, long off, long va, long fsz, long msz, long al) {
    int at = 64 + 56 * i;
    b.putInt(at, type).putInt(at + 4, flags).putLong(at + 8, off).putLong(at + 16, va);
    b.putLong(at + 32, fsz).putLong(at + 40, msz).putLong(at + 48, al);
  }

  private static ElfHeader parse(byte[] file) {
    ElfHeader.PhdrRange range = ElfHeader.phdrRange(file, file.length);
    if (range == null || range.offset() + range.length() > file.length) {
      return null;
    }
    byte[] phdrs = new byte[range.length()];
    System.arraycopy(file, (int) range.offset(), phdrs, 0, phdrs.length);
    return ElfHeader.parse(file, phdrs);
  }

  @Test
  void aProgramsHeadersAreRead() {
    ElfHeader elf = parse(program());
    assertNotNull(elf);
    assertEquals(2, elf.segments.size());
    assertEquals(0x1040, elf.entry);
    assertEquals(64, elf.phdrAddress);
    assertEquals(28, elf.interpLength);
    assertEquals(0x8000, elf.span());
    assertTrue(!elf.executableStack);
  }

  @Test
  void otherMachinesAndClassesAreNoPrograms() {
    byte[] arm = program();
    arm[18] = (byte) 183;
    assertNull(parse(arm));
    byte[] small = program();
    small[4] = 1;
    assertNull(parse(small));
    byte[] big = program();
    big[5] = 2;
    assertNull(parse(big));
    assertNull(ElfHeader.phdrRange(program(), 63));
  }

  @Test
  void overlappingAndOverflowingSegmentsAreRefused() {
    long[][] bad = {
      {0, 0x1000, 0x100, 0x100}, // overlaps the text
      {0x1df0, 0x2df0, 0x210, 0x100}, // larger in the file than in memory
      {0x1df0, 0x2df1, 0x210, 0x5000}, // offset and address do not agree
      {0x1df0, LIMIT - 0x210, 0x210, 0x5000},
      {0x1df0, 0x2df0, 0x210, Long.MAX_VALUE},
      {0x1df0, -0x1210, 0x210, 0x5000},
      {Long.MAX_VALUE - 0x20f, 0x2df0, 0x210, 0x5000},
      {-0x1210, 0x2df0, 0x210, 0x5000},
    };
    for (long[] s : bad) {
      ByteBuffer b = ByteBuffer.wrap(program()).order(ByteOrder.LITTLE_ENDIAN);
      phdr(b, 2, Elf.PT_LOAD, 6, s[0], s[1], s[2], s[3], 0x1000);
      assertNull(parse(b.array()), () -> java.util.Arrays.toString(s));
    }
  }

  @Test
  void mutatedHeadersAreRefusedOrStayInBounds() {
    Random random = new Random(7);
    byte[] good = program();
    for (int round = 0; round < 200_000; round++) {
      byte[] file = good.clone();
      int changes = 1 + random.nextInt(4);
      for (int i = 0; i < changes; i++) {
        int at = random.nextInt(file.length);
        file[at] = (byte) (random.nextBoolean() ? random.nextInt() : random.nextBoolean() ? -1 : 0);
      }
      ElfHeader elf = parse(file);
      if (elf == null) {
        continue;
      }
      long end = 0;
      for (ElfHeader.Segment s : elf.segments) {
        assertTrue(s.address() >= end && s.memorySize() > 0);
        end = s.address() + s.memorySize();
        assertTrue(end > 0 && end <= LIMIT && s.fileSize() <= s.memorySize());
        assertTrue(s.offset() >= 0 && s.offset() + s.fileSize() >= 0);
      }
      assertTrue(elf.span() > 0 && elf.span() <= LIMIT + 4096);
      assertTrue(elf.interpLength <= 4096 && elf.alignment >= 4096);
    }
  }
}
