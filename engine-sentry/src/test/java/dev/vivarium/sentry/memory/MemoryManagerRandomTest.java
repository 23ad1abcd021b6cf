package dev.vivarium.sentry.memory;

import static dev.vivarium.sentry.abi.Mman.*;
import static org.junit.jupiter.api.Assertions.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random operations on several processes, compared with {@link ReferenceMemory} page by page. */
class MemoryManagerRandomTest {
  private static final long PAGE = 4096;
  private static final long BASE = 0x1000_0000L;
  private static final int SPAN = 300;
  private static final int FILE_PAGES = 40;
  private static final int STEPS = 4000;

  private record Process(TestGuest guest, ReferenceMemory model) {}

  private final List<Process> processes = new ArrayList<>();
  private TestMemory memory;
  private Random random;
  private Mappable blob;
  private Mappable shared;
  private final ReferenceMemory.Cell[] sharedCells = new ReferenceMemory.Cell[FILE_PAGES];
  private long nextValue = 1;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void everyProcessSeesWhatLinuxWouldShowIt(long seed) {
    memory = new TestMemory();
    random = new Random(seed);
    blob = memory.blobFile(FILE_PAGES * PAGE);
    long cache = memory.memoryFile.allocate(FILE_PAGES * PAGE);
    shared = memory.cachedFile(cache, FILE_PAGES * PAGE);
    for (int i = 0; i < FILE_PAGES; i++) {
      sharedCells[i] = new ReferenceMemory.Cell(0);
    }
    FakeHost host = new FakeHost();
    processes.add(
        new Process(
            new TestGuest(memory, host, memory.newProcess(host, random)), new ReferenceMemory()));
    for (int i = 0; i < STEPS; i++) {
      step();
      processes.forEach(p -> p.guest.checkNothingFreeIsMapped());
      if (i % 50 == 0) {
        processes.forEach(this::compare);
      }
    }
    processes.forEach(this::compare);
    for (Process p : processes) {
      p.guest.exit();
    }
    memory.memoryFile.decRef(cache, FILE_PAGES * PAGE);
    assertEquals(0, memory.memoryFile.allocatedBytes());
    memory.close();
  }

  private long place() {
    return BASE + random.nextInt(SPAN) * PAGE;
  }

  private long length() {
    return (1 + random.nextInt(random.nextInt(4) == 0 ? 120 : 12)) * PAGE;
  }

  private int prot() {
    return switch (random.nextInt(6)) {
      case 0 -> PROT_NONE;
      case 1 -> PROT_READ;
      case 2 -> PROT_READ | PROT_EXEC;
      default -> PROT_READ | PROT_WRITE;
    };
  }

  private void step() {
    Process p = processes.get(random.nextInt(processes.size()));
    MemoryManager mm = p.guest.mm;
    mm.enter(null, p.guest.host.context, true);
    long at = place();
    switch (random.nextInt(20)) {
      case 0, 1, 2 -> mapAnonymous(p, at);
      case 3 -> mapFile(p, at);
      case 4, 5 -> {
        long length = length();
        assertEquals(0, Mappings.unmap(mm, at, length));
        p.model.unmap(at, length);
      }
      case 6, 7 -> {
        long length = length();
        int prot = prot();
        assertEquals(
            p.model.protect(at, length, prot), Mappings.protect(mm, at, length, prot) == 0);
      }
      case 8 -> remap(p, at);
      case 9 -> {
        Vma v = mm.map.vmas.at(at);
        if (v != null && v.isPrivateAnonymous()) {
          long length = Math.min(length(), v.end - at);
          assertEquals(0, Advice.advise(mm, at, length, MADV_DONTNEED));
          p.model.zero(at, length);
        }
      }
      case 10 -> forkOrExit(p);
      case 11 -> p.guest.host.context.resume();
      case 12, 13 -> {
        long expected = p.model.read(at);
        long seen = p.guest.kernelRead(at);
        assertEquals(
            expected >>> 32 == TestGuest.SIGNAL >>> 32 ? TestGuest.SIGNAL : expected, seen);
      }
      case 14, 15 -> {
        long value = nextValue++;
        assertEquals(p.model.write(at, value) == 0, p.guest.kernelWrite(at, value));
      }
      case 16 -> assertEquals(p.model.read(at), p.guest.read(at));
      default -> {
        long value = nextValue++;
        assertEquals(p.model.write(at, value), p.guest.write(at, value));
      }
    }
  }

  private void mapAnonymous(Process p, long at) {
    long length = length();
    int prot = prot();
    boolean share = random.nextInt(4) == 0;
    int flags = (share ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | MAP_FIXED;
    assertEquals(at, Mappings.map(p.guest.mm, at, length, prot, flags, 0, null, null, 0));
    p.model.map(at, length, prot, share, o -> new ReferenceMemory.Cell(0));
    if (!share) {
      p.model.zero(at, length);
    }
  }

  private void mapFile(Process p, long at) {
    long length = length();
    int prot = prot();
    int first = random.nextInt(FILE_PAGES);
    boolean share = random.nextBoolean();
    boolean cached = share || random.nextBoolean();
    int flags = (share ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED;
    Mappable file = cached ? shared : blob;
    assertEquals(
        at, Mappings.map(p.guest.mm, at, length, prot, flags, 0, null, file, first * PAGE));
    p.model.map(
        at,
        length,
        prot,
        share,
        o -> {
          int page = first + (int) (o / PAGE);
          return page >= FILE_PAGES
              ? null
              : cached ? sharedCells[page] : new ReferenceMemory.Cell(0xb10b_0000L + page);
        });
  }

  private void remap(Process p, long at) {
    Vma v = p.guest.mm.map.vmas.at(at);
    if (v == null || v.mappable instanceof SharedAnonymous) {
      return;
    }
    long length = Math.min(length(), v.end - at);
    long to = place();
    if (at + length > to && to + length > at) {
      return;
    }
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
    assertEquals(to, Remap.remap(p.guest.mm, at, length, length, flags, to));
    p.model.unmap(to, length);
    p.model.move(at, to, length);
  }

  private void forkOrExit(Process p) {
    if (processes.size() < 5 && random.nextBoolean()) {
      processes.add(new Process(p.guest.fork(), p.model.fork()));
    } else if (processes.size() > 1) {
      compare(p);
      p.guest.exit();
      processes.remove(p);
    }
  }

  private void compare(Process p) {
    p.guest.checkHostMappings();
    for (long a = BASE; a < BASE + (SPAN + 120) * PAGE; a += PAGE) {
      assertEquals(p.model.read(a), p.guest.read(a), "at " + Long.toHexString(a));
    }
    checkReferences();
  }

  /** Every unit has as many references as there are pieces (and the page cache) that touch it. */
  private void checkReferences() {
    for (Process p : processes) {
      p.guest.host.context.resume();
      RangeList<Pma> pmas = p.guest.mm.map.pmas;
      for (int i = 0; i < pmas.size(); i++) {
        Pma a = pmas.get(i);
        assertTrue(a.start < a.end && (i == 0 || pmas.get(i - 1).end <= a.start));
        Vma v = p.guest.mm.map.vmas.at(a.start);
        assertNotNull(v);
        assertTrue(a.end <= v.end, "a piece reaches beyond its mapping");
        assertTrue(a.space != 0 || memory.memoryFile.refCount(a.offset) > 0);
      }
    }
  }
}
