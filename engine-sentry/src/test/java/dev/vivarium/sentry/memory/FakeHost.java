package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.platform.AddressSpace;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Registers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The host side of one address space as a page table: changes wait in a queue until the guest goes
 * on, as with a real platform.
 */
final class FakeHost implements AddressSpace {
  static final long PAGE = 4096;

  /** What a page of the guest shows. */
  record Entry(int space, long offset, int prot) {}

  final Map<Long, Entry> table = new HashMap<>();
  final FakeContext context = new FakeContext(this);
  private final ArrayDeque<Runnable> queue = new ArrayDeque<>();

  /** Operations carried out so far. */
  int operations;

  @Override
  public void map(Context via, long address, long length, int prot, int space, long offset) {
    check(via, address, length);
    if ((offset & (PAGE - 1)) != 0 || offset < 0) {
      throw new IllegalArgumentException("offset " + offset);
    }
    queue.add(() -> {
      operations++;
      for (long o = 0; o < length; o += PAGE) {
        table.put(address + o, new Entry(space, offset + o, prot));
      }
    });
  }

  @Override
  public void unmap(Context via, long address, long length) {
    check(via, address, length);
    queue.add(() -> {
      operations++;
      if (length / PAGE > table.size()) {
        table.keySet().removeIf(a -> a >= address && a < address + length);
      } else {
        for (long o = 0; o < length; o += PAGE) {
          table.remove(address + o);
        }
      }
    });
  }

  @Override
  public void protect(Context via, long address, long length, int prot) {
    check(via, address, length);
    queue.add(() -> {
      operations++;
      for (long o = 0; o < length; o += PAGE) {
        Entry e = table.get(address + o);
        if (e == null) {
          throw new IllegalStateException("protect of a page that is not mapped");
        }
        table.put(address + o, new Entry(e.space, e.offset, prot));
      }
    });
  }

  private void check(Context via, long address, long length) {
    if (via != context) {
      throw new IllegalArgumentException("context of another address space");
    }
    if (((address | length) & (PAGE - 1)) != 0 || length <= 0 || address < 0) {
      throw new IllegalArgumentException("range " + address + " + " + length);
    }
  }

  @Override
  public void flush(Context via) {
    Runnable op;
    while ((op = queue.poll()) != null) {
      op.run();
    }
  }

  @Override
  public void whenApplied(Context via, Runnable release) {
    queue.add(release);
  }

  /** What the platform's fork does: the child's mappings are the parent's. */
  FakeHost fork() {
    flush(context);
    FakeHost child = new FakeHost();
    child.table.putAll(table);
    return child;
  }

  @Nullable Entry at(long address) {
    return table.get(address & -PAGE);
  }

  /** A context that only stands still. */
  static final class FakeContext implements Context {
    private final FakeHost host;

    FakeContext(FakeHost host) {
      this.host = host;
    }

    @Override
    public Object owner() {
      return this;
    }

    @Override
    public void setOwner(Object owner) {}

    @Override
    public int event() {
      return SYSCALL;
    }

    @Override
    public Registers regs() {
      throw new UnsupportedOperationException();
    }

    @Override
    public int faultSignal() {
      return 0;
    }

    @Override
    public int faultCode() {
      return 0;
    }

    @Override
    public long faultAddress() {
      return 0;
    }

    @Override
    public boolean faultIsWrite() {
      return false;
    }

    @Override
    public boolean faultIsFetch() {
      return false;
    }

    @Override
    public void resume() {
      host.flush(this);
    }

    @Override
    public void parkGuest() {}

    @Override
    public void interrupt() {}

    @Override
    public AddressSpace addressSpace() {
      return host;
    }

    @Override
    public Context newThread() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Context fork() {
      return host.fork().context;
    }

    @Override
    public AddressSpace replaceAddressSpace() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void exit() {}

    @Override
    public int fpStateSize() {
      return 0;
    }

    @Override
    public void saveFpState(MemorySegment target, long offset) {}

    @Override
    public boolean loadFpState(MemorySegment source, long offset, long length) {
      return false;
    }
  }
}
