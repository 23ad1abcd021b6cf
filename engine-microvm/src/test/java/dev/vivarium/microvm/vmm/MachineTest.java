package dev.vivarium.microvm.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.microvm.kernel.GuestKernel;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class MachineTest {
  private static ConsoleTail tail(InputStream in) throws InterruptedException {
    ConsoleTail tail = new ConsoleTail(in, "test", () -> {});
    tail.finish();
    return tail;
  }

  private static InputStream text(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aPanicIsFoundAndCannotWriteToTheTerminal() throws Exception {
    ConsoleTail tail =
        tail(text("boot\n[ 1.0] Kernel panic - not syncing: bad\u001b[31m thing\nCPU: 0\n"));
    assertEquals("the guest's kernel panicked: bad?[31m thing", tail.verdict());
  }

  @Test
  void aGuestThatPrintsForEverIsBounded() throws Exception {
    InputStream much = text("x".repeat(1 << 20));
    ConsoleTail tail = tail(new SequenceInputStream(much, text("\nvivarium-agent: no disk\n")));
    assertEquals("the agent in the guest: no disk", tail.verdict());
    assertTrue(tail(text("y".repeat(1 << 20))).lastLine().length() <= 300);
  }

  @Test
  void theFrequencyIsTakenOnlyWhereTheCounterIsConstant() {
    String cpu = "processor\t: 0\ncpu MHz\t\t: 2596.122\nflags\t\t: fpu %s sse\n";
    assertEquals(
        OptionalLong.of(2_596_122),
        TscFrequency.parse(cpu.formatted("tsc constant_tsc nonstop_tsc")));
    assertEquals(OptionalLong.empty(), TscFrequency.parse(cpu.formatted("tsc")));
    assertEquals(OptionalLong.empty(), TscFrequency.parse("model name : none\n"));
  }

  @Test
  void ticksAreBelievedOnlyOfTheDistributionsKernel() {
    assertFalse(new GuestKernel("k", Path.of("/s/linux-1/vmlinux"), Path.of("/i")).isGiven());
    assertTrue(new GuestKernel("k", Path.of("/s/given/k-1/vmlinux"), Path.of("/i")).isGiven());
    assertTrue(new GuestKernel("k", Path.of("/k"), Path.of("/i")).isGiven());
  }

  @Test
  void noCloneMakesHolesInTheMemoryOfItsTemplate() {
    MachineSpec spec =
        new MachineSpec(
            new GuestKernel("k", Path.of("/k"), Path.of("/i")),
            Accelerator.TCG,
            MachineSpec.Bus.MMIO,
            512 << 20,
            2,
            List.of(),
            Optional.empty(),
            List.of(),
            "",
            Path.of("/run"));
    QemuCommand.Sockets sockets = QemuCommand.Sockets.in(Path.of("/run"));
    String reporting = "virtio-balloon-device,free-page-reporting=";
    assertTrue(QemuCommand.of(spec, QemuCommand.Memory.OWN, sockets).contains(reporting + "on"));
    for (boolean clone : new boolean[] {false, true}) {
      QemuCommand.Memory file =
          new QemuCommand.Memory(Path.of("/t/memory"), !clone, clone ? Path.of("/t/state") : null);
      assertTrue(QemuCommand.of(spec, file, sockets).contains(reporting + "off"));
    }
  }

  @Test
  void aMachineWithDevicesOfOthersSharesItsMemoryWithThem() {
    MachineSpec spec =
        RestApiTest.spec(MachineSpec.Bus.MMIO, 1, Path.of("/run"))
            .with(List.of(new MachineSpec.Share("files0", Path.of("/run/a,b"))));
    List<String> words =
        QemuCommand.of(spec, QemuCommand.Memory.OWN, QemuCommand.Sockets.in(Path.of("/run")));
    assertTrue(words.contains("memory-backend-memfd,id=mem,share=on,size=512M"), words.toString());
    assertTrue(
        words.get(words.indexOf("-M") + 1).endsWith(",memory-backend=mem"), words.toString());
    assertTrue(words.contains("socket,id=files0,path=/run/a,,b"), words.toString());
    assertTrue(words.contains("vhost-user-fs-device,chardev=files0,tag=files0"), words.toString());
  }

  @Test
  void aCommaInAPathDoesNotEndItsValue() {
    GuestKernel kernel = new GuestKernel("k", Path.of("/k"), Path.of("/i"));
    List<String> words =
        QemuCommand.of(
            new MachineSpec(
                kernel,
                Accelerator.TCG,
                MachineSpec.Bus.MMIO,
                512 << 20,
                2,
                List.of(Path.of("/store/a,readonly=off")),
                Optional.of(Path.of("/scratch,x")),
                List.of(),
                "",
                Path.of("/run")),
            QemuCommand.Memory.OWN,
            new QemuCommand.Sockets(
                Path.of("/run/q"), Path.of("/run/s,id=x"), Path.of("/run/f"), Path.of("/run/n")));
    assertTrue(
        words.contains("if=none,id=layer0,format=raw,readonly=on,file=/store/a,,readonly=off"),
        words.toString());
    assertTrue(words.contains("socket,id=agent,path=/run/s,,id=x"), words.toString());
    assertTrue(words.contains("512M"), words.toString());
    assertTrue(
        words.stream()
            .anyMatch(w -> w.contains("id=scratch,format=raw,") && w.endsWith(",file=/scratch,,x")),
        words.toString());
  }

  @Test
  void aMonitorSeesOfTheHostOnlyTheFilesOfItsMachine() {
    MachineSpec spec =
        new MachineSpec(
            new GuestKernel("k", Path.of("/k"), Path.of("/i")),
            Accelerator.TCG,
            MachineSpec.Bus.MMIO,
            512 << 20,
            2,
            List.of(Path.of("/store/a"), Path.of("/t/empty"), Path.of("/t/empty")),
            Optional.of(Path.of("/scratch")),
            List.of(),
            "",
            Path.of("/run/box"));
    assertEquals(
        List.of("w/run/box", "r/k", "r/i", "r/store/a", "r/t/empty", "w/scratch"),
        Enclosure.rules(spec, QemuCommand.Memory.OWN));
    assertEquals(
        List.of("w/run/box", "s/t/state", "w/t/memory", "r/store/a", "r/t/empty", "w/scratch"),
        Enclosure.rules(
            spec, new QemuCommand.Memory(Path.of("/t/memory"), false, Path.of("/t/state"))));
    assertTrue(
        Enclosure.rules(spec, new QemuCommand.Memory(Path.of("/t/memory"), true, null))
            .contains("w/t"));
  }

  @Test
  void aBoardWithPciHasThePciDevicesAndItsKernelIsTold() {
    MachineSpec spec = RestApiTest.spec(MachineSpec.Bus.PCI, 1, Path.of("/run"));
    List<String> words =
        QemuCommand.of(spec, QemuCommand.Memory.OWN, QemuCommand.Sockets.in(Path.of("/run")));
    assertEquals("q35", words.get(words.indexOf("-M") + 1));
    assertTrue(words.contains("virtio-blk-pci,drive=layer1,serial=layer1"), words.toString());
    assertTrue(words.stream().noneMatch(w -> w.matches("virtio-.*-device.*")), words.toString());
    String line = words.get(words.indexOf("-append") + 1);
    assertTrue(line.endsWith(" vivarium.pci my.word=\"a b\""), line);
    assertTrue(QemuBoard.lists("none  empty machine\nmicrovm              microvm (i386)\n"), "it");
    assertTrue(!QemuBoard.lists("q35  Standard PC\npc  another microvm \n"), "not there");
  }
}
