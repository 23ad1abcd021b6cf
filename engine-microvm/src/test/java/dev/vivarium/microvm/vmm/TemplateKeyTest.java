package dev.vivarium.microvm.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.vivarium.microvm.kernel.GuestKernel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemplateKeyTest {
  @TempDir Path temp;
  private GuestKernel kernel;

  @BeforeEach
  void makeAKernel() throws IOException {
    kernel =
        new GuestKernel(
            "k",
            Files.writeString(temp.resolve("vmlinux"), "kernel"),
            Files.writeString(temp.resolve("initramfs"), "agent"));
    Files.writeString(temp.resolve("vmlinux.sha256"), "one\n");
  }

  private MachineSpec spec(Accelerator accelerator, long mebibytes, int processors, int disks) {
    return new MachineSpec(
        kernel,
        accelerator,
        MachineSpec.Bus.MMIO,
        mebibytes << 20,
        processors,
        Collections.nCopies(disks, temp.resolve("layer" + disks)),
        Optional.empty(),
        List.of(),
        "",
        temp.resolve("run" + disks));
  }

  private MachineSpec like(MachineSpec s, MachineSpec.Bus bus, String scratch, String words) {
    return new MachineSpec(
        s.kernel(),
        s.accelerator(),
        bus,
        s.memoryBytes(),
        s.processors(),
        s.disks(),
        scratch.isEmpty() ? Optional.empty() : Optional.of(temp.resolve(scratch)),
        List.of(),
        words,
        s.directory());
  }

  @Test
  void itDependsOnNeitherTheDisksNorTheSocketsOfOneSandbox() throws Exception {
    assertEquals(
        TemplateKey.of(spec(Accelerator.TCG, 512, 2, 2)),
        TemplateKey.of(spec(Accelerator.TCG, 512, 2, 5)));
    assertEquals(
        TemplateKey.of(spec(Accelerator.TCG, 512, 2, 6)),
        TemplateKey.of(spec(Accelerator.TCG, 512, 2, 20)));
    MachineSpec padded =
        TemplateKey.padded(spec(Accelerator.TCG, 512, 2, 3), temp.resolve("empty"));
    assertEquals(5, padded.disks().size());
    assertEquals(temp.resolve("layer3"), padded.disks().get(2));
    assertEquals(temp.resolve("empty"), padded.disks().get(3));
  }

  @Test
  void itDependsOnAllThatTheMemoryOfAGuestDoes() throws Exception {
    String key = TemplateKey.of(spec(Accelerator.TCG, 512, 2, 1));
    assertNotEquals(key, TemplateKey.of(spec(Accelerator.KVM, 512, 2, 1)));
    assertNotEquals(key, TemplateKey.of(spec(Accelerator.TCG, 256, 2, 1)));
    assertNotEquals(key, TemplateKey.of(spec(Accelerator.TCG, 512, 1, 1)));
    assertNotEquals(key, TemplateKey.of(spec(Accelerator.TCG, 512, 2, 2)));
    MachineSpec spec = spec(Accelerator.TCG, 512, 2, 1);
    assertNotEquals(key, TemplateKey.of(like(spec, MachineSpec.Bus.PCI, "", "")));
    assertNotEquals(key, TemplateKey.of(like(spec, MachineSpec.Bus.MMIO, "", "a=b")));
    String scratch = TemplateKey.of(like(spec, MachineSpec.Bus.MMIO, "one", ""));
    assertNotEquals(key, scratch);
    assertEquals(scratch, TemplateKey.of(like(spec, MachineSpec.Bus.MMIO, "two", "")));
    Files.writeString(temp.resolve("vmlinux.sha256"), "two\n");
    String other = TemplateKey.of(spec(Accelerator.TCG, 512, 2, 1));
    assertNotEquals(key, other);
    Files.writeString(kernel.initramfs(), "another agent");
    assertNotEquals(other, TemplateKey.of(spec(Accelerator.TCG, 512, 2, 1)));
  }
}
