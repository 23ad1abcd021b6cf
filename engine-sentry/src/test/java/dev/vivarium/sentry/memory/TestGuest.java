package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A process whose guest reads and writes as a processor does: through the host's page table. */
final class TestGuest {
  /**
   * What {@link #read} and {@link #write} return instead of a value when the guest gets a signal.
   */
  static final long SIGNAL = 0x51_6e_a1L << 32;

  final TestMemory memory;
  final FakeHost host;
  final MemoryManager mm;

  TestGuest(TestMemory memory, FakeHost host, MemoryManager mm) {
    this.memory = memory;
    this.host = host;
    this.mm = mm;
  }

  long read(long address) {
    long fault = access(address, false);
    if (fault != 0) {
      return SIGNAL | fault;
    }
    FakeHost.Entry e = host.at(address);
    return segment(e).get(ValueLayout.JAVA_LONG, e.offset() + (address & 4095));
  }

  /** Returns 0, or a signal. */
  long write(long address, long value) {
    long fault = access(address, true);
    if (fault != 0) {
      return SIGNAL | fault;
    }
    FakeHost.Entry e = host.at(address);
    segment(e).set(ValueLayout.JAVA_LONG, e.offset() + (address & 4095), value);
    return 0;
  }

  private MemorySegment segment(FakeHost.Entry e) {
    return memory.segment(e.space());
  }

  private long access(long address, boolean write) {
    host.context.resume();
    for (int tries = 0; tries < 3; tries++) {
      FakeHost.Entry e = host.at(address);
      if (e != null && (write ? (e.prot() & Mman.PROT_WRITE) != 0 : e.prot() != 0)) {
        return 0;
      }
      mm.enter(null, host.context, true);
      long fault = mm.guestFault(address, write, false);
      host.context.resume();
      if (fault != 0) {
        return fault;
      }
    }
    throw new AssertionError("a fault was handled and comes again");
  }

  /** The kernel's view: a value, or a signal in place of -EFAULT. */
  long kernelRead(long address) {
    mm.enter(null, host.context, true);
    long value = mm.readLong(address);
    return mm.error() != 0 ? SIGNAL : value;
  }

  boolean kernelWrite(long address, long value) {
    mm.enter(null, host.context, true);
    return mm.writeLong(address, value) != -Errno.EFAULT;
  }

  TestGuest fork() {
    mm.enter(null, host.context, true);
    MemoryManager copy = mm.fork();
    FakeHost childHost = host.fork();
    copy.attach(childHost, childHost.context);
    // Until the child goes on, nobody looks through its mappings.
    childHost.context.resume();
    return new TestGuest(memory, childHost, copy);
  }

  /**
   * Every page the host shows must be one that the memory manager knows of, with its protection.
   */
  void checkHostMappings() {
    host.context.resume();
    host.table.forEach((address, e) -> {
      Pma p = mm.map.pmas.at(address);
      if (p == null
          || p.space != e.space()
          || p.offsetAt(address) != e.offset()
          || p.mapped != e.prot()
          || mm.map.hostProt(p) != e.prot()) {
        throw new AssertionError("the host maps %x as %s".formatted(address, e));
      }
    });
  }

  /** What the host still maps, although its unmapping is queued, must not be free for others. */
  void checkNothingFreeIsMapped() {
    for (FakeHost.Entry e : host.table.values()) {
      if (e.space() == 0 && memory.memoryFile.refCount(e.offset()) == 0) {
        throw new AssertionError("the host maps free memory");
      }
    }
  }

  @SuppressWarnings("NullAway")
  void exit() {
    mm.release(null);
  }
}
