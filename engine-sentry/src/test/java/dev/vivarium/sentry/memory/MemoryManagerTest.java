package dev.vivarium.sentry.memory;

import static dev.vivarium.sentry.abi.Mman.*;
import static org.junit.jupiter.api.Assertions.*;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.vfs.NameTable;
import dev.vivarium.sentry.vfs.PathName;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MemoryManagerTest {
  private static final long PAGE = 4096;
  private static final int RW = PROT_READ | PROT_WRITE;
  private static final int ANON = MAP_PRIVATE | MAP_ANONYMOUS;

  private TestMemory memory;
  private TestGuest guest;
  private MemoryManager mm;

  @BeforeEach
  void start() {
    memory = new TestMemory();
    FakeHost host = new FakeHost();
    mm = memory.newProcess(host, new Random(1));
    guest = new TestGuest(memory, host, mm);
  }

  @AfterEach
  void nothingIsLeft() {
    guest.checkHostMappings();
    guest.exit();
    assertEquals(0, memory.memoryFile.allocatedBytes());
    memory.close();
  }

  private long map(long address, long length, int prot, int flags) {
    return Mappings.map(mm, address, length, prot, flags, 0, null, null, 0);
  }

  private long mapFile(Mappable file, long length, int prot, int flags, long offset) {
    return Mappings.map(mm, 0, length, prot, flags, 0, null, file, offset);
  }

  @Test
  void anonymousMemoryIsThereWithoutAFault() {
    long at = map(0, 1 << 20, RW, ANON);
    guest.host.context.resume();
    assertEquals(1, guest.host.operations);
    assertNotNull(guest.host.at(at));
    assertNotNull(guest.host.at(at + (1 << 20) - 1));
    assertEquals(0, guest.write(at, 7));
    assertEquals(7, guest.read(at));
    assertEquals(7, guest.kernelRead(at));
  }

  @Test
  void hugeMemoryIsFoundInGrowingChunks() {
    long at = map(0, 256 << 20, RW, ANON | MAP_NORESERVE);
    assertEquals(0, memory.memoryFile.allocatedBytes());
    int before = guest.host.operations;
    for (long a = at; a < at + (128 << 20); a += 64 << 10) {
      assertEquals(0, guest.write(a, a));
    }
    assertTrue(guest.host.operations - before < 12, "operations " + guest.host.operations);
    assertEquals(at, guest.read(at));
  }

  @Test
  void memoryOfNeighboursIsOneHostMapping() {
    long start = 0x1000_0000L;
    for (int i = 0; i < 20; i++) {
      assertEquals(start + i * 5 * PAGE, map(start + i * 5 * PAGE, 5 * PAGE, RW, ANON | MAP_FIXED));
    }
    assertEquals(1, mm.map.vmas.size());
    assertEquals(1, mm.map.pmas.size());
    for (int i = 1; i < 20; i++) {
      long at = start - i * 3 * PAGE;
      assertEquals(at, map(at, 3 * PAGE, RW, ANON | MAP_FIXED));
    }
    assertEquals(1, mm.map.vmas.size());
  }

  @Test
  void accessOutsideMappingsIsASegfault() {
    assertEquals(TestGuest.SIGNAL | Fault.SEGV_MAPERR, guest.read(0x2000_0000L));
    assertEquals(TestGuest.SIGNAL | Fault.SEGV_MAPERR, guest.read(0));
    assertEquals(TestGuest.SIGNAL | Fault.SEGV_MAPERR, guest.read(-8));
    long at = map(0, PAGE, PROT_READ, ANON);
    assertEquals(TestGuest.SIGNAL | Fault.SEGV_ACCERR, guest.write(at, 1));
    assertEquals(0, guest.read(at));
    assertFalse(guest.kernelWrite(at, 1));
    assertFalse(guest.kernelWrite(Long.MIN_VALUE, 1));
    assertFalse(guest.kernelWrite(-4, 1));
    assertEquals(TestGuest.SIGNAL, guest.kernelRead(at + PAGE - 4));
  }

  @Test
  void valuesAcrossPiecesAreWhole() {
    long at = map(0, 4 * PAGE, RW, ANON);
    assertEquals(0, Mappings.protect(mm, at + PAGE, PAGE, PROT_READ));
    assertEquals(0, Mappings.protect(mm, at + PAGE, PAGE, RW));
    guest.write(at + PAGE - 8, 0x1122334455667788L);
    guest.write(at + PAGE, 0x99aabbccddeeff00L);
    assertEquals(0xddeeff0011223344L, mm.readLong(at + PAGE - 4));
    mm.writeLong(at + PAGE - 4, 0x0102030405060708L);
    assertEquals(0x0506070855667788L, guest.read(at + PAGE - 8));
  }

  @Test
  void forkedMemoryIsCopiedOnWriteOnBothSides() {
    long at = map(0, 1 << 20, RW, ANON);
    guest.write(at, 1);
    guest.write(at + (1 << 19), 2);
    TestGuest child = guest.fork();
    assertEquals(0, child.write(at, 10));
    assertEquals(1, guest.read(at));
    assertEquals(0, guest.write(at + (1 << 19), 20));
    assertEquals(2, child.read(at + (1 << 19)));
    assertEquals(10, child.read(at));
    child.checkHostMappings();
    child.exit();
  }

  @Test
  void memoryIsTakenBackWithoutACopyWhenTheChildIsGone() {
    long at = map(0, 1 << 20, RW, ANON);
    guest.write(at, 1);
    long allocated = memory.memoryFile.allocatedBytes();
    TestGuest child = guest.fork();
    child.exit();
    int before = guest.host.operations;
    guest.write(at, 2);
    guest.write(at + (1 << 19), 3);
    assertEquals(before + 1, guest.host.operations);
    assertEquals(allocated, memory.memoryFile.allocatedBytes());
  }

  @Test
  void whatBothSidesWroteAfterAForkIsCopiedByTheNextOne() {
    long at = map(0, 1 << 20, RW, ANON);
    guest.write(at, 1);
    guest.fork().exit();
    guest.write(at, 2);
    TestGuest child = guest.fork();
    int before = guest.host.operations;
    int childBefore = child.host.operations;
    assertEquals(0, guest.write(at, 3));
    assertEquals(2, child.read(at));
    assertEquals(0, child.write(at, 4));
    assertEquals(3, guest.read(at));
    assertEquals(before, guest.host.operations);
    assertEquals(childBefore, child.host.operations);
    child.checkHostMappings();
    child.exit();
  }

  @Test
  void whatAChildWroteIsCopiedForTheNextOne() {
    long at = map(0, 1 << 20, RW, ANON);
    guest.write(at, 1);
    TestGuest first = guest.fork();
    assertEquals(0, first.write(at, 2));
    first.exit();
    TestGuest second = guest.fork();
    int before = second.host.operations;
    assertEquals(1, second.read(at));
    assertEquals(0, second.write(at, 3));
    assertEquals(before, second.host.operations);
    assertEquals(1, guest.read(at));
    guest.write(at, 4);
    assertEquals(3, second.read(at));
    second.checkHostMappings();
    second.exit();
  }

  @Test
  void whatAChildWroteIsForgottenAfterManyForks() {
    long at = map(0, 1 << 20, RW, ANON);
    guest.write(at, 1);
    TestGuest first = guest.fork();
    first.write(at, 2);
    first.exit();
    for (int i = 0; i < Pager.HOT_FORKS; i++) {
      guest.fork().exit();
    }
    TestGuest last = guest.fork();
    int before = last.host.operations;
    last.write(at, 3);
    assertTrue(last.host.operations > before);
    last.exit();
  }

  @Test
  void theKernelsWritesBreakSharingToo() {
    long at = map(0, PAGE, RW, ANON);
    guest.write(at, 1);
    TestGuest child = guest.fork();
    assertTrue(guest.kernelWrite(at, 2));
    assertEquals(2, guest.read(at));
    assertEquals(1, child.read(at));
    child.exit();
  }

  @Test
  void sharedMemoryStaysSharedAfterFork() {
    long at = map(0, 1 << 20, RW, MAP_SHARED | MAP_ANONYMOUS);
    TestGuest child = guest.fork();
    guest.write(at + 8, 5);
    assertEquals(5, child.read(at + 8));
    child.write(at + 16, 6);
    assertEquals(6, guest.read(at + 16));
    assertEquals(mm.sharedKey(at + 8), child.mm.sharedKey(at + 8));
    assertTrue(mm.sharedKey(at) >= 0);
    child.exit();
  }

  @Test
  void privateFileMappingShowsTheFileUntilItIsWritten() {
    Mappable file = memory.blobFile(40 * PAGE);
    long at = mapFile(file, 40 * PAGE, RW, MAP_PRIVATE, 0);
    assertEquals(0xb10b_0003L, guest.read(at + 3 * PAGE));
    guest.write(at + 3 * PAGE, 1);
    assertEquals(1, guest.read(at + 3 * PAGE));
    assertEquals(0xb10b_0004L, guest.read(at + 4 * PAGE));
    long again = mapFile(file, PAGE, PROT_READ, MAP_PRIVATE, 3 * PAGE);
    assertEquals(0xb10b_0003L, guest.read(again));
    assertEquals(0, Advice.advise(mm, at, 40 * PAGE, MADV_DONTNEED));
    assertEquals(0xb10b_0003L, guest.read(at + 3 * PAGE));
  }

  @Test
  void aPrivateMappingGoesOnShowingThePagesThatWereNotWritten() {
    long cache = memory.memoryFile.allocate(16 * PAGE);
    Mappable file = memory.cachedFile(cache, 16 * PAGE);
    long one = mapFile(file, 16 * PAGE, RW, MAP_PRIVATE, 0);
    long all = mapFile(file, 16 * PAGE, RW, MAP_SHARED, 0);
    guest.write(one, 1);
    guest.write(all, 2);
    guest.write(all + PAGE, 3);
    assertEquals(1, guest.read(one));
    assertEquals(3, guest.read(one + PAGE));
    memory.memoryFile.decRef(cache, 16 * PAGE);
  }

  @Test
  void twoMappingsOfOneFilePageStayApartWhenTheFileIsGone() {
    long cache = memory.memoryFile.allocate(16 * PAGE);
    Mappable file = memory.constantFile(cache, 16 * PAGE);
    long all = mapFile(file, 16 * PAGE, RW, MAP_SHARED, 0);
    guest.write(all, 5);
    long one = mapFile(file, 16 * PAGE, RW, MAP_PRIVATE, 0);
    long two = mapFile(file, 16 * PAGE, RW, MAP_PRIVATE, 0);
    assertEquals(5, guest.read(one));
    assertEquals(5, guest.read(two));
    assertEquals(0, Mappings.unmap(mm, all, 16 * PAGE));
    guest.host.context.resume();
    memory.memoryFile.decRef(cache, 16 * PAGE);
    guest.write(one, 1);
    assertEquals(5, guest.read(two));
    guest.write(two, 2);
    assertEquals(1, guest.read(one));
  }

  @Test
  void pagesBeyondTheEndOfAFileAreABusError() {
    Mappable file = memory.blobFile(2 * PAGE + 10);
    long at = mapFile(file, 8 * PAGE, PROT_READ, MAP_PRIVATE, 0);
    assertEquals(0xb10b_0002L, guest.read(at + 2 * PAGE));
    assertEquals(TestGuest.SIGNAL | Fault.BUS_ADRERR, guest.read(at + 3 * PAGE));
  }

  @Test
  void dontneedZeroesAnonymousMemory() {
    long at = map(0, 8 * PAGE, RW, ANON);
    guest.write(at, 1);
    guest.write(at + 4 * PAGE, 2);
    TestGuest child = guest.fork();
    guest.write(at + 4 * PAGE, 3);
    assertEquals(0, Advice.advise(mm, at, 8 * PAGE, MADV_DONTNEED));
    assertEquals(0, guest.read(at));
    assertEquals(0, guest.read(at + 4 * PAGE));
    assertEquals(1, child.read(at));
    assertEquals(2, child.read(at + 4 * PAGE));
    child.exit();
  }

  @Test
  void whatAHalfFreedUnitHeldDoesNotComeBack() {
    long start = 0x1000_0000L;
    map(start, 16 * PAGE, RW, ANON | MAP_FIXED);
    guest.write(start + 8 * PAGE, 99);
    TestGuest child = guest.fork();
    assertEquals(0, Mappings.unmap(mm, start + 8 * PAGE, 8 * PAGE));
    Mappings.unmap(child.mm, start + 8 * PAGE, 8 * PAGE);
    child.host.context.resume();
    guest.host.context.resume();
    child.exit();
    guest.write(start, 1);
    map(start + 8 * PAGE, 8 * PAGE, RW, ANON | MAP_FIXED);
    assertEquals(0, guest.read(start + 8 * PAGE));
  }

  @Test
  void freedMemoryIsNotReusedBeforeTheHostHasUnmappedIt() {
    long at = map(0, 1 << 20, RW, ANON);
    guest.write(at, 1);
    long allocated = memory.memoryFile.allocatedBytes();
    assertEquals(0, Mappings.unmap(mm, at, 1 << 20));
    assertEquals(allocated, memory.memoryFile.allocatedBytes());
    guest.host.context.resume();
    assertEquals(0, memory.memoryFile.allocatedBytes());
  }

  @Test
  void withSeveralThreadsNoChangeCanOvertakeAnother() {
    mm.acquire();
    long at = map(0, 4 * PAGE, RW, ANON);
    assertNotNull(guest.host.at(at));
    Mappings.protect(mm, at, PAGE, PROT_READ);
    assertEquals(PROT_READ, guest.host.at(at).prot());
    long allocated = memory.memoryFile.allocatedBytes();
    Mappings.unmap(mm, at, 4 * PAGE);
    assertNull(guest.host.at(at));
    assertTrue(memory.memoryFile.allocatedBytes() < allocated);
    guest.exit();
    map(0, PAGE, RW, ANON);
    int before = guest.host.operations;
    map(0, PAGE, RW, ANON);
    assertEquals(before, guest.host.operations, "one thread's changes can wait");
  }

  @Test
  void mremapMovesMemoryWithoutCopying() {
    long at = map(0, 4 * PAGE, RW, ANON);
    map(at + 4 * PAGE, PAGE, PROT_NONE, ANON | MAP_FIXED);
    guest.write(at + PAGE, 4);
    long to = Remap.remap(mm, at, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE, 0);
    assertTrue(to > 0 && to != at);
    assertEquals(4, guest.read(to + PAGE));
    assertEquals(0, guest.read(to + 60 * PAGE));
    assertEquals(TestGuest.SIGNAL | Fault.SEGV_MAPERR, guest.read(at));
    assertEquals(-Errno.ENOMEM, Remap.remap(mm, to, 64 * PAGE, 1 << 30, 0, 0));
    assertEquals(to, Remap.remap(mm, to, 64 * PAGE, 2 * PAGE, 0, 0));
    assertEquals(TestGuest.SIGNAL | Fault.SEGV_MAPERR, guest.read(to + 2 * PAGE));
  }

  @Test
  void heapGrowsAndShrinks() {
    StackAndHeap.setBrk(mm, 0x100_0123L);
    long start = StackAndHeap.moveHeapEnd(mm, 0);
    assertEquals(start + 100_000, StackAndHeap.moveHeapEnd(mm, start + 100_000));
    assertEquals(0, guest.write(start + 99_992 - 99_992 % 8, 3));
    assertEquals(start + 10_000_000, StackAndHeap.moveHeapEnd(mm, start + 10_000_000));
    assertEquals(1, mm.map.vmas.size());
    assertEquals(1, mm.map.pmas.size());
    assertEquals(start + 10, StackAndHeap.moveHeapEnd(mm, start + 10));
    assertEquals(start + 200_000, StackAndHeap.moveHeapEnd(mm, start + 200_000));
    assertEquals(0, guest.read(start + 99_992 - 99_992 % 8));
    assertEquals(start + 200_000, StackAndHeap.moveHeapEnd(mm, start - 1));
  }

  @Test
  void mappingsThatForkMustNotCopyAreAbsentOrEmptyInTheChild() {
    long gone = map(0, PAGE, RW, ANON);
    map(gone - PAGE, PAGE, PROT_NONE, ANON | MAP_FIXED);
    long wiped = map(0, 2 * PAGE, RW, ANON);
    guest.write(gone, 1);
    guest.write(wiped, 2);
    Advice.advise(mm, gone, PAGE, MADV_DONTFORK);
    Advice.advise(mm, wiped, 2 * PAGE, MADV_WIPEONFORK);
    TestGuest child = guest.fork();
    assertEquals(TestGuest.SIGNAL | Fault.SEGV_MAPERR, child.read(gone));
    assertEquals(0, child.read(wiped));
    assertEquals(1, guest.read(gone));
    assertEquals(2, guest.read(wiped));
    child.checkHostMappings();
    child.exit();
  }

  @Test
  void aStackGrowsDownToItsNeighboursGuard() {
    long at = 0x1000_0000L;
    map(at, 4 * PAGE, RW, ANON | MAP_GROWSDOWN | MAP_FIXED);
    assertEquals(0, guest.write(at - 10 * PAGE, 1));
    long other = at - (64 << 20);
    map(other, PAGE, RW, ANON | MAP_FIXED);
    assertEquals(
        TestGuest.SIGNAL | Fault.SEGV_MAPERR, guest.write(other + MemoryLayout.STACK_GUARD / 2, 1));
    assertEquals(0, guest.write(other + 2 * MemoryLayout.STACK_GUARD, 1));
  }

  @Test
  void wishesThatMakeNoSenseAreRefused() {
    assertEquals(-Errno.EINVAL, map(0, 0, RW, ANON));
    assertEquals(-Errno.EINVAL, map(0, PAGE, RW, MAP_ANONYMOUS));
    assertEquals(-Errno.EINVAL, map(123, PAGE, RW, ANON | MAP_FIXED));
    assertEquals(-Errno.EPERM, map(0, PAGE, RW, ANON | MAP_FIXED));
    assertEquals(-Errno.ENOMEM, map(TestMemory.MAX, PAGE, RW, ANON | MAP_FIXED));
    assertEquals(-Errno.ENOMEM, map(0, Long.MAX_VALUE, RW, ANON));
    assertEquals(-Errno.ENOMEM, map(0, -PAGE, RW, ANON));
    long at = map(0, PAGE, RW, ANON);
    assertEquals(-Errno.EEXIST, map(at, PAGE, RW, ANON | MAP_FIXED_NOREPLACE));
    assertEquals(-Errno.EINVAL, Mappings.unmap(mm, at + 1, PAGE));
    assertEquals(-Errno.EINVAL, Mappings.unmap(mm, at, 0));
    assertEquals(-Errno.EINVAL, Mappings.unmap(mm, at, Long.MAX_VALUE));
    assertEquals(-Errno.ENOMEM, Mappings.protect(mm, at, 2 * PAGE, PROT_READ));
    assertEquals(TestGuest.SIGNAL | Fault.SEGV_ACCERR, guest.write(at, 1));
    assertEquals(-Errno.EINVAL, Advice.advise(mm, at, PAGE, 77));
    assertEquals(-Errno.EFAULT, Remap.remap(mm, at, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE, 0));
  }

  @Test
  void pathsAreReadAsTheyLieThere() {
    long at = map(0, 2 * PAGE, RW, ANON);
    NameTable names = new NameTable();
    Random random = new Random(7);
    for (int i = 0; i < 2000; i++) {
      byte[] text = new byte[random.nextInt(300)];
      random.nextBytes(text);
      for (int k = 0; k < text.length; k++) {
        text[k] = text[k] == 0 ? (byte) '/' : text[k];
      }
      // Up to the last byte there is, across two pages, and anywhere else; nothing but garbage
      // behind it.
      long end = at + 2 * PAGE - (i % 3 == 0 ? 0 : random.nextInt((int) PAGE + 200));
      long begin = end - text.length - 1;
      assertEquals(0, mm.copyOut(begin, text, 0, text.length));
      mm.writeByte(end - 1, 0);
      PathName read = names.read(mm, begin);
      assertNotNull(read);
      assertEquals(new String(text, StandardCharsets.ISO_8859_1), read.toString());
      PathName again = names.read(mm, begin);
      assertNotNull(again);
      assertEquals(read.toString(), again.toString());
    }
  }

  @Test
  void aPathThatComesAgainIsTheSameObjectUntilItChanges() {
    long at = map(0, 2 * PAGE, RW, ANON);
    NameTable names = new NameTable();
    byte[] text = "/usr/lib/x\0".getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(0, mm.copyOut(at + 3, text, 0, text.length));
    assertEquals(0, mm.copyOut(at + 100, text, 0, text.length));
    PathName first = names.read(mm, at + 3);
    assertNotNull(first);
    assertSame(first, names.read(mm, at + 100));
    mm.writeByte(at + 100 + 9, 'y');
    PathName other = names.read(mm, at + 100);
    assertNotNull(other);
    assertEquals("/usr/lib/y", other.toString());
    assertSame(first, names.read(mm, at + 3));
    for (long i = at; i < at + 2 * PAGE; i++) {
      mm.writeByte(i, 'x');
    }
    assertNull(names.read(mm, at + PAGE + 1), "without an end");
    assertEquals(-Errno.EFAULT, mm.error());
    assertNull(names.read(mm, at), "too long");
    assertEquals(-Errno.ENAMETOOLONG, mm.error());
    assertNull(names.read(mm, at + 2 * PAGE));
    assertEquals(-Errno.EFAULT, mm.error());
  }

  @Test
  void stringsAndVectorsAreReadWithBounds() {
    long at = map(0, 2 * PAGE, RW, ANON);
    byte[] text = "hello\0".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    assertEquals(0, mm.copyOut(at + 2 * PAGE - 6, text, 0, 6));
    assertEquals("hello", mm.copyInString(at + 2 * PAGE - 6, 100));
    assertEquals("hello", mm.copyInString(at + 2 * PAGE - 6, 5));
    assertNull(mm.copyInString(at + 2 * PAGE - 6, 4));
    assertEquals(-Errno.ENAMETOOLONG, mm.error());
    mm.writeByte(at + 2 * PAGE - 1, 'x');
    assertNull(mm.copyInString(at + 2 * PAGE - 6, 100));
    assertEquals(-Errno.EFAULT, mm.error());
    mm.writeLong(at, at + 100);
    mm.writeLong(at + 8, 3);
    mm.writeLong(at + 16, at + 200);
    mm.writeLong(at + 24, 10);
    Uio uio = mm.uioVector(at, 2);
    assertNotNull(uio);
    assertEquals(13, uio.remaining());
    assertEquals(6, uio.put(text, 0, 6));
    assertEquals('h', mm.readByte(at + 100));
    assertEquals('l', mm.readByte(at + 200));
    mm.writeLong(at + 24, -1);
    assertNull(mm.uioVector(at, 2));
    assertEquals(-Errno.EINVAL, mm.error());
    assertNull(mm.uioVector(at, 1025));
    assertEquals(-Errno.EFAULT, mm.uio(8, 10).put(text, 0, 6));
  }
}
