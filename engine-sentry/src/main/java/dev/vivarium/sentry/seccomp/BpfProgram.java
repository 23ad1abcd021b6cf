package dev.vivarium.sentry.seccomp;

import org.jspecify.annotations.Nullable;

/**
 * A classic BPF program over {@code struct seccomp_data}, as seccomp allows it: no packet, no
 * loops. It is checked once, as net/core/filter.c and kernel/seccomp.c do, so that running it needs
 * no checks: jumps go forward and stay inside, loads lie in the data, each path ends in a return.
 */
public final class BpfProgram {
  public static final int MAX_INSTRUCTIONS = 4096;

  /** 32-bit words of {@code struct seccomp_data}. */
  public static final int DATA_WORDS = 16;

  private static final int SCRATCH_WORDS = 16;

  // linux/bpf_common.h: classes, sizes, modes, operations, sources.
  private static final int LD = 0;
  private static final int LDX = 1;
  private static final int ST = 2;
  private static final int STX = 3;
  private static final int ALU = 4;
  private static final int JMP = 5;
  private static final int RET = 6;
  private static final int MISC = 7;
  private static final int IMM = 0x00;
  private static final int ABS = 0x20;
  private static final int MEM = 0x60;
  private static final int LEN = 0x80;
  private static final int X = 0x08;
  private static final int A = 0x10;
  private static final int TXA = 0x80;

  private static final int ADD = 0x00;
  private static final int SUB = 0x10;
  private static final int MUL = 0x20;
  private static final int DIV = 0x30;
  private static final int OR = 0x40;
  private static final int AND = 0x50;
  private static final int LSH = 0x60;
  private static final int RSH = 0x70;
  private static final int NEG = 0x80;
  private static final int XOR = 0xa0;

  private static final int JA = 0x00;
  private static final int JEQ = 0x10;
  private static final int JGT = 0x20;
  private static final int JGE = 0x30;
  private static final int JSET = 0x40;

  private final int[] codes;
  private final int[] operands;
  private final int[] ifTrue;
  private final int[] ifFalse;

  private BpfProgram(int length) {
    codes = new int[length];
    operands = new int[length];
    ifTrue = new int[length];
    ifFalse = new int[length];
  }

  public int length() {
    return codes.length;
  }

  /**
   * Reads and checks a program.
   *
   * @param b an array of {@code struct sock_filter}, little-endian, 8 bytes each
   * @return null if it is not valid (-EINVAL)
   */
  public static @Nullable BpfProgram of(byte[] b) {
    int length = b.length / 8;
    if (length == 0 || length > MAX_INSTRUCTIONS || b.length % 8 != 0) {
      return null;
    }
    BpfProgram p = new BpfProgram(length);
    for (int i = 0; i < length; i++) {
      int at = 8 * i;
      p.codes[i] = b[at] & 0xff | (b[at + 1] & 0xff) << 8;
      p.ifTrue[i] = b[at + 2] & 0xff;
      p.ifFalse[i] = b[at + 3] & 0xff;
      p.operands[i] =
          b[at + 4] & 0xff
              | (b[at + 5] & 0xff) << 8
              | (b[at + 6] & 0xff) << 16
              | (b[at + 7] & 0xff) << 24;
    }
    return p.isValid() ? p : null;
  }

  private boolean isValid() {
    for (int i = 0; i < codes.length; i++) {
      if (!isValid(i)) {
        return false;
      }
    }
    return (codes[codes.length - 1] & 7) == RET && readsOnlyWhatWasStored();
  }

  private boolean isValid(int i) {
    int code = codes[i];
    int k = operands[i];
    int left = codes.length - i - 1;
    return switch (code) {
      case LD | ABS -> (k & 3) == 0 && Integer.compareUnsigned(k, 4 * DATA_WORDS) < 0;
      case LD | LEN, LDX | LEN, LD | IMM, LDX | IMM, MISC, MISC | TXA, RET, RET | A -> true;
      case LD | MEM, LDX | MEM, ST, STX -> Integer.compareUnsigned(k, SCRATCH_WORDS) < 0;
      case ALU | ADD,
          ALU | ADD | X,
          ALU | SUB,
          ALU | SUB | X,
          ALU | MUL,
          ALU | MUL | X,
          ALU | DIV | X,
          ALU | OR,
          ALU | OR | X,
          ALU | AND,
          ALU | AND | X,
          ALU | XOR,
          ALU | XOR | X,
          ALU | LSH | X,
          ALU | RSH | X,
          ALU | NEG ->
          true;
      case ALU | DIV -> k != 0;
      case ALU | LSH, ALU | RSH -> Integer.compareUnsigned(k, 32) < 0;
      case JMP | JA -> Integer.compareUnsigned(k, left) < 0;
      case JMP | JEQ,
          JMP | JEQ | X,
          JMP | JGT,
          JMP | JGT | X,
          JMP | JGE,
          JMP | JGE | X,
          JMP | JSET,
          JMP | JSET | X ->
          ifTrue[i] < left && ifFalse[i] < left;
      default -> false;
    };
  }

  /** No path may load a scratch word that was not stored on it. */
  private boolean readsOnlyWhatWasStored() {
    int[] stored = new int[codes.length];
    java.util.Arrays.fill(stored, -1);
    int now = 0;
    for (int i = 0; i < codes.length; i++) {
      now &= stored[i];
      int k = operands[i];
      switch (codes[i] & 7) {
        case ST, STX -> now |= 1 << k;
        case LD, LDX -> {
          if ((codes[i] & 0xe0) == MEM && (now & 1 << k) == 0) {
            return false;
          }
        }
        case JMP -> {
          if ((codes[i] & 0xf0) == JA) {
            stored[i + 1 + k] &= now;
          } else {
            stored[i + 1 + ifTrue[i]] &= now;
            stored[i + 1 + ifFalse[i]] &= now;
          }
          now = -1;
        }
        default -> {}
      }
    }
    return true;
  }

  /** Runs it; returns what it returns. */
  public int run(int[] data) {
    int a = 0;
    int x = 0;
    int[] scratch = null;
    for (int i = 0; ; i++) {
      int k = operands[i];
      switch (codes[i]) {
        case LD | ABS -> a = data[k >> 2];
        case LD | LEN -> a = 4 * DATA_WORDS;
        case LDX | LEN -> x = 4 * DATA_WORDS;
        case LD | IMM -> a = k;
        case LDX | IMM -> x = k;
        case LD | MEM -> a = scratch == null ? 0 : scratch[k];
        case LDX | MEM -> x = scratch == null ? 0 : scratch[k];
        case ST, STX -> {
          if (scratch == null) {
            scratch = new int[SCRATCH_WORDS];
          }
          scratch[k] = codes[i] == ST ? a : x;
        }
        case ALU | ADD -> a += k;
        case ALU | ADD | X -> a += x;
        case ALU | SUB -> a -= k;
        case ALU | SUB | X -> a -= x;
        case ALU | MUL -> a *= k;
        case ALU | MUL | X -> a *= x;
        case ALU | DIV -> a = Integer.divideUnsigned(a, k);
        case ALU | DIV | X -> {
          if (x == 0) {
            return 0;
          }
          a = Integer.divideUnsigned(a, x);
        }
        case ALU | OR -> a |= k;
        case ALU | OR | X -> a |= x;
        case ALU | AND -> a &= k;
        case ALU | AND | X -> a &= x;
        case ALU | XOR -> a ^= k;
        case ALU | XOR | X -> a ^= x;
        case ALU | LSH -> a <<= k;
        case ALU | LSH | X -> a <<= x;
        case ALU | RSH -> a >>>= k;
        case ALU | RSH | X -> a >>>= x;
        case ALU | NEG -> a = -a;
        case JMP | JA -> i += k;
        case JMP | JEQ -> i += a == k ? ifTrue[i] : ifFalse[i];
        case JMP | JEQ | X -> i += a == x ? ifTrue[i] : ifFalse[i];
        case JMP | JGT -> i += Integer.compareUnsigned(a, k) > 0 ? ifTrue[i] : ifFalse[i];
        case JMP | JGT | X -> i += Integer.compareUnsigned(a, x) > 0 ? ifTrue[i] : ifFalse[i];
        case JMP | JGE -> i += Integer.compareUnsigned(a, k) >= 0 ? ifTrue[i] : ifFalse[i];
        case JMP | JGE | X -> i += Integer.compareUnsigned(a, x) >= 0 ? ifTrue[i] : ifFalse[i];
        case JMP | JSET -> i += (a & k) != 0 ? ifTrue[i] : ifFalse[i];
        case JMP | JSET | X -> i += (a & x) != 0 ? ifTrue[i] : ifFalse[i];
        case MISC -> x = a;
        case MISC | TXA -> a = x;
        case RET -> {
          return k;
        }
        default -> { // RET | A
          return a;
        }
      }
    }
  }
}
