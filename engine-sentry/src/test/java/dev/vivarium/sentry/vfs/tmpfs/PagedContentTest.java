package dev.vivarium.sentry.vfs.tmpfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappable;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.memory.Uio;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PagedContentTest {
  private static final int MAX = 5 * MemoryFile.UNIT;

  private final MemorySegment segment = Arena.ofAuto().allocate(64L << 20, 4096);
  private final MemoryFile memory =
      new MemoryFile(segment, (offset, length) -> segment.asSlice(offset, length).fill((byte) 0));
  private final MemoryBudget budget = new MemoryBudget(32L << 20, 100_000, 100);

  @SuppressWarnings("NullAway")
  private static Task noTask() {
    return null;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void behavesLikeAnArrayOfBytes(long seed) {
    randomOperations(new PagedContent(memory, budget), new byte[0], new Random(seed));
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14, 15})
  void behavesLikeAnArrayOnABacking(long seed) {
    Random random = new Random(seed);
    byte[] below = new byte[3 * MemoryFile.UNIT + 777];
    random.nextBytes(below);
    byte[] unchanged = below.clone();
    PagedContent c = new PagedContent(memory, budget, new ArrayBacking(below), below.length);
    randomOperations(c, below.clone(), random);
    assertArrayEquals(unchanged, below);
  }

  private void randomOperations(PagedContent c, byte[] start, Random random) {
    byte[] model = start;
    for (int step = 0; step < 2000; step++) {
      int at = random.nextInt(random.nextBoolean() ? MAX : 6000);
      int length = random.nextInt(random.nextInt(4) == 0 ? 150_000 : 3000) + 1;
      switch (random.nextInt(7)) {
        case 0, 1, 2 -> {
          byte[] bytes = new byte[length];
          random.nextBytes(bytes);
          assertEquals(length, c.write(noTask(), Uio.of(bytes, 0, length), at));
          if (at + length > model.length) {
            model = Arrays.copyOf(model, at + length);
          }
          System.arraycopy(bytes, 0, model, at, length);
        }
        case 3 -> {
          assertEquals(0, c.truncate(at));
          model = Arrays.copyOf(model, at);
        }
        case 4 -> {
          assertEquals(0, c.punch(noTask(), at, length));
          int from = Math.min(at, model.length);
          Arrays.fill(model, from, Math.min(model.length, at + length), (byte) 0);
        }
        case 5 -> {
          byte[] got = new byte[length];
          long n = c.read(noTask(), Uio.of(got, 0, length), at);
          int expected = Math.max(0, Math.min(length, model.length - at));
          assertEquals(expected, n);
          assertArrayEquals(
              Arrays.copyOfRange(
                  model,
                  Math.min(at, model.length),
                  at + expected >= at ? Math.min(at, model.length) + expected : 0),
              Arrays.copyOf(got, expected));
        }
        default -> {
          if (at < model.length) {
            Mappable.Extent e = new Mappable.Extent();
            int page = at & -4096;
            assertEquals(0, c.translate(noTask(), page, 4096, true, e));
            assertTrue(e.length >= 4096);
            byte[] got = new byte[Math.min(4096, model.length - page)];
            MemorySegment.copy(
                memory.segment(), ValueLayout.JAVA_BYTE, e.offset, got, 0, got.length);
            assertArrayEquals(Arrays.copyOfRange(model, page, page + got.length), got);
          }
        }
      }
      assertEquals(model.length, c.size());
    }
    byte[] all = new byte[model.length + 5];
    assertEquals(model.length, c.read(noTask(), Uio.of(all, 0, all.length), 0));
    assertArrayEquals(model, Arrays.copyOf(all, model.length));
    c.release();
    assertEquals(0, memory.allocatedBytes(), "all memory is given back");
    assertEquals(0, budget.usedBytes());
  }

  @Test
  void dataAndHolesAreFoundInASparseFile() {
    PagedContent c = new PagedContent(memory, budget);
    byte[] x = {1};
    assertEquals(1, c.write(noTask(), Uio.of(x, 0, 1), 1L << 40));
    assertEquals((1L << 40), c.seek(0, true));
    assertEquals(0, c.seek(0, false));
    assertEquals((1L << 40) + 1, c.seek(1L << 40, false));
    assertEquals(-Errno.ENXIO, c.seek((1L << 40) + 1, true));
    assertEquals(4096, c.allocatedBytes());
  }

  @Test
  void writingStopsWhereTheBudgetEnds() {
    MemoryBudget tiny = new MemoryBudget(2L * MemoryFile.UNIT, 100, 1);
    PagedContent c = new PagedContent(memory, tiny);
    byte[] bytes = new byte[3 * MemoryFile.UNIT];
    assertEquals(2 * MemoryFile.UNIT, c.write(noTask(), Uio.of(bytes, 0, bytes.length), 0));
    assertEquals(-Errno.ENOSPC, c.write(noTask(), Uio.of(bytes, 0, 1), 2L * MemoryFile.UNIT));
    c.release();
    assertEquals(0, tiny.usedBytes());
  }

  @Test
  void smallFilesCountTooAndWhatGoesIsFreeAgain() {
    MemoryBudget tiny = new MemoryBudget(2L * MemoryFile.UNIT, 1L << 20, 100);
    MemoryBudget part = new MemoryBudget(1L << 30, 1L << 20, 100, tiny);
    PagedContent small = new PagedContent(memory, part);
    byte[] bytes = new byte[3 * MemoryFile.UNIT];
    assertEquals(100, small.write(noTask(), Uio.of(bytes, 0, 100), 0));
    PagedContent large = new PagedContent(memory, tiny);
    assertEquals(MemoryFile.UNIT, large.write(noTask(), Uio.of(bytes, 0, bytes.length), 0));
    small.release();
    assertEquals(
        MemoryFile.UNIT, large.write(noTask(), Uio.of(bytes, 0, bytes.length), MemoryFile.UNIT));
    PagedContent late = new PagedContent(memory, part);
    assertEquals(-Errno.ENOSPC, late.write(noTask(), Uio.of(bytes, 0, 100), 0));
    large.release();
    assertEquals(0, tiny.usedBytes());
    assertEquals(100, late.write(noTask(), Uio.of(bytes, 0, 100), 0));
    late.release();
    assertEquals(0, tiny.usedBytes());
    assertEquals(0, part.usedBytes());
  }

  @Test
  void whatAMappingLeftBehindTheEndIsNotSeenWhenTheFileGrows() {
    PagedContent c = new PagedContent(memory, budget);
    byte[] bytes = new byte[100];
    c.write(noTask(), Uio.of(bytes, 0, 100), 0);
    Mappable.Extent e = new Mappable.Extent();
    assertEquals(0, c.translate(noTask(), 0, 4096, true, e));
    memory.segment().set(ValueLayout.JAVA_BYTE, e.offset + 200, (byte) 7);
    assertEquals(0, c.truncate(300));
    byte[] got = new byte[300];
    c.read(noTask(), Uio.of(got, 0, 300), 0);
    assertArrayEquals(new byte[300], got);
  }

  private record ArrayBacking(byte[] bytes) implements PagedContent.Backing {
    @Override
    public long read(Task t, Uio dst, long offset) {
      if (offset >= bytes.length) {
        return 0;
      }
      // Short reads, as a backing may give.
      long n = Math.min(Math.min(dst.remaining(), 10_000), bytes.length - offset);
      return dst.put(bytes, (int) offset, (int) n);
    }

    @Override
    public boolean neverBlocks() {
      return true;
    }
  }
}
