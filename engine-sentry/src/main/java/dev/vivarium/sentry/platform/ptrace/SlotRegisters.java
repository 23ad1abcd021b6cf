package dev.vivarium.sentry.platform.ptrace;

import static dev.vivarium.sentry.platform.ptrace.Layout.*;

import dev.vivarium.sentry.platform.Registers;

/** The registers of a stopped guest thread, as the tracer has read them and will load them. */
final class SlotRegisters implements Registers {
  /** Where {@code struct user_regs_struct} has each of {@link Registers}' registers. */
  private static final int[] OFFSETS = {
    72, 64, 56, 48, 24, 16, 8, 0, 112, 104, 32, 40, 96, 80, 88, 152, 128, REG_EFLAGS
  };

  private final Region region;
  private final long slot;

  SlotRegisters(Region region, int slot) {
    this.region = region;
    this.slot = Region.slotOffset(slot);
  }

  @Override
  public long get(int register) {
    return region.getLong(slot + REGS + OFFSETS[register]);
  }

  @Override
  public void set(int register, long value) {
    region.putLong(slot + REGS + OFFSETS[register], value);
  }

  @Override
  public int origRax() {
    return region.getInt(slot + NR);
  }

  @Override
  public long fsBase() {
    return region.getLong(slot + REGS + REG_FS_BASE);
  }

  @Override
  public void setFsBase(long address) {
    region.putLong(slot + REGS + REG_FS_BASE, address);
  }

  @Override
  public long gsBase() {
    return region.getLong(slot + REGS + REG_GS_BASE);
  }

  @Override
  public void setGsBase(long address) {
    region.putLong(slot + REGS + REG_GS_BASE, address);
  }
}
