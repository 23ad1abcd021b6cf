package dev.vivarium.sentry.platform.systrap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.host.HostMemory;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Registers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Guest code, a few instructions at a time, in real stub processes. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class SystrapPlatformTest {
  private static final long CODE = 0x400000;
  private static final long DATA = 0x600000;
  private static final int READ_EXEC = 5;
  private static final int READ_WRITE = 3;
  private static final long SIZE = 1 << 20;

  private MemorySegment memory;
  private SystrapPlatform platform;
  private final ArrayDeque<Context> events = new ArrayDeque<>();

  @BeforeEach
  void start() throws Exception {
    int fd = HostMemory.createFile("test-memory", SIZE);
    memory = HostMemory.map(fd, SIZE);
    platform = new SystrapPlatform(fd, new int[0]);
  }

  @AfterEach
  void stop() {
    platform.close();
  }

  private Context guest(int... code) throws Exception {
    Context c = platform.newProcess();
    c.setOwner(this);
    code(0, code);
    c.addressSpace().map(c, CODE, 0x10000, READ_EXEC, 0, 0);
    c.addressSpace().map(c, DATA, 0x10000, READ_WRITE, 0, 0x10000);
    c.regs().set(Registers.RIP, CODE);
    c.regs().set(Registers.RSP, DATA + 0x8000);
    return c;
  }

  private void code(long offset, int... code) {
    for (int i = 0; i < code.length; i++) {
      memory.set(ValueLayout.JAVA_BYTE, offset + i, (byte) code[i]);
    }
  }

  private Context next() {
    while (events.isEmpty()) {
      if (platform.poll(events::add) == 0) {
        platform.sleep(1_000_000);
      }
    }
    return events.poll();
  }

  private void expectSyscall(Context c, int number) {
    assertEquals(c, next());
    assertEquals(Context.SYSCALL, c.event());
    assertEquals(number, c.regs().origRax());
  }

  @Test
  void aSystemCallArrivesWithItsRegistersAndReturnsOurResult() throws Exception {
    // mov $39,%eax; syscall; mov %eax,%edi; mov $60,%eax; syscall
    Context c = guest(0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0x89, 0xc7, 0xb8, 60, 0, 0, 0, 0x0f, 0x05);
    c.resume();
    expectSyscall(c, 39);
    assertEquals(CODE + 7, c.regs().get(Registers.RIP));
    c.regs().set(Registers.RAX, 4711);
    c.resume();
    expectSyscall(c, 60);
    assertEquals(4711, c.regs().get(Registers.RDI));
    c.exit();
  }

  @Test
  void aFaultTellsTheAddressAndWhetherItWasAWrite() throws Exception {
    // movl $7, 0x700000
    Context c = guest(0xc7, 0x04, 0x25, 0, 0, 0x70, 0, 7, 0, 0, 0, 0x0f, 0x05);
    c.resume();
    assertEquals(c, next());
    assertEquals(Context.FAULT, c.event());
    assertEquals(Signals.SIGSEGV, c.faultSignal());
    assertEquals(0x700000, c.faultAddress());
    assertTrue(c.faultIsWrite());
    c.addressSpace().map(c, 0x700000, 0x1000, READ_WRITE, 0, 0x20000);
    c.resume();
    assertEquals(c, next());
    assertEquals(Context.SYSCALL, c.event());
    assertEquals(7, memory.get(ValueLayout.JAVA_INT, 0x20000));
    c.exit();
  }

  @Test
  void aForkedProcessHasACopyOfTheRegistersAndTheMappings() throws Exception {
    // syscall; mov %eax, 0x600000; syscall
    Context parent = guest(0x0f, 0x05, 0x89, 0x04, 0x25, 0, 0, 0x60, 0, 0x0f, 0x05);
    parent.resume();
    assertEquals(parent, next());
    Context child = parent.fork();
    child.setOwner(this);
    child.addressSpace().map(child, DATA, 0x10000, READ_WRITE, 0, 0x30000);
    parent.regs().set(Registers.RAX, 11);
    child.regs().set(Registers.RAX, 22);
    child.resume();
    assertEquals(child, next());
    parent.resume();
    assertEquals(parent, next());
    assertEquals(11, memory.get(ValueLayout.JAVA_INT, 0x10000));
    assertEquals(22, memory.get(ValueLayout.JAVA_INT, 0x30000));
    child.exit();
    parent.exit();
  }

  @Test
  void threadsShareMemoryAndHaveTheirOwnThreadPointer() throws Exception {
    // syscall; mov %fs:0,%rdi; syscall
    Context first = guest(0x0f, 0x05, 0x64, 0x48, 0x8b, 0x3c, 0x25, 0, 0, 0, 0, 0x0f, 0x05);
    memory.set(ValueLayout.JAVA_LONG, 0x10000, 111);
    memory.set(ValueLayout.JAVA_LONG, 0x10008, 222);
    first.resume();
    assertEquals(first, next());
    Context second = first.newThread();
    second.setOwner(this);
    first.regs().setFsBase(DATA);
    second.regs().setFsBase(DATA + 8);
    first.resume();
    assertEquals(first, next());
    second.resume();
    assertEquals(second, next());
    assertEquals(111, first.regs().get(Registers.RDI));
    assertEquals(222, second.regs().get(Registers.RDI));
    second.exit();
    first.exit();
  }

  @Test
  void aSpinningGuestCanBeInterruptedAndGoesOn() throws Exception {
    // 1: cmpl $0, 0x600000; je 1b; syscall
    Context c = guest(0x83, 0x3c, 0x25, 0, 0, 0x60, 0, 0, 0x74, 0xf6, 0x0f, 0x05);
    c.resume();
    Thread.sleep(20);
    c.interrupt();
    assertEquals(c, next());
    assertEquals(Context.INTERRUPTED, c.event());
    memory.set(ValueLayout.JAVA_INT, 0x10000, 1);
    c.resume();
    assertEquals(c, next());
    assertEquals(Context.SYSCALL, c.event());
    c.exit();
  }

  @Test
  void anEmptiedAddressSpaceFaultsAndAMovedThreadLeavesTheOthersAlone() throws Exception {
    Context c = guest(0x0f, 0x05, 0x0f, 0x05);
    c.resume();
    assertEquals(c, next());
    Context sibling = c.newThread();
    sibling.setOwner(this);
    c.replaceAddressSpace();
    c.regs().set(Registers.RIP, CODE);
    c.resume();
    assertEquals(c, next());
    assertEquals(Context.FAULT, c.event());
    sibling.resume();
    expectSyscallOf(sibling);
    c.exit();
    sibling.exit();
  }

  private void expectSyscallOf(Context c) {
    assertEquals(c, next());
    assertEquals(Context.SYSCALL, c.event());
  }

  @Test
  void aKilledStubIsReportedAsLost() throws Exception {
    // 1: jmp 1b
    // call through a forged jump ends the process.
    Context c = guest(0xeb, 0xfe);
    c.resume();
    Thread.sleep(5);
    platform.supervisor().kill(((SystrapContext) c).process().pid);
    assertEquals(c, next());
    assertEquals(Context.LOST, c.event());
  }

  @Test
  void aWakeThatComesJustBeforeTheSleepIsNotLost() {
    platform.wake();
    long begin = System.nanoTime();
    platform.sleep(10_000_000_000L);
    assertTrue(System.nanoTime() - begin < 5_000_000_000L);
  }
}
