package dev.vivarium.microvm.vmm;

/** Starts machines. */
public interface Vmm {
  /** qemu, firecracker or cloud-hypervisor. */
  String name();

  /** The most disks that a machine may have. */
  int maxDisks();

  /**
   * Starts a machine, which dies with the calling thread's process. Returns when its monitor runs:
   * the guest may still be booting.
   *
   * @throws VmmException if the monitor cannot be started
   */
  Machine start(MachineSpec spec) throws VmmException, InterruptedException;
}
