package dev.vivarium.microvm.vhost;

import dev.vivarium.microvm.host.DeviceCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory of a guest, as its monitor has described it. Belongs to one thread. If the file behind
 * it is made shorter, an {@link InternalError} comes from wherever it is used.
 */
final class GuestMemory implements AutoCloseable {
  private static final long PAGE = 4096;
  private static final long MOST = 1L << 42;

  private record Region(long guest, long monitor, long size, MemorySegment memory) {}

  private final Arena arena = Arena.ofConfined();
  private final List<Region> regions = new ArrayList<>();
  private final DeviceCalls calls;

  /** An empty one. */
  GuestMemory(DeviceCalls calls) {
    this.calls = calls;
  }

  /**
   * Adds a part of it.
   *
   * @param guest where the guest has it
   * @param size in bytes
   * @param monitor where the monitor has it
   * @param offset in the file
   * @param descriptor of the file; stays the caller's
   */
  void add(long guest, long size, long monitor, long offset, int descriptor) throws VhostException {
    if (size <= 0
        || size > MOST
        || offset < 0
        || offset > MOST
        || offset % PAGE != 0
        || guest < 0
        || guest + size < 0
        || monitor < 0
        || monitor + size < 0) {
      throw new VhostException("the monitor described memory that cannot be");
    }
    if (calls.size(descriptor) < offset + size) {
      throw new VhostException("the monitor described more memory than there is in its file");
    }
    long address = calls.map(descriptor, offset, size);
    if (address < 0 && address > -PAGE) {
      throw new VhostException("cannot map the guest's memory: error " + -address);
    }
    MemorySegment memory =
        MemorySegment.ofAddress(address)
            .reinterpret(size, arena, mapped -> calls.unmap(address, size));
    regions.add(new Region(guest, monitor, size, memory));
  }

  /** What the monitor has at an address of its own; valid as long as this. */
  MemorySegment atMonitor(long address, long length) throws VhostException {
    for (Region region : regions) {
      long at = address - region.monitor;
      if (at >= 0 && at < region.size && length <= region.size - at) {
        return region.memory.asSlice(at, length);
      }
    }
    throw new VhostException("a ring is not in the guest's memory");
  }

  private Region region(long address) throws VhostException {
    for (Region region : regions) {
      long at = address - region.guest;
      if (at >= 0 && at < region.size) {
        return region;
      }
    }
    throw new VhostException("the guest gave an address where it has no memory");
  }

  /** Copies out of it; what is asked for may lie in several parts. */
  void read(long guest, byte[] into, int from, int length) throws VhostException {
    long address = guest;
    int done = 0;
    while (done < length) {
      Region region = region(address);
      long at = address - region.guest;
      int n = (int) Math.min(length - done, region.size - at);
      MemorySegment.copy(region.memory, ValueLayout.JAVA_BYTE, at, into, from + done, n);
      done += n;
      address += n;
    }
  }

  /** Copies into it. */
  void write(long guest, byte[] bytes, int from, int length) throws VhostException {
    long address = guest;
    int done = 0;
    while (done < length) {
      Region region = region(address);
      long at = address - region.guest;
      int n = (int) Math.min(length - done, region.size - at);
      MemorySegment.copy(bytes, from + done, region.memory, ValueLayout.JAVA_BYTE, at, n);
      done += n;
      address += n;
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
