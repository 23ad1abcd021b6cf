package dev.vivarium.microvm.vmm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Firecracker and Cloud Hypervisor: monitors that are controlled by HTTP on a unix socket, need
 * KVM, and show the guest's vsock as a unix socket.
 */
public final class RestVmm implements Vmm {
  private static final int VERSION_SECONDS = 2;

  private final String name;
  private final String remedy;
  private final MachineSpec.Bus bus;
  private final int maxDisks;
  private final List<String> controlFlag;
  private final Function<UnixHttp, RestApi> api;

  private RestVmm(
      String name,
      String remedy,
      MachineSpec.Bus bus,
      int maxDisks,
      List<String> controlFlag,
      Function<UnixHttp, RestApi> api) {
    this.name = name;
    this.remedy = remedy;
    this.bus = bus;
    this.maxDisks = maxDisks;
    this.controlFlag = controlFlag;
    this.api = api;
  }

  /** It has 19 interrupts for devices; vsock, balloon, entropy and a scratch disk take four. */
  static RestVmm firecracker() {
    return new RestVmm(
        "firecracker",
        "put firecracker from github.com/firecracker-microvm/firecracker/releases on the PATH",
        MachineSpec.Bus.MMIO,
        14,
        List.of("--api-sock", "%s"),
        FirecrackerApi::new);
  }

  /** Its bus has 31 places, of which it takes some for itself. */
  static RestVmm cloudHypervisor() {
    return new RestVmm(
        "cloud-hypervisor",
        "put cloud-hypervisor from github.com/cloud-hypervisor/cloud-hypervisor/releases on the"
            + " PATH",
        MachineSpec.Bus.PCI,
        20,
        List.of("--api-socket", "path=%s"),
        CloudHypervisorApi::new);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean needsKvm() {
    return true;
  }

  @Override
  public MachineSpec.Bus bus() {
    return bus;
  }

  @Override
  public int maxDisks() {
    return maxDisks;
  }

  /** What to do where it is not there. */
  public String remedy() {
    return remedy;
  }

  @Override
  public void requireInstalled() throws VmmException {
    if (program() == null) {
      throw new VmmException(name + " is not installed; " + remedy + ", or use --vmm qemu");
    }
  }

  private @Nullable Path program() {
    return Programs.find(name);
  }

  /** What it says of its version; empty where it is not there. */
  public Optional<String> version() {
    Path program = program();
    if (program == null) {
      return Optional.empty();
    }
    try {
      Process process =
          new ProcessBuilder(program.toString(), "--version")
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      process
          .onExit()
          .orTimeout(VERSION_SECONDS, TimeUnit.SECONDS)
          .whenComplete((over, late) -> process.destroyForcibly());
      try (InputStream in = process.getInputStream()) {
        String text = new String(in.readNBytes(1000), StandardCharsets.UTF_8);
        String line = text.lines().findFirst().orElse("").replaceAll("[^ -~]", "?").strip();
        return Optional.of(line.isEmpty() ? "a version that it does not tell" : line);
      }
    } catch (IOException e) {
      return Optional.of("cannot be run: " + e.getMessage());
    }
  }

  @Override
  public Machine start(MachineSpec spec) throws VmmException, InterruptedException {
    requireInstalled();
    if (spec.accelerator() != Accelerator.KVM) {
      throw new VmmException(name + " needs KVM; use --vmm qemu, which can do without");
    }
    RestApi.Places places = RestApi.Places.in(spec.directory());
    List<String> words = new java.util.ArrayList<>();
    // Whatever happens to this process, the machine goes with it.
    words.addAll(List.of("setpriv", "--pdeathsig", "KILL", "--no-new-privs", "--", name));
    controlFlag.forEach(word -> words.add(word.formatted(places.control())));
    try {
      Files.deleteIfExists(places.control());
      Files.deleteIfExists(places.vsock());
      return RestMachine.start(name, words, spec, places, api);
    } catch (IOException e) {
      throw new VmmException("cannot start " + name + ": " + e.getMessage(), e);
    }
  }
}
