package dev.vivarium.microvm.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.microvm.kernel.GuestKernel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the drivers ask for is what the monitors' published descriptions have. */
class RestApiTest {
  /** Firecracker 1.17: src/firecracker/swagger/firecracker.yaml. */
  static final ApiTable FIRECRACKER =
      new ApiTable(
          """
          GET /version 200
          PUT /machine-config 204 MachineConfiguration
          PUT /boot-source 204 BootSource
          PUT /drives/{id} 204 Drive
          PUT /vsock 204 Vsock
          PUT /balloon 204 Balloon
          PATCH /balloon 204 BalloonUpdate
          PUT /entropy 204 EntropyDevice
          PUT /actions 204 InstanceActionInfo
          PATCH /vm 204 Vm
          PUT /snapshot/create 204 SnapshotCreateParams
          PUT /snapshot/load 204 SnapshotLoadParams
          MachineConfiguration vcpu_count!:int>=1 mem_size_mib!:int>=1 smt:bool track_dirty_pages:bool huge_pages:None|Transparent|2M
          BootSource kernel_image_path!:string initrd_path:string boot_args:string
          Drive drive_id!:string is_root_device!:bool partuuid:string cache_type:Unsafe|Writeback is_read_only:bool path_on_host:string io_engine:Sync|Async socket:string
          Vsock guest_cid!:int>=3 uds_path!:string vsock_id:string
          Balloon amount_mib!:int>=0 deflate_on_oom!:bool stats_polling_interval_s:int>=0 free_page_hinting:bool free_page_reporting:bool
          BalloonUpdate amount_mib!:int>=0
          EntropyDevice
          InstanceActionInfo action_type!:FlushMetrics|InstanceStart|SendCtrlAltDel
          Vm state!:Paused|Resumed
          SnapshotCreateParams mem_file_path!:string snapshot_path!:string snapshot_type:Full|Diff
          SnapshotLoadParams snapshot_path!:string mem_file_path:string mem_backend:MemoryBackend resume_vm:bool track_dirty_pages:bool vsock_override:VsockOverride clock_realtime:bool huge_pages:Snapshot|None|Transparent|2M
          MemoryBackend backend_type!:File|Uffd backend_path!:string
          VsockOverride uds_path!:string
          """);

  /** Cloud Hypervisor: vmm/src/api/openapi/cloud-hypervisor.yaml, interface 0.3.0. */
  static final ApiTable CLOUD_HYPERVISOR =
      new ApiTable(
          """
          GET /api/v1/vmm.ping 200
          PUT /api/v1/vmm.shutdown 204
          PUT /api/v1/vm.create 204 VmConfig
          PUT /api/v1/vm.boot 204
          PUT /api/v1/vm.pause 204
          PUT /api/v1/vm.resume 204
          PUT /api/v1/vm.resize 204 VmResize
          PUT /api/v1/vm.snapshot 204 VmSnapshotConfig
          PUT /api/v1/vm.restore 204 RestoreConfig
          VmConfig payload!:PayloadConfig cpus:CpusConfig memory:MemoryConfig disks:[DiskConfig] rng:RngConfig balloon:BalloonConfig serial:SerialConfig console:ConsoleConfig vsock:VsockConfig iommu:bool watchdog:bool pvpanic:bool landlock_enable:bool
          PayloadConfig firmware:string kernel:string cmdline:string initramfs:string igvm:string host_data:string
          CpusConfig boot_vcpus!:int>=1 max_vcpus!:int>=1 kvm_hyperv:bool max_phys_bits:int nested:bool
          MemoryConfig size!:int hotplug_size:int hotplugged_size:int mergeable:bool hotplug_method:string shared:bool hugepages:bool hugepage_size:int prefault:bool reserve:bool thp:bool
          DiskConfig path:string readonly:bool direct:bool iommu:bool num_queues:int queue_size:int vhost_user:bool vhost_socket:string pci_segment:int pci_device_id:int id:string serial:string rate_limit_group:string backing_files:bool sparse:bool image_type:FixedVhd|Qcow2|Raw|Vhdx|Unknown lock_granularity:ByteRange|Full
          RngConfig src!:string id:string pci_segment:int pci_device_id:int iommu:bool
          BalloonConfig size!:int id:string pci_segment:int pci_device_id:int iommu:bool deflate_on_oom:bool free_page_reporting:bool
          SerialConfig mode!:Off|Pty|Tty|File|Socket|Null file:string socket:string
          ConsoleConfig mode!:Off|Pty|Tty|File|Socket|Null file:string socket:string iommu:bool id:string pci_segment:int pci_device_id:int
          VsockConfig cid!:int>=3 socket!:string iommu:bool pci_segment:int pci_device_id:int id:string
          VmResize desired_vcpus:int>=1 desired_ram:int desired_balloon:int
          VmSnapshotConfig destination_url:string
          RestoreConfig source_url!:string prefault:bool memory_restore_mode:Copy|OnDemand resume:bool
          """);

  @TempDir Path temp;

  static MachineSpec spec(MachineSpec.Bus bus, int processors, Path directory) {
    return new MachineSpec(
        new GuestKernel("k", Path.of("/k/vmlinux"), Path.of("/k/initramfs")),
        Accelerator.KVM,
        bus,
        512 << 20,
        processors,
        List.of(Path.of("/l/0"), Path.of("/l/\"1\"")),
        Optional.of(Path.of("/scratch")),
        List.of(),
        "my.word=\"a b\"",
        directory);
  }

  private UnixHttp http(Path socket) {
    return new UnixHttp(socket, Duration.ofSeconds(20));
  }

  private static void everything(RestApi api, MachineSpec spec, Path directory) throws IOException {
    RestApi.Places places = RestApi.Places.in(directory);
    assertEquals("1.2.3", api.version());
    api.boot(spec, places);
    api.pause();
    api.save(directory.resolve("saved"));
    api.resume();
    api.balloon(64 << 20);
    api.shutDown();
    api.load(directory.resolve("saved"), places);
  }

  private static Map<?, ?> body(FakeMonitor monitor, String path) {
    return (Map<?, ?>)
        ApiTable.parse(
            monitor.requests().stream()
                .filter(r -> r.path().equals(path))
                .findFirst()
                .orElseThrow()
                .body());
  }

  @Test
  void firecrackerIsAskedForWhatItsDescriptionHas() throws Exception {
    Path socket = temp.resolve("s");
    try (FakeMonitor monitor =
        FakeMonitor.checking(socket, FIRECRACKER, "{\"firecracker_version\": \"1.2.3\"}")) {
      everything(new FirecrackerApi(http(socket)), spec(MachineSpec.Bus.MMIO, 3, temp), temp);
      assertEquals(List.of(), monitor.faults());
      assertEquals(
          List.of(
              "/version",
              "/machine-config",
              "/boot-source",
              "/drives/layer0",
              "/drives/layer1",
              "/drives/scratch",
              "/vsock",
              "/balloon",
              "/entropy",
              "/actions",
              "/vm",
              "/snapshot/create",
              "/vm",
              "/balloon",
              "/actions",
              "/snapshot/load"),
          monitor.requests().stream().map(FakeMonitor.Request::path).toList());
      // One, or an even number.
      assertEquals(4L, body(monitor, "/machine-config").get("vcpu_count"));
      assertEquals(512L, body(monitor, "/machine-config").get("mem_size_mib"));
      assertEquals("/l/\"1\"", body(monitor, "/drives/layer1").get("path_on_host"));
      assertEquals(true, body(monitor, "/drives/layer1").get("is_read_only"));
      assertEquals("scratch", body(monitor, "/drives/scratch").get("drive_id"));
      assertEquals(false, body(monitor, "/drives/scratch").get("is_read_only"));
      String line = (String) body(monitor, "/boot-source").get("boot_args");
      assertTrue(line.contains(" reboot=k vivarium.vsock vivarium.order my.word=\"a b\""), line);
    }
  }

  @Test
  void cloudHypervisorIsAskedForWhatItsDescriptionHas() throws Exception {
    Path socket = temp.resolve("s");
    try (FakeMonitor monitor =
        FakeMonitor.checking(socket, CLOUD_HYPERVISOR, "{\"version\":\"1.2.3\",\"pid\":1}")) {
      everything(new CloudHypervisorApi(http(socket)), spec(MachineSpec.Bus.PCI, 3, temp), temp);
      assertEquals(List.of(), monitor.faults());
      assertEquals(
          List.of(
              "vmm.ping",
              "vm.create",
              "vm.boot",
              "vm.pause",
              "vm.snapshot",
              "vm.resume",
              "vm.resize",
              "vmm.shutdown",
              "vm.restore"),
          monitor.requests().stream().map(r -> r.path().substring("/api/v1/".length())).toList());
      Map<?, ?> machine = body(monitor, "/api/v1/vm.create");
      assertEquals(
          Map.of("path", "/l/0", "readonly", true, "serial", "layer0", "image_type", "Raw"),
          ((List<?>) machine.get("disks")).getFirst());
      assertEquals(
          Map.of("path", "/scratch", "readonly", false, "serial", "scratch", "image_type", "Raw"),
          ((List<?>) machine.get("disks")).getLast());
      assertEquals(Map.of("size", 512L << 20), machine.get("memory"));
      String line = (String) ((Map<?, ?>) machine.get("payload")).get("cmdline");
      assertTrue(line.contains(" vivarium.pci vivarium.vsock vivarium.off my.word="), line);
    }
  }

  @Test
  void theTableRefusesWhatTheDescriptionDoes() {
    assertEquals(204, FIRECRACKER.check("PATCH", "/vm", "{\"state\":\"Paused\"}"));
    for (String body :
        List.of(
            "", "{}", "{\"state\":\"paused\"}", "{\"state\":true}", "{\"states\":\"Paused\"}")) {
      assertThrows(
          IllegalArgumentException.class, () -> FIRECRACKER.check("PATCH", "/vm", body), body);
    }
    assertThrows(
        IllegalArgumentException.class, () -> FIRECRACKER.check("GET", "/vm", ""), "no such");
    assertThrows(
        IllegalArgumentException.class,
        () -> CLOUD_HYPERVISOR.check("PUT", "/api/v1/vm.boot", "{}"),
        "a body");
    assertThrows(
        IllegalArgumentException.class,
        () -> FIRECRACKER.check("PUT", "/machine-config", "{\"vcpu_count\":0,\"mem_size_mib\":1}"),
        "too few");
  }

  @Test
  void aRefusalIsOneLineThatCannotWriteToTheTerminal() throws Exception {
    Path socket = temp.resolve("s");
    String body = "{\"fault_message\":\n\"no \u001b[31mdisk\"}";
    try (FakeMonitor monitor =
        FakeMonitor.saying(
            socket,
            "HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(body.length(), body))) {
      IOException e =
          assertThrows(IOException.class, () -> new FirecrackerApi(http(socket)).pause());
      assertEquals(
          "firecracker refuses PATCH /vm: 400 {\"fault_message\": \"no  [31mdisk\"}",
          e.getMessage());
    }
  }
}
