package dev.vivarium.microvm.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.microvm.files.FileServer;
import dev.vivarium.microvm.host.FrontCalls;
import dev.vivarium.microvm.vmm.MachineSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class FileDevicesTest {
  @TempDir Path temp;
  private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
  private final FileServer files = new FileServer(1);

  @BeforeEach
  void show() throws Exception {
    Path shown = Files.createDirectory(temp.resolve("shown"));
    Files.writeString(shown.resolve("file"), "hello");
    files.add(shown.toString(), "/data", false);
    files.add(shown.resolve("file").toString(), "/file", false);
  }

  @Test
  @Timeout(30)
  void aDirectoryHasADeviceAndAFileTheChannel() throws Exception {
    List<MachineSpec.Share> shares = FileDevices.open(files, temp, log::add);
    assertEquals(List.of("files0"), shares.stream().map(MachineSpec.Share::tag).toList());
    assertTrue(files.mounts().get(0).byDevice());
    assertFalse(files.mounts().get(1).byDevice());
    assertTrue(files.hasChannel());
    // Nobody came, and nobody waits any more.
    files.close();
    assertEquals(List.of(), List.copyOf(log));
  }

  @Test
  @Timeout(30)
  void aMonitorThatBreaksTheRulesLosesTheMountAndOneLineSaysSo() throws Exception {
    MachineSpec.Share share = FileDevices.open(files, temp, log::add).getFirst();
    try (FrontCalls monitor = new FrontCalls()) {
      monitor.send(
          monitor.connect(share.socket()), new byte[] {99, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
      assertEquals(
          "the device with the host's files at /data has failed: the monitor sent request 99,"
              + " unknown here",
          log.poll(20, TimeUnit.SECONDS));
    }
    files.close();
    assertEquals(List.of(), List.copyOf(log));
  }
}
