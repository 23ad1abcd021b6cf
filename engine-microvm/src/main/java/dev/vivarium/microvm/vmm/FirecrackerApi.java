package dev.vivarium.microvm.vmm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Firecracker's interface ({@code src/firecracker/swagger/firecracker.yaml} of its sources, version
 * 1.17): the parts of a machine are put one after the other, then it is started.
 */
final class FirecrackerApi implements RestApi {
  private static final int GUEST_CID = 3;

  private final RestClient client;

  FirecrackerApi(UnixHttp http) {
    this.client = new RestClient("firecracker", http);
  }

  @Override
  public String version() throws IOException {
    return RestClient.text(client.get("/version"), "firecracker_version");
  }

  @Override
  public void boot(MachineSpec spec, Places places) throws IOException {
    Map<String, Object> machine = new LinkedHashMap<>();
    machine.put("vcpu_count", processors(spec.processors()));
    machine.put("mem_size_mib", spec.memoryBytes() >> 20);
    client.put("/machine-config", machine);
    // It knows a restart by the keyboard controller, and gives disks no serial numbers of ours.
    client.put(
        "/boot-source",
        Map.of(
            "kernel_image_path",
            spec.kernel().image().toString(),
            "initrd_path",
            spec.kernel().initramfs().toString(),
            "boot_args",
            KernelCommandLine.of(spec, "k", "vsock", "order")));
    for (int i = 0; i < spec.disks().size(); i++) {
      drive("layer" + i, spec.disks().get(i), true);
    }
    if (spec.scratch().isPresent()) {
      drive("scratch", spec.scratch().get(), false);
    }
    client.put("/vsock", Map.of("guest_cid", GUEST_CID, "uds_path", places.vsock().toString()));
    client.put(
        "/balloon", Map.of("amount_mib", 0, "deflate_on_oom", true, "free_page_reporting", true));
    client.put("/entropy", Map.of());
    client.put("/actions", Map.of("action_type", "InstanceStart"));
  }

  /** One, or an even number. */
  private static int processors(int wanted) {
    return wanted == 1 ? 1 : Math.min(32, wanted + (wanted & 1));
  }

  private void drive(String id, Path file, boolean readOnly) throws IOException {
    client.put(
        "/drives/" + id,
        Map.of(
            "drive_id",
            id,
            "path_on_host",
            file.toString(),
            "is_root_device",
            false,
            "is_read_only",
            readOnly,
            "cache_type",
            "Unsafe"));
  }

  @Override
  public void pause() throws IOException {
    client.patch("/vm", Map.of("state", "Paused"));
  }

  @Override
  public void resume() throws IOException {
    client.patch("/vm", Map.of("state", "Resumed"));
  }

  @Override
  public void balloon(long bytes) throws IOException {
    client.patch("/balloon", Map.of("amount_mib", bytes >> 20));
  }

  @Override
  public void save(Path directory) throws IOException {
    client.put(
        "/snapshot/create",
        Map.of(
            "snapshot_type",
            "Full",
            "snapshot_path",
            directory.resolve("state").toString(),
            "mem_file_path",
            directory.resolve("memory").toString()));
  }

  @Override
  public void load(Path directory, Places places) throws IOException {
    client.put(
        "/snapshot/load",
        Map.of(
            "snapshot_path",
            directory.resolve("state").toString(),
            "mem_backend",
            Map.of("backend_type", "File", "backend_path", directory.resolve("memory").toString()),
            "vsock_override",
            Map.of("uds_path", places.vsock().toString()),
            "resume_vm",
            true));
  }

  /** By Ctrl-Alt-Del, at which the guest's kernel restarts if it has a driver for keyboards. */
  @Override
  public void shutDown() throws IOException {
    client.put("/actions", Map.of("action_type", "SendCtrlAltDel"));
  }
}
