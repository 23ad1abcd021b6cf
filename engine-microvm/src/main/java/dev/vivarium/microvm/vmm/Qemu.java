package dev.vivarium.microvm.vmm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * QEMU's {@code microvm} machine: virtio-mmio, a serial console, and nothing else; {@code q35}
 * where there is none.
 */
public final class Qemu implements Vmm {
  /**
   * The machine has 24 virtio-mmio slots; the channel, the balloon, the generator and a scratch
   * disk take four.
   */
  private static final int MAX_DISKS = 20;

  private final Path state;

  /**
   * Makes one.
   *
   * @param state directory where what was found out about it is kept
   */
  public Qemu(Path state) {
    this.state = state;
  }

  @Override
  public String name() {
    return "qemu";
  }

  @Override
  public boolean needsKvm() {
    return false;
  }

  @Override
  public MachineSpec.Bus bus() {
    try {
      return QemuBoard.bus(state);
    } catch (IOException e) {
      // Starting it will tell what is wrong.
      return MachineSpec.Bus.MMIO;
    }
  }

  @Override
  public int maxDisks() {
    return MAX_DISKS;
  }

  /** Whether the program is on the path. */
  public static boolean isInstalled() {
    return program() != null;
  }

  private static @Nullable Path program() {
    return Programs.find(QemuCommand.PROGRAM);
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
    return QemuMachine.start(spec, QemuCommand.Memory.OWN, spec.directory());
  }

  @Override
  public void requireInstalled() throws VmmException {
    if (!isInstalled()) {
      throw new VmmException(
          QemuCommand.PROGRAM + " is not installed; sudo apt-get install qemu-system-x86");
    }
  }
}
