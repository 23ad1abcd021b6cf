package dev.vivarium.sentry.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.host.HostMemory;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Registers;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Guest code, a few instructions at a time, in real traced processes. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class PtracePlatformTest {
  private static final long CODE = 0x400000;
  private static final long DATA = 0x600000;
  private static final int READ_EXEC = 5;
  private static final int READ_WRITE = 3;
  private static final long SIZE = 1 << 20;

  private MemorySegment memory;
  private PtracePlatform platform;
  private final ArrayDeque<Context> events = new ArrayDeque<>();

  @BeforeEach
  void start() throws Exception {
    int fd = HostMemory.createFile("test-memory", SIZE);
    memory = HostMemory.map(fd, SIZE);
    platform = new PtracePlatform(fd, new int[0]);
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
  void aKilledProcessIsReportedAsLost() throws Exception {
    // syscall; 1: jmp 1b
    Context c = guest(0x0f, 0x05, 0xeb, 0xfe);
    c.resume();
    expectSyscall(c, 0);
    c.resume();
    assertTrue(ProcessHandle.of(hostPid("vivarium-tracee")).orElseThrow().destroyForcibly());
    assertEquals(c, next());
    assertEquals(Context.LOST, c.event());
    c.exit();
  }

  @Test
  void whenTheTracerIsKilledItsProcessesGoWithIt() throws Exception {
    Context c = guest(0x0f, 0x05, 0xeb, 0xfe);
    c.resume();
    expectSyscall(c, 0);
    c.resume();
    ProcessHandle guest = ProcessHandle.of(hostPid("vivarium-tracee")).orElseThrow();
    ProcessHandle.of(hostPid("vivarium-tracer")).orElseThrow().destroyForcibly();
    assertEquals(c, next());
    assertEquals(Context.LOST, c.event());
    guest.onExit().get(10, TimeUnit.SECONDS);
  }

  /** The youngest process of ours that runs a program of this name. */
  private static long hostPid(String program) throws Exception {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      return all.map(Path::toString)
          .filter(p -> p.matches("/proc/\\d+"))
          .filter(p -> executable(p).startsWith("/memfd:" + program))
          .mapToLong(p -> Long.parseLong(p.substring("/proc/".length())))
          .max()
          .orElseThrow();
    }
  }

  private static String executable(String process) {
    try {
      return Files.readSymbolicLink(Path.of(process, "exe")).toString();
    } catch (IOException | SecurityException e) {
      return "";
    }
  }

  @Test
  void aReadAndAFetchAreToldApartAndTheFpuStateSurvivesAFault() throws Exception {
    // pcmpeqd %xmm0,%xmm0; mov 0x700000,%eax; movq %xmm0,%rdi; syscall; jmp *%rdi
    Context c =
        guest(
            0x66, 0x0f, 0x76, 0xc0, 0x8b, 0x04, 0x25, 0, 0, 0x70, 0, 0x66, 0x48, 0x0f, 0x7e, 0xc7,
            0x0f, 0x05, 0xff, 0xe7);
    c.resume();
    assertEquals(c, next());
    assertEquals(Context.FAULT, c.event());
    assertEquals(0x700000, c.faultAddress());
    assertFalse(c.faultIsWrite());
    assertFalse(c.faultIsFetch());
    c.addressSpace().map(c, 0x700000, 0x1000, READ_WRITE, 0, 0x20000);
    c.resume();
    assertEquals(c, next());
    assertEquals(Context.SYSCALL, c.event());
    assertEquals(-1L, c.regs().get(Registers.RDI));
    c.regs().set(Registers.RDI, 0x700010);
    c.resume();
    assertEquals(c, next());
    assertEquals(Context.FAULT, c.event());
    assertEquals(0x700010, c.faultAddress());
    assertTrue(c.faultIsFetch());
    c.exit();
  }

  @Test
  void aCallOfThirtyTwoBitCodeHasNoNumber() throws Exception {
    // mov $20,%eax; int $0x80
    Context c = guest(0xb8, 20, 0, 0, 0, 0xcd, 0x80);
    c.resume();
    assertEquals(c, next());
    if (c.event() == Context.SYSCALL) {
      assertEquals(-1, c.regs().origRax());
    } else {
      // A host kernel without IA32 emulation.
      assertEquals(Signals.SIGSEGV, c.faultSignal());
    }
    c.exit();
  }

  @Test
  void fpuStateGoesOutAndInAgain() throws Exception {
    // pcmpeqd %xmm0,%xmm0; syscall; movq %xmm0,%rdi; syscall
    Context c = guest(0x66, 0x0f, 0x76, 0xc0, 0x0f, 0x05, 0x66, 0x48, 0x0f, 0x7e, 0xc7, 0x0f, 0x05);
    c.resume();
    expectSyscall(c, 0);
    MemorySegment state = MemorySegment.ofArray(new byte[c.fpStateSize()]);
    c.saveFpState(state, 0);
    assertEquals(-1L, state.get(ValueLayout.JAVA_LONG_UNALIGNED, 160));
    assertEquals(0x46505853, state.get(ValueLayout.JAVA_INT_UNALIGNED, 464));
    state.set(ValueLayout.JAVA_LONG_UNALIGNED, 160, 4711);
    assertTrue(c.loadFpState(state, 0, state.byteSize()));
    c.resume();
    assertEquals(c, next());
    assertEquals(4711, c.regs().get(Registers.RDI));
    c.exit();
  }

  @Test
  void theTracersOwnInstructionIsOfNoUseToTheGuest() throws Exception {
    // movabs $0x7ff000000100,%rdi; mov $39,%eax; jmp *%rdi: at its syscall instruction
    Context c = guest(0x48, 0xbf, 0, 1, 0, 0, 0xf0, 0x7f, 0, 0, 0xb8, 39, 0, 0, 0, 0xff, 0xe7);
    c.resume();
    expectSyscall(c, 39);
    c.regs().set(Registers.RAX, 4711);
    c.resume();
    // The guest runs into the int3 behind it.
    assertEquals(c, next());
    assertEquals(Context.FAULT, c.event());
    assertEquals(Signals.SIGTRAP, c.faultSignal());
    assertEquals(4711, c.regs().get(Registers.RAX));
    c.exit();
  }

  @Test
  void aWakeThatComesJustBeforeTheSleepIsNotLost() {
    platform.wake();
    long begin = System.nanoTime();
    platform.sleep(10_000_000_000L);
    assertTrue(System.nanoTime() - begin < 5_000_000_000L);
  }
}
