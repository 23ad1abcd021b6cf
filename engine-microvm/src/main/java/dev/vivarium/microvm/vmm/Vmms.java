package dev.vivarium.microvm.vmm;

import java.nio.file.Path;
import java.util.List;

/** The monitors that there are, by name. */
public final class Vmms {
  private Vmms() {}

  /** Those that QEMU can be replaced with. */
  public static List<RestVmm> others() {
    return List.of(RestVmm.firecracker(), RestVmm.cloudHypervisor());
  }

  /**
   * One of them.
   *
   * @param name qemu, firecracker or cloud-hypervisor
   * @param state directory where what was found out about it is kept
   */
  public static Vmm of(String name, Path state) {
    return switch (name) {
      case "qemu" -> new Qemu(state);
      case "firecracker" -> RestVmm.firecracker();
      case "cloud-hypervisor" -> RestVmm.cloudHypervisor();
      default -> throw new IllegalArgumentException("no such monitor: " + name);
    };
  }
}
