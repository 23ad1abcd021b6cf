package dev.vivarium.sentry.seccomp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BpfProgramTest {
  private static final int LD_ABS = 0x20;
  private static final int LD_MEM = 0x60;
  private static final int ST = 0x02;
  private static final int RET_K = 0x06;
  private static final int RET_A = 0x16;
  private static final int JEQ_K = 0x15;
  private static final int JA = 0x05;
  private static final int DIV_X = 0x3c;
  private static final int LDX_IMM = 0x01;
  private static final int LD_IMM = 0x00;

  /** Instructions as {code, jt, jf, k}. */
  private static byte[] code(int[]... instructions) {
    ByteBuffer b = ByteBuffer.allocate(8 * instructions.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int[] i : instructions) {
      b.putShort((short) i[0]).put((byte) i[1]).put((byte) i[2]).putInt(i[3]);
    }
    return b.array();
  }

  private static BpfProgram valid(int[]... instructions) {
    BpfProgram p = BpfProgram.of(code(instructions));
    assertNotNull(p);
    return p;
  }

  private static final int[] NUMBER = {LD_ABS, 0, 0, 0};
  private static final int[] ALLOW = {RET_K, 0, 0, Filter.ALLOW};

  @Test
  void loadsWordsOfTheDataAndJumpsOnThem() {
    BpfProgram p =
        valid(
            NUMBER, new int[] {JEQ_K, 0, 1, 39}, new int[] {RET_K, 0, 0, Filter.ERRNO | 7}, ALLOW);
    int[] data = new int[BpfProgram.DATA_WORDS];
    data[0] = 39;
    assertEquals(Filter.ERRNO | 7, p.run(data));
    data[0] = 40;
    assertEquals(Filter.ALLOW, p.run(data));
  }

  @Test
  void aDivisionByZeroEndsItWithZero() {
    BpfProgram p =
        valid(
            new int[] {LD_IMM, 0, 0, 5},
            new int[] {LDX_IMM, 0, 0, 0},
            new int[] {DIV_X, 0, 0, 0},
            ALLOW);
    assertEquals(0, p.run(new int[BpfProgram.DATA_WORDS]));
  }

  @Test
  void scratchMemoryIsKeptAndMustHaveBeenStoredOnEveryPath() {
    int[] load = {LD_MEM, 0, 0, 3};
    int[] store = {ST, 0, 0, 3};
    int[] ret = {RET_A, 0, 0, 0};
    assertEquals(
        77,
        valid(new int[] {LD_IMM, 0, 0, 77}, store, new int[] {LD_IMM, 0, 0, 1}, load, ret)
            .run(new int[BpfProgram.DATA_WORDS]));
    assertNull(BpfProgram.of(code(load, ret)));
    assertNull(
        BpfProgram.of(code(NUMBER, new int[] {JEQ_K, 1, 0, 1}, store, load, ret)),
        "one path jumps over the store");
  }

  @Test
  void jumpsOutsideAndLoadsOutsideAreRefused() {
    assertNull(BpfProgram.of(code(new int[] {JA, 0, 0, 1}, ALLOW)));
    assertNull(BpfProgram.of(code(new int[] {JA, 0, 0, -1}, ALLOW)));
    assertNull(BpfProgram.of(code(new int[] {JEQ_K, 0, 1, 0}, ALLOW)));
    assertNull(BpfProgram.of(code(new int[] {LD_ABS, 0, 0, 64}, ALLOW)));
    assertNull(BpfProgram.of(code(new int[] {LD_ABS, 0, 0, -4}, ALLOW)));
    assertNull(BpfProgram.of(code(new int[] {LD_ABS, 0, 0, 2}, ALLOW)));
    assertNull(BpfProgram.of(code(NUMBER)), "must end in a return");
    assertNull(BpfProgram.of(new byte[0]));
    assertNull(BpfProgram.of(new byte[8 * 4097]));
  }

  @Test
  void whateverPassesTheCheckRunsToItsEnd() {
    Random random = new Random(4711);
    int[] data = new int[BpfProgram.DATA_WORDS];
    int ran = 0;
    for (int i = 0; i < 200_000; i++) {
      byte[] b = new byte[8 * (1 + random.nextInt(6))];
      random.nextBytes(b);
      for (int at = 0; at < b.length; at += 8) {
        b[at] &= (byte) 0xbf;
        b[at + 1] = 0;
        b[at + 2] &= 3;
        b[at + 3] &= 3;
        b[at + 4] &= 0x3c;
        b[at + 5] = 0;
        b[at + 6] = 0;
        b[at + 7] = 0;
      }
      BpfProgram p = BpfProgram.of(b);
      if (p != null) {
        p.run(data);
        ran++;
      }
    }
    assertTrue(ran > 500, "only " + ran + " were valid");
  }

  @Test
  void theStrictestAnswerOfAllFiltersCounts() {
    int[] data = new int[BpfProgram.DATA_WORDS];
    Filter f = null;
    for (int answer : new int[] {Filter.ALLOW, Filter.LOG, Filter.ERRNO | 1, Filter.TRACE}) {
      f = new Filter(valid(new int[] {RET_K, 0, 0, answer}), false, null, f);
    }
    assertNotNull(f);
    assertEquals(Filter.ERRNO | 1, f.run(data));
    Filter newer = new Filter(valid(new int[] {RET_K, 0, 0, Filter.ERRNO | 2}), false, null, f);
    assertEquals(Filter.ERRNO | 2, newer.run(data), "the newest of equals");
    assertSame(newer, newer.decider(data));
    Filter allowing = new Filter(valid(new int[] {RET_K, 0, 0, Filter.ALLOW}), false, null, newer);
    assertSame(newer, allowing.decider(data));
    Filter killing =
        new Filter(valid(new int[] {RET_K, 0, 0, Filter.KILL_PROCESS}), false, null, newer);
    assertEquals(Filter.KILL_PROCESS, killing.run(data));
    assertTrue(killing.descendsFrom(f));
    assertTrue(killing.descendsFrom(null));
    assertFalse(f.descendsFrom(killing));
  }
}
