package dev.vivarium.microvm.vmm;

import dev.vivarium.microvm.kernel.GuestKernel;
import java.nio.file.Path;
import java.util.List;

/**
 * What a machine is made of.
 *
 * @param memoryBytes a multiple of 1 MiB
 * @param processors at least one
 * @param disks read-only, by serial number layer0, layer1 and so on
 * @param directory for its sockets; only its owner can look into it
 */
public record MachineSpec(
    GuestKernel kernel,
    Accelerator accelerator,
    long memoryBytes,
    int processors,
    List<Path> disks,
    Path directory) {
  public MachineSpec {
    disks = List.copyOf(disks);
  }
}
