package dev.vivarium.microvm.vmm;

import dev.vivarium.microvm.kernel.GuestKernel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a machine is made of.
 *
 * @param bus how its devices are found
 * @param memoryBytes a multiple of 1 MiB
 * @param processors at least one
 * @param disks read-only, by serial number layer0, layer1 and so on
 * @param scratch the file of a disk that can be written, serial number scratch
 * @param shares file system devices that are made outside of the monitor
 * @param kernelArguments what the kernel's command line has after what we say; may be empty
 * @param directory for its sockets; only its owner can look into it
 */
public record MachineSpec(
    GuestKernel kernel,
    Accelerator accelerator,
    Bus bus,
    long memoryBytes,
    int processors,
    List<Path> disks,
    Optional<Path> scratch,
    List<Share> shares,
    String kernelArguments,
    Path directory) {
  /** Where devices are. */
  public enum Bus {
    /** At fixed addresses, which ACPI tells. */
    MMIO,
    /** On a PCI bus. */
    PCI
  }

  /**
   * A file system device.
   *
   * @param tag what the guest calls it
   * @param socket where whoever makes it waits for the monitor
   */
  public record Share(String tag, Path socket) {}

  public MachineSpec {
    disks = List.copyOf(disks);
    shares = List.copyOf(shares);
  }

  /** The same with such devices. */
  public MachineSpec with(List<Share> otherShares) {
    return new MachineSpec(
        kernel,
        accelerator,
        bus,
        memoryBytes,
        processors,
        disks,
        scratch,
        otherShares,
        kernelArguments,
        directory);
  }

  /** The same with other disks. */
  MachineSpec with(List<Path> otherDisks, Optional<Path> otherScratch) {
    return new MachineSpec(
        kernel,
        accelerator,
        bus,
        memoryBytes,
        processors,
        otherDisks,
        otherScratch,
        shares,
        kernelArguments,
        directory);
  }
}
