package dev.vivarium.microvm.vmm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** QEMU's {@code microvm} machine: virtio-mmio, a serial console, and nothing else. */
public final class Qemu implements Vmm {
  /**
   * The machine has 24 virtio-mmio slots; the channel, the balloon and the generator take three.
   */
  private static final int MAX_DISKS = 20;

  @Override
  public String name() {
    return "qemu";
  }

  @Override
  public int maxDisks() {
    return MAX_DISKS;
  }

  /** Whether the program is on the path. */
  public static boolean isInstalled() {
    return program() != null;
  }

  private static @org.jspecify.annotations.Nullable Path program() {
    String path = System.getenv("PATH");
    for (String directory : (path == null ? "/usr/bin:/bin" : path).split(":")) {
      Path program = Path.of(directory, QemuCommand.PROGRAM);
      if (!directory.isEmpty() && Files.isExecutable(program)) {
        return program;
      }
    }
    return null;
  }

  /** What tells this build of QEMU from another: a template of one does not fit the other. */
  static String identity() throws IOException {
    Path program = program();
    if (program == null) {
      return "";
    }
    Path real = program.toRealPath();
    return real + " " + Files.size(real) + " " + Files.getLastModifiedTime(real);
  }

  @Override
  public Machine start(MachineSpec spec) throws VmmException, InterruptedException {
    requireInstalled();
    QemuMachine machine = QemuMachine.start(spec, QemuCommand.Memory.OWN, spec.directory());
    try {
      return machine.connectAgent();
    } catch (IOException e) {
      machine.close();
      throw new VmmException("cannot reach the virtual machine: " + e.getMessage(), e);
    }
  }

  static void requireInstalled() throws VmmException {
    if (!isInstalled()) {
      throw new VmmException(
          QemuCommand.PROGRAM + " is not installed; sudo apt-get install qemu-system-x86");
    }
  }
}
