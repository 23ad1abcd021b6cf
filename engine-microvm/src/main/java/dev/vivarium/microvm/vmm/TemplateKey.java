package dev.vivarium.microvm.vmm;

import dev.vivarium.microvm.kernel.KernelDigest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;

/** All that a template depends on, as the name of its directory. */
final class TemplateKey {
  /** How many disks templates have: unused ones are empty, so that few templates fit all images. */
  private static final List<Integer> DISKS = List.of(1, 5, 20);

  private TemplateKey() {}

  /** How many disks the template for so many has. */
  static int disks(int wanted) {
    return DISKS.stream().filter(some -> some >= wanted).findFirst().orElse(wanted);
  }

  /** The machine with as many disks as its template has. */
  static MachineSpec padded(MachineSpec spec, Path empty) {
    List<Path> disks = new ArrayList<>(spec.disks());
    disks.addAll(Collections.nCopies(disks(disks.size()) - disks.size(), empty));
    return spec.with(disks, spec.scratch());
  }

  /**
   * The kernel's and the initramfs's digests, the build of QEMU, the host's processor, and every
   * word of the command line (kernel arguments, memory, processors, devices) but for the files
   * behind the disks and the sockets.
   */
  static String of(MachineSpec spec) throws IOException {
    Path nowhere = Path.of("/");
    List<String> parts = new ArrayList<>();
    parts.add("5");
    parts.add(Qemu.identity());
    parts.add(KernelDigest.key(spec.kernel()));
    parts.add(
        Files.readString(Path.of("/proc/cpuinfo"))
            .lines()
            .filter(line -> line.startsWith("model name") || line.startsWith("flags"))
            .limit(2)
            .toList()
            .toString());
    MachineSpec bare =
        spec.with(
            Collections.nCopies(disks(spec.disks().size()), nowhere),
            spec.scratch().map(file -> nowhere));
    parts.addAll(
        QemuCommand.of(
            bare,
            QemuCommand.Memory.OWN,
            new QemuCommand.Sockets(nowhere, nowhere, nowhere, nowhere)));
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String part : parts) {
        digest.update(part.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
      }
      return HexFormat.of().formatHex(digest.digest()).substring(0, 32);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
