package dev.vivarium.sentry.platform.systrap;

import static dev.vivarium.sentry.platform.systrap.Layout.*;

import dev.vivarium.sentry.platform.Registers;

/** The registers in the signal frame of a stopped guest thread; the stub's sigreturn loads them. */
final class SlotRegisters implements Registers {
  private final ControlRegion region;
  private final long slot;
  private long frame;
  private int origRax;
  private long fsBase;
  private long gsBase;

  SlotRegisters(ControlRegion region, int slot) {
    this.region = region;
    this.slot = ControlRegion.slotOffset(slot);
    this.frame = this.slot + SLOT_FRAME;
  }

  /** Where the frame of the present stop lies, as an offset in the region. */
  long frame() {
    return frame;
  }

  /**
   * Takes the place of the frame that the stub claims.
   *
   * @return false if no frame can be there
   */
  boolean setFrame(int offset) {
    if (offset < SLOT_FRAME || offset > SLOT_SIZE - UC_SIZE || (offset & 7) != 0) {
      return false;
    }
    frame = slot + offset;
    return true;
  }

  void setOrigRax(int number) {
    origRax = number;
  }

  /** Takes over what the platform knows of another thread's registers besides its frame. */
  void inherit(SlotRegisters from) {
    origRax = from.origRax;
    fsBase = from.fsBase;
    gsBase = from.gsBase;
  }

  @Override
  public long get(int register) {
    return region.getLong(frame + UC_GREGS + 8L * register);
  }

  @Override
  public void set(int register, long value) {
    region.putLong(frame + UC_GREGS + 8L * register, value);
  }

  @Override
  public int origRax() {
    return origRax;
  }

  @Override
  public long fsBase() {
    return fsBase;
  }

  @Override
  public void setFsBase(long address) {
    fsBase = address;
    region.putLong(slot + FS_BASE, address);
    region.putInt(slot + SET_BASES, region.getInt(slot + SET_BASES) | 1);
  }

  @Override
  public long gsBase() {
    return gsBase;
  }

  @Override
  public void setGsBase(long address) {
    gsBase = address;
    region.putLong(slot + GS_BASE, address);
    region.putInt(slot + SET_BASES, region.getInt(slot + SET_BASES) | 2);
  }
}
