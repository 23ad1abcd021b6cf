package dev.vivarium.microvm.vmm;

/** Starts machines. */
public interface Vmm {
  /** qemu, firecracker or cloud-hypervisor. */
  String name();

  /**
   * Whether its program is here.
   *
   * @throws VmmException if not: what to do
   */
  void requireInstalled() throws VmmException;

  /** Whether it makes processors in no other way. */
  boolean needsKvm();

  /** Where its machines have their devices. */
  MachineSpec.Bus bus();

  /** The most layers that a machine may have, besides a scratch disk. */
  int maxDisks();

  /**
   * Starts a machine, which dies with the calling thread's process. Returns when its monitor runs:
   * the guest may still be booting.
   *
   * @throws VmmException if the monitor cannot be started
   */
  Machine start(MachineSpec spec) throws VmmException, InterruptedException;
}
