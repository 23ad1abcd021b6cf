package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.engine.SandboxSpec.Machine;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.KernelArguments;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.Profiles;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The flags of {@code run} that say what a virtual machine is. */
final class MachineFlags {
  private static final long LEAST_DISK = 16L << 20;
  private static final long LARGEST_DISK = 1L << 40;

  private static final String MACHINE_DISK = "machine.disk";
  private static final Map<String, Field> FLAGS =
      Map.of(
          "--vmm",
          Field.VMM,
          "--kernel",
          Field.KERNEL,
          "--kernel-args",
          Field.KERNEL_ARGUMENTS,
          "--share",
          Field.SHARE,
          MACHINE_DISK,
          Field.DISK);

  private MachineFlags() {}

  static void declare(CommandSpec spec) {
    Command.option(
        spec,
        "VMM",
        "What runs a virtual machine: qemu, firecracker or cloud-hypervisor (default: qemu).",
        "--vmm");
    Command.option(
        spec,
        "FILE",
        "The kernel of a virtual machine: vmlinux, a bzImage, or a linux-image package (.deb).",
        "--kernel");
    Command.option(spec, "TEXT", "Add this to its kernel's command line.", "--kernel-args");
    Command.option(
        spec,
        "SIZE",
        "How much it may have written at a time, such as 2g; of a virtual machine, the size of a"
            + " disk for that.",
        "--disk");
    Command.option(
        spec,
        "HOW",
        "How host files come into a virtual machine: fuse, through its agent, or virtiofs, by devices"
            + " of its own, with which it must boot (default: fuse).",
        "--share");
  }

  /** What the flags say, and where they say nothing the profile. */
  static Machine read(
      ParseResult arguments, Optional<Profile> profile, Map<String, String> environment)
      throws CliException {
    Optional<String> vmm = text(arguments, profile, "--vmm");
    if (vmm.isPresent() && !Field.VMM.choices().contains(vmm.get())) {
      throw new CliException(
          CliException.USAGE,
          "run: --vmm: unknown: "
              + vmm.get()
              + "; there are qemu, firecracker and cloud-hypervisor");
    }
    Optional<String> kernel = text(arguments, profile, "--kernel");
    String words = text(arguments, profile, "--kernel-args").orElse("").strip();
    try {
      KernelArguments.check(words);
    } catch (IllegalArgumentException e) {
      throw new CliException(CliException.USAGE, "run: --kernel-args: " + e.getMessage(), e);
    }
    Optional<String> share = text(arguments, profile, "--share");
    if (share.isPresent() && !Field.SHARE.choices().contains(share.get())) {
      throw new CliException(
          CliException.USAGE,
          "run: --share: unknown: " + share.get() + "; there are fuse and virtiofs");
    }
    Optional<String> disk = profile.flatMap(p -> p.text(Field.DISK));
    Machine machine =
        new Machine(
            vmm,
            kernel.isPresent() ? Optional.of(kernel(kernel.get(), environment)) : kernel,
            words,
            0,
            share);
    return disk.isPresent() ? withDisk(machine, Values.size(MACHINE_DISK, disk.get())) : machine;
  }

  /** The same, and what it writes is on a disk of that size. */
  static Machine withDisk(Machine machine, long bytes) throws CliException {
    if (bytes < LEAST_DISK || bytes > LARGEST_DISK) {
      throw new CliException(
          CliException.USAGE,
          "run: --disk: of a virtual machine from 16m to 1024g: " + (bytes >> 20) + "m");
    }
    return new Machine(
        machine.vmm(), machine.kernel(), machine.kernelArguments(), bytes, machine.share());
  }

  private static String kernel(String file, Map<String, String> environment) throws CliException {
    try {
      Path path = Path.of(Profiles.expand(file, environment)).toAbsolutePath().normalize();
      if (Files.isRegularFile(path) && Files.isReadable(path)) {
        return path.toString();
      }
    } catch (InvalidPathException e) {
      // It is none.
    }
    throw new CliException(
        CliException.FAILED, "--kernel: there is no file that can be read: " + file);
  }

  private static Optional<String> text(
      ParseResult arguments, Optional<Profile> profile, String flag) {
    return Optional.ofNullable(arguments.matchedOptionValue(flag, (String) null))
        .or(() -> profile.flatMap(p -> p.text(FLAGS.get(flag))));
  }

  /** Fails where an engine has no machine of which something could be asked. */
  static void check(Machine machine, String engine) throws CliException {
    if (engine.equals("microvm") || machine.isUsual()) {
      return;
    }
    String flag =
        machine.vmm().isPresent()
            ? "--vmm"
            : machine.kernel().isPresent()
                ? "--kernel"
                : machine.diskBytes() > 0
                    ? MACHINE_DISK
                    : machine.share().isPresent() ? "--share" : "--kernel-args";
    throw new CliException(
        CliException.USAGE,
        "run: "
            + flag
            + " ("
            + FLAGS.get(flag).key()
            + " in a profile): the engine "
            + engine
            + " has no virtual machine; add --engine microvm");
  }
}
