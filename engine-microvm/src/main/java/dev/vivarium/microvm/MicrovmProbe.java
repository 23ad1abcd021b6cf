package dev.vivarium.microvm;

import dev.vivarium.engine.EngineProbe;
import dev.vivarium.engine.EngineProbe.Finding;
import dev.vivarium.engine.EngineProbe.Level;
import dev.vivarium.engine.HostSystem;
import dev.vivarium.microvm.kernel.GuestKernel;
import dev.vivarium.microvm.kernel.KernelStore;
import dev.vivarium.microvm.vmm.Accelerator;
import dev.vivarium.microvm.vmm.AcceleratorProbe;
import dev.vivarium.microvm.vmm.Qemu;
import dev.vivarium.microvm.vmm.RestVmm;
import dev.vivarium.microvm.vmm.Vmms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds out whether virtual machines can run on this host. */
final class MicrovmProbe {
  private final Path kernels;
  private final List<Finding> findings = new ArrayList<>();

  MicrovmProbe(Path kernels) {
    this.kernels = kernels;
  }

  EngineProbe run() {
    if (!HostSystem.current().hasEngines()) {
      add("system", Level.MISSING, HostSystem.current().absence(), HostSystem.remedy());
      return new EngineProbe(false, findings);
    }
    boolean qemu = Qemu.isInstalled();
    if (qemu) {
      add("QEMU", Level.OK, "qemu-system-x86_64 is installed", "");
    } else {
      add("QEMU", Level.MISSING, "not installed", "sudo apt-get install qemu-system-x86");
    }
    try {
      for (RestVmm vmm : Vmms.others()) {
        other(vmm);
      }
      Optional<GuestKernel> kernel = new KernelStore(kernels).installed();
      if (kernel.isPresent()) {
        add("guest kernel", Level.OK, kernel.get().name(), "");
        if (qemu) {
          accelerator(kernel.get());
        }
      } else {
        add(
            "guest kernel",
            Level.DEGRADED,
            "not fetched yet",
            "the first run with --engine microvm fetches it through apt");
        add(
            "KVM",
            Level.DEGRADED,
            Files.exists(Path.of("/dev/kvm")) ? "not tried yet" : "this machine has no /dev/kvm",
            "");
      }
    } catch (IOException e) {
      add("guest kernel", Level.DEGRADED, "cannot be read: " + e.getMessage(), "");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return new EngineProbe(qemu, findings);
  }

  /** One that QEMU can be replaced with: nobody needs it. */
  private void other(RestVmm vmm) throws IOException {
    Optional<String> version = vmm.version();
    if (version.isEmpty()) {
      add(
          vmm.name(),
          Level.DEGRADED,
          "not installed, and its driver not exercised here",
          "for --vmm " + vmm.name() + ": " + vmm.remedy());
    } else if (new AcceleratorProbe(vmm, kernels).hasStartedGuest()) {
      add(vmm.name(), Level.OK, version.get() + "; a test guest started under it", "");
    } else {
      add(
          vmm.name(),
          Level.DEGRADED,
          version.get() + "; not exercised here: no test guest has started under it",
          "the first run with --vmm " + vmm.name() + " tries it, where KVM can be used");
    }
  }

  private void accelerator(GuestKernel kernel) throws IOException, InterruptedException {
    AcceleratorProbe.Result result = new AcceleratorProbe(new Qemu(kernels), kernels).run(kernel);
    add(
        "KVM",
        result.accelerator() == Accelerator.KVM ? Level.OK : Level.DEGRADED,
        result.reason(),
        result.accelerator() == Accelerator.KVM
            ? ""
            : "guests run on an emulated processor, several times slower");
  }

  private void add(String name, Level level, String detail, String remedy) {
    findings.add(new Finding(name, level, detail, remedy));
  }
}
