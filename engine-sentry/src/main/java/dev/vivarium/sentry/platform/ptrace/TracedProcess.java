package dev.vivarium.sentry.platform.ptrace;

import static dev.vivarium.sentry.platform.ptrace.Layout.*;

import dev.vivarium.sentry.platform.AddressSpace;
import dev.vivarium.sentry.platform.Context;
import java.util.ArrayList;
import java.util.List;

/** A traced process: the host side of one guest address space. */
final class TracedProcess implements AddressSpace {
  /** The contexts that run in it. */
  final List<PtraceContext> contexts = new ArrayList<>();

  @Override
  public void map(Context via, long address, long length, int prot, int space, long offset) {
    check(address, length);
    int fd = space == 0 ? FD_MEMORY : FD_FIRST_BLOB + space - 1;
    ((PtraceContext) via).queue(KIND_MAP, prot, address, length, offset, fd);
  }

  @Override
  public void unmap(Context via, long address, long length) {
    check(address, length);
    ((PtraceContext) via).queue(KIND_UNMAP, 0, address, length, 0, 0);
  }

  @Override
  public void protect(Context via, long address, long length, int prot) {
    check(address, length);
    ((PtraceContext) via).queue(KIND_PROTECT, prot, address, length, 0, 0);
  }

  @Override
  public void flush(Context via) {
    ((PtraceContext) via).flush();
  }

  @Override
  public void whenApplied(Context via, Runnable release) {
    ((PtraceContext) via).whenApplied(release);
  }

  private static void check(long address, long length) {
    if (((address | length) & 0xfff) != 0
        || length <= 0
        || address < 0
        || address > GUEST_LIMIT
        || length > GUEST_LIMIT - address) {
      throw new IllegalArgumentException(
          "not a guest range: " + Long.toHexString(address) + "+" + Long.toHexString(length));
    }
  }
}
