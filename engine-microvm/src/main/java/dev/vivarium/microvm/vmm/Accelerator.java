package dev.vivarium.microvm.vmm;

/** How a machine's processors are made. */
public enum Accelerator {
  /** The host's own, through /dev/kvm. */
  KVM,
  /** Emulated: works everywhere, several times slower. */
  TCG
}
