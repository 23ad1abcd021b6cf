package dev.vivarium.microvm.vmm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Which board QEMU gives a machine: {@code microvm}, which starts fastest, or {@code q35} where a
 * build of QEMU was made without it. Asked once per build.
 */
final class QemuBoard {
  private static final int MAX_ANSWER = 1 << 18;

  private QemuBoard() {}

  /** The bus of it; {@code VIVARIUM_QEMU_MACHINE=q35} asks for that one. */
  static MachineSpec.Bus bus(Path state) throws IOException {
    if ("q35".equals(System.getenv("VIVARIUM_QEMU_MACHINE"))) {
      return MachineSpec.Bus.PCI;
    }
    String build = Qemu.identity();
    Path kept = state.resolve("qemu-machine");
    if (Files.exists(kept)) {
      String[] lines = Files.readString(kept).split("\n");
      if (lines.length == 2 && lines[0].equals(build)) {
        return lines[1].equals("q35") ? MachineSpec.Bus.PCI : MachineSpec.Bus.MMIO;
      }
    }
    boolean microvm = lists(help());
    Files.createDirectories(state);
    Path part = Files.createTempFile(state, "qemu-machine", ".part");
    Files.writeString(part, build + "\n" + (microvm ? "microvm" : "q35") + "\n");
    Files.move(part, kept, StandardCopyOption.ATOMIC_MOVE);
    return microvm ? MachineSpec.Bus.MMIO : MachineSpec.Bus.PCI;
  }

  /** Whether what {@code -M help} prints has the {@code microvm} machine. */
  static boolean lists(String help) {
    return help.lines().anyMatch(line -> line.startsWith("microvm "));
  }

  private static String help() throws IOException {
    Process process =
        new ProcessBuilder(QemuCommand.PROGRAM, "-M", "help")
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (InputStream in = process.getInputStream()) {
      return new String(in.readNBytes(MAX_ANSWER), StandardCharsets.UTF_8);
    } finally {
      process.destroy();
    }
  }
}
