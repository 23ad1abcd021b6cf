package dev.vivarium.sentry.loader;

import dev.vivarium.sentry.abi.Elf;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.memory.MemoryManager;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What a program finds on its stack (System V ABI, AMD64, 3.4.1), from the stack pointer up: argc,
 * argv, envp, the auxiliary vector, and at the top the strings that they point to.
 */
final class InitialStack {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final String PLATFORM = "x86_64";
  private static final int MAX_AUXV = 24;

  private final MemoryManager mm;
  private final long top;
  private final long size;
  private final long[] auxv = new long[2 * MAX_AUXV];
  private int auxvLength;
  private long pointer;

  InitialStack(MemoryManager mm, long top, long size) {
    this.mm = mm;
    this.top = top;
    this.size = size;
  }

  void auxv(int type, long value) {
    auxv[auxvLength++] = type;
    auxv[auxvLength++] = value;
  }

  /** The stack pointer at the first instruction. */
  long pointer() {
    return pointer;
  }

  /**
   * Writes it all.
   *
   * @return 0, -E2BIG or -EFAULT
   */
  long build(List<String> argv, List<String> envp, String execName, byte[] random) {
    long strings = execName.length() + 1L + PLATFORM.length() + 1 + random.length;
    for (String s : argv) {
      strings += s.length() + 1L;
    }
    for (String s : envp) {
      strings += s.length() + 1L;
    }
    long words = 1 + argv.size() + 1L + envp.size() + 1L + 2 * MAX_AUXV;
    if (strings + words * 8 + 256 > size * 3 / 4) {
      return -Errno.E2BIG;
    }
    // The last word of the stack stays zero.
    byte[] text = new byte[(int) (strings + 8)];
    long textBase = top - text.length;
    int at = 0;
    long[] argAddresses = new long[argv.size()];
    long[] envAddresses = new long[envp.size()];

    long randomAddress = textBase + at;
    System.arraycopy(random, 0, text, at, random.length);
    at += random.length;
    long platformAddress = textBase + at;
    at = put(text, at, PLATFORM);
    mm.argStart = textBase + at;
    for (int i = 0; i < argAddresses.length; i++) {
      argAddresses[i] = textBase + at;
      at = put(text, at, argv.get(i));
    }
    mm.argEnd = textBase + at;
    mm.envStart = mm.argEnd;
    for (int i = 0; i < envAddresses.length; i++) {
      envAddresses[i] = textBase + at;
      at = put(text, at, envp.get(i));
    }
    mm.envEnd = textBase + at;
    long execNameAddress = textBase + at;
    put(text, at, execName);

    auxv(Elf.AT_PAGESZ, ElfHeader.PAGE);
    auxv(Elf.AT_CLKTCK, 100);
    auxv(Elf.AT_FLAGS, 0);
    auxv(Elf.AT_HWCAP, CpuFeatures.hwcap());
    // No bit for FSGSBASE: the platform keeps the segment bases.
    auxv(Elf.AT_HWCAP2, 0);
    auxv(Elf.AT_RANDOM, randomAddress);
    auxv(Elf.AT_PLATFORM, platformAddress);
    auxv(Elf.AT_EXECFN, execNameAddress);
    auxv(Elf.AT_NULL, 0);

    int fixed = 8 * (1 + argAddresses.length + 1 + envAddresses.length + 1 + auxvLength);
    pointer = textBase - fixed & -16L;
    byte[] vectors = new byte[fixed];
    LONG.set(vectors, 0, (long) argAddresses.length);
    int v = 8;
    for (long a : argAddresses) {
      LONG.set(vectors, v, a);
      v += 8;
    }
    v += 8;
    for (long a : envAddresses) {
      LONG.set(vectors, v, a);
      v += 8;
    }
    v += 8;
    int auxvAt = v;
    for (int i = 0; i < auxvLength; i++) {
      LONG.set(vectors, v, auxv[i]);
      v += 8;
    }
    mm.auxv = java.util.Arrays.copyOfRange(vectors, auxvAt, v);
    if (mm.copyOut(textBase, text, 0, text.length) != 0
        || mm.copyOut(pointer, vectors, 0, fixed) != 0) {
      return -Errno.EFAULT;
    }
    return 0;
  }

  private static int put(byte[] text, int at, String s) {
    byte[] bytes = s.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(bytes, 0, text, at, bytes.length);
    return at + bytes.length + 1;
  }
}
