package dev.vivarium.microvm.vmm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Cloud Hypervisor's interface ({@code vmm/src/api/openapi/cloud-hypervisor.yaml} of its sources,
 * version 0.3.0 of the interface): a machine is made from one description, then booted.
 */
final class CloudHypervisorApi implements RestApi {
  private static final String BASE = "/api/v1/";
  private static final int GUEST_CID = 3;

  private final RestClient client;

  CloudHypervisorApi(UnixHttp http) {
    this.client = new RestClient("cloud-hypervisor", http);
  }

  @Override
  public String version() throws IOException {
    return RestClient.text(client.get(BASE + "vmm.ping"), "version");
  }

  @Override
  public void boot(MachineSpec spec, Places places) throws IOException {
    client.put(BASE + "vm.create", description(spec, places));
    client.put(BASE + "vm.boot");
  }

  private static Map<String, Object> description(MachineSpec spec, Places places) {
    List<Object> disks = new ArrayList<>();
    for (int i = 0; i < spec.disks().size(); i++) {
      disks.add(disk("layer" + i, spec.disks().get(i), true));
    }
    spec.scratch().ifPresent(file -> disks.add(disk("scratch", file, false)));
    Map<String, Object> machine = new LinkedHashMap<>();
    machine.put("cpus", Map.of("boot_vcpus", spec.processors(), "max_vcpus", spec.processors()));
    machine.put("memory", Map.of("size", spec.memoryBytes()));
    // A restart is one of the guest alone: only a guest that switches itself off ends the monitor.
    machine.put(
        "payload",
        Map.of(
            "kernel",
            spec.kernel().image().toString(),
            "initramfs",
            spec.kernel().initramfs().toString(),
            "cmdline",
            KernelCommandLine.of(spec, "t", "vsock", "off")));
    if (!disks.isEmpty()) {
      machine.put("disks", disks);
    }
    machine.put("rng", Map.of("src", "/dev/urandom"));
    machine.put("balloon", Map.of("size", 0, "deflate_on_oom", true, "free_page_reporting", true));
    machine.put("serial", Map.of("mode", "Tty"));
    machine.put("console", Map.of("mode", "Off"));
    machine.put("vsock", Map.of("cid", GUEST_CID, "socket", places.vsock().toString()));
    return machine;
  }

  /** Raw as said: what it would find in the first bytes of a scratch disk is the guest's word. */
  private static Map<String, Object> disk(String serial, Path file, boolean readOnly) {
    return Map.of(
        "path", file.toString(), "readonly", readOnly, "serial", serial, "image_type", "Raw");
  }

  @Override
  public void pause() throws IOException {
    client.put(BASE + "vm.pause");
  }

  @Override
  public void resume() throws IOException {
    client.put(BASE + "vm.resume");
  }

  @Override
  public void balloon(long bytes) throws IOException {
    client.put(BASE + "vm.resize", Map.of("desired_balloon", bytes));
  }

  @Override
  public void save(Path directory) throws IOException {
    client.put(BASE + "vm.snapshot", Map.of("destination_url", "file://" + directory));
  }

  /** The description that was saved names the socket of the vsock, so it must be as then. */
  @Override
  public void load(Path directory, Places places) throws IOException {
    client.put(BASE + "vm.restore", Map.of("source_url", "file://" + directory, "resume", true));
  }

  @Override
  public void shutDown() throws IOException {
    client.put(BASE + "vmm.shutdown");
  }
}
