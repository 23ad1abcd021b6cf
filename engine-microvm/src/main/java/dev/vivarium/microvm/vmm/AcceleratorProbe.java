package dev.vivarium.microvm.vmm;

import dev.vivarium.microvm.agent.AgentConnection;
import dev.vivarium.microvm.kernel.GuestKernel;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds out whether KVM can be used: there are hosts where /dev/kvm opens, a few instructions run,
 * and an ordinary guest hangs. So a guest is started for real, with a time limit, once per boot of
 * the host and kernel of the guest.
 */
public final class AcceleratorProbe {
  private static final Path DEVICE = Path.of("/dev/kvm");
  private static final long MEMORY = 128 << 20;

  /** A guest's agent answers within a second where KVM works, also on a busy host. */
  private static final Duration PATIENCE = Duration.ofSeconds(6);

  /**
   * What was found.
   *
   * @param reason why, in a few words for the user
   */
  public record Result(Accelerator accelerator, String reason) {}

  private final Vmm vmm;
  private final Path state;

  /**
   * @param state directory where the result is kept
   */
  public AcceleratorProbe(Vmm vmm, Path state) {
    this.vmm = vmm;
    this.state = state;
  }

  /** Whether such a guest has started since the host did. */
  public boolean hasStartedGuest() throws IOException {
    Path kept = state.resolve("kvm-probe-" + vmm.name());
    return Files.exists(kept)
        && Files.readString(kept).startsWith(bootId() + " ")
        && Files.readString(kept).endsWith("\nworks\n");
  }

  private static String bootId() throws IOException {
    return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
  }

  /** The result, from an earlier time if there was one since the host started. */
  public Result run(GuestKernel kernel) throws IOException, InterruptedException {
    if (!Files.exists(DEVICE)) {
      return new Result(Accelerator.TCG, "this machine has no /dev/kvm");
    }
    try {
      FileChannel.open(DEVICE, StandardOpenOption.READ, StandardOpenOption.WRITE).close();
    } catch (IOException e) {
      return new Result(
          Accelerator.TCG, "/dev/kvm cannot be opened; sudo adduser $USER kvm, and log in again");
    }
    String key = bootId() + " " + kernel.name();
    Path kept = state.resolve("kvm-probe-" + vmm.name());
    if (Files.exists(kept)) {
      String[] lines = Files.readString(kept).split("\n");
      if (lines.length == 2 && lines[0].equals(key)) {
        return result(lines[1].equals("works"));
      }
    }
    boolean works = tryBoot(kernel);
    Files.createDirectories(state);
    Path part = Files.createTempFile(state, "kvm-probe", ".part");
    Files.writeString(part, key + "\n" + (works ? "works" : "hangs") + "\n");
    Files.move(part, kept, StandardCopyOption.ATOMIC_MOVE);
    return result(works);
  }

  private static Result result(boolean works) {
    return works
        ? new Result(Accelerator.KVM, "a test guest started under KVM")
        : new Result(
            Accelerator.TCG, "/dev/kvm opens, but a test guest did not start under it in time");
  }

  private boolean tryBoot(GuestKernel kernel) throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("vivarium-kvm-");
    MachineSpec spec =
        new MachineSpec(
            kernel,
            Accelerator.KVM,
            vmm.bus(),
            MEMORY,
            1,
            List.of(),
            Optional.empty(),
            List.of(),
            "",
            directory);
    try (Machine machine = vmm.start(spec);
        AgentConnection agent = AgentConnection.open(machine.openAgentPort(PATIENCE))) {
      agent.awaitWelcome(PATIENCE);
      return true;
    } catch (VmmException | IOException e) {
      return false;
    } finally {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.deleteIfExists(file);
        }
      }
      Files.deleteIfExists(directory);
    }
  }
}
