package dev.vivarium.engine;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything that decides what a sandbox is. Written by the client as {@code spec.json}, read by
 * the sandbox's process; immutable.
 *
 * @param id 12 hex digits
 * @param name unique among the living
 * @param engine sentry, microvm or native
 * @param platform systrap, ptrace, kvm, or empty for the best that works
 * @param root the root file system
 * @param process the command
 * @param hostname what uname(2) says inside
 * @param mounts host directories and files to show inside
 * @param readOnlyRoot whether the root cannot be written
 * @param limits what it may use
 * @param timeout after which it is ended (exit code 124)
 * @param traceFile where every system call is written as a JSON line
 * @param network what of the network it may use
 * @param reportFile where the report of the run is written, besides being kept with the sandbox's
 *     state; an empty name to only keep it
 * @param calls system calls that are refused, or end the run
 * @param machine what is asked of a virtual machine
 * @param allowDegraded whether it may run where its own process cannot be confined in full
 * @param flags the findings of its report that matter; empty for all
 */
public record SandboxSpec(
    String id,
    String name,
    String engine,
    Optional<String> platform,
    Root root,
    ProcessSpec process,
    String hostname,
    List<Mount> mounts,
    boolean readOnlyRoot,
    Limits limits,
    Optional<Duration> timeout,
    Optional<String> traceFile,
    NetworkSpec network,
    Optional<String> reportFile,
    List<CallRule> calls,
    Machine machine,
    boolean allowDegraded,
    List<String> flags) {

  public SandboxSpec {
    flags = List.copyOf(flags);
    mounts = List.copyOf(mounts);
    calls = List.copyOf(calls);
  }

  /** One all of whose findings matter. */
  public SandboxSpec(
      String id,
      String name,
      String engine,
      Optional<String> platform,
      Root root,
      ProcessSpec process,
      String hostname,
      List<Mount> mounts,
      boolean readOnlyRoot,
      Limits limits,
      Optional<Duration> timeout,
      Optional<String> traceFile,
      NetworkSpec network,
      Optional<String> reportFile,
      List<CallRule> calls,
      Machine machine,
      boolean allowDegraded) {
    this(
        id,
        name,
        engine,
        platform,
        root,
        process,
        hostname,
        mounts,
        readOnlyRoot,
        limits,
        timeout,
        traceFile,
        network,
        reportFile,
        calls,
        machine,
        allowDegraded,
        List.of());
  }

  /** One whose virtual machine, if it has one, is the usual. */
  public SandboxSpec(
      String id,
      String name,
      String engine,
      Optional<String> platform,
      Root root,
      ProcessSpec process,
      String hostname,
      List<Mount> mounts,
      boolean readOnlyRoot,
      Limits limits,
      Optional<Duration> timeout,
      Optional<String> traceFile,
      NetworkSpec network,
      Optional<String> reportFile) {
    this(
        id,
        name,
        engine,
        platform,
        root,
        process,
        hostname,
        mounts,
        readOnlyRoot,
        limits,
        timeout,
        traceFile,
        network,
        reportFile,
        List.of(),
        Machine.USUAL,
        false);
  }

  /** One without a network but its own loopback. */
  public SandboxSpec(
      String id,
      String name,
      String engine,
      Optional<String> platform,
      Root root,
      ProcessSpec process,
      String hostname,
      List<Mount> mounts,
      boolean readOnlyRoot,
      Limits limits,
      Optional<Duration> timeout,
      Optional<String> traceFile) {
    this(
        id,
        name,
        engine,
        platform,
        root,
        process,
        hostname,
        mounts,
        readOnlyRoot,
        limits,
        timeout,
        traceFile,
        NetworkSpec.NONE,
        Optional.empty());
  }

  /** The root file system. */
  public sealed interface Root {
    /** What a person calls it: the image as they wrote it, {@code host}, or the tree's path. */
    String label();

    /**
     * An image of the store.
     *
     * @param reference as the user wrote it
     * @param layers paths of the EROFS layer files, lowest first
     */
    record Image(String reference, List<String> layers) implements Root {
      public Image {
        layers = List.copyOf(layers);
      }

      @Override
      public String label() {
        return reference;
      }
    }

    /**
     * This machine's own root, read-only, with private /tmp, /home, /root and /run, and without
     * secrets.
     */
    record Host() implements Root {
      @Override
      public String label() {
        return "host";
      }
    }

    /**
     * An unpacked file tree of the host that another program prepared, as OCI bundles have one.
     *
     * @param path absolute
     * @param mounts everything that is mounted in it, in order
     * @param masked paths inside that show nothing
     * @param readOnly paths inside that cannot be written
     * @param sysctls values of /proc/sys by name, with dots (sysctl(8))
     */
    record Directory(
        String path,
        List<DirectoryMount> mounts,
        List<String> masked,
        List<String> readOnly,
        Map<String, String> sysctls)
        implements Root {
      public Directory {
        sysctls = Map.copyOf(sysctls);
        mounts = List.copyOf(mounts);
        masked = List.copyOf(masked);
        readOnly = List.copyOf(readOnly);
      }

      @Override
      public String label() {
        return path;
      }
    }
  }

  /**
   * A mount of a {@link Root.Directory}.
   *
   * @param type a file system's name, or {@code bind}
   * @param source absolute path on the host of a {@code bind}; otherwise only shown
   * @param target absolute path inside
   * @param options as mount(8) has them
   */
  public record DirectoryMount(String type, String source, String target, List<String> options) {
    public DirectoryMount {
      options = List.copyOf(options);
    }

    /** Whether what is mounted comes from the host. */
    public boolean isBind() {
      return type.equals("bind");
    }

    /** Whether it may be written to. */
    public boolean isWritable() {
      return !options.contains("ro");
    }
  }

  /**
   * The command to run.
   *
   * @param arguments argv, the program first
   * @param environment in order
   * @param workingDirectory absolute, inside
   * @param user as the image or the user gives it: UID, UID:GID, NAME, NAME:GROUP; empty for root
   * @param terminal whether it gets a terminal
   * @param stdin whether standard input is connected; otherwise it reads the end of file at once
   * @param privileges exactly what it may do; empty for what a container's process commonly may
   */
  public record ProcessSpec(
      List<String> arguments,
      Map<String, String> environment,
      String workingDirectory,
      String user,
      boolean terminal,
      boolean stdin,
      Optional<Privileges> privileges) {
    /** One with the common privileges. */
    public ProcessSpec(
        List<String> arguments,
        Map<String, String> environment,
        String workingDirectory,
        String user,
        boolean terminal,
        boolean stdin) {
      this(arguments, environment, workingDirectory, user, terminal, stdin, Optional.empty());
    }

    public ProcessSpec {
      arguments = List.copyOf(arguments);
      environment =
          java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(environment));
    }
  }

  /**
   * Exactly what a process may do, for those who say it themselves (OCI's {@code process}).
   *
   * @param groups supplementary
   * @param umask of the process
   * @param capabilities the five sets
   * @param noNewPrivileges whether execve grants nothing
   * @param limits of resources
   * @param oomScoreAdjust from -1000 to 1000: whether it is the first to go when memory is short
   * @param descriptors how many descriptors from 3 on of the sandbox's process it inherits
   */
  public record Privileges(
      List<Integer> groups,
      int umask,
      Capabilities capabilities,
      boolean noNewPrivileges,
      List<Rlimit> limits,
      int oomScoreAdjust,
      int descriptors) {
    public Privileges {
      groups = List.copyOf(groups);
      limits = List.copyOf(limits);
    }
  }

  /** Sets of capabilities, as bits. */
  public record Capabilities(
      long bounding, long effective, long inheritable, long permitted, long ambient) {}

  /**
   * A limit of a resource.
   *
   * @param resource RLIMIT_* of Linux's x86 interface
   * @param soft -1 for none
   */
  public record Rlimit(int resource, long soft, long hard) {}

  /**
   * A host path shown inside.
   *
   * @param source absolute host path
   * @param target absolute path inside
   */
  public record Mount(String source, String target, boolean writable) {}

  /**
   * What a sandbox may use; 0 means no limit of its own.
   *
   * @param memoryBytes guest memory, page cache and temporary files together
   * @param cpus processors the guest sees and may use; may be a fraction
   * @param pids tasks at once
   * @param files descriptors that a process may have open
   * @param diskBytes of files that it may have written; of virtual machines see {@link Machine}
   */
  public record Limits(long memoryBytes, double cpus, int pids, int files, long diskBytes) {
    /** With as many open files as is common. */
    public Limits(long memoryBytes, double cpus, int pids) {
      this(memoryBytes, cpus, pids, 0, 0);
    }

    /** With as much written as fits. */
    public Limits(long memoryBytes, double cpus, int pids, int files) {
      this(memoryBytes, cpus, pids, files, 0);
    }
  }

  /**
   * A system call that is refused.
   *
   * @param number of Linux on x86-64
   * @param name of the call
   * @param errno what the guest gets; 0 if the run ends
   */
  public record CallRule(int number, String name, int errno) {
    /** Whether the first such call is the end of the sandbox. */
    public boolean endsRun() {
      return errno == 0;
    }
  }

  /**
   * What is asked of a virtual machine; of other engines, nothing can be.
   *
   * @param vmm qemu, firecracker or cloud-hypervisor; empty for qemu
   * @param kernel absolute path of the guest's kernel: an ELF file, a bzImage or a Debian package;
   *     empty for the distribution's
   * @param kernelArguments what its command line has at its end; may be empty
   * @param diskBytes size of the disk that holds what is written to the root; 0 for none: that is
   *     in the guest's memory
   * @param share how files of the host come in: fuse, through a channel, or virtiofs, by a device
   *     of the machine's; empty for fuse
   */
  public record Machine(
      Optional<String> vmm,
      Optional<String> kernel,
      String kernelArguments,
      long diskBytes,
      Optional<String> share) {
    /** Nothing in particular. */
    public static final Machine USUAL =
        new Machine(Optional.empty(), Optional.empty(), "", 0, Optional.empty());

    /** Whether it is that. Not by equals, which a start would wait for (decision 0041). */
    public boolean isUsual() {
      return vmm.isEmpty()
          && kernel.isEmpty()
          && kernelArguments.isEmpty()
          && diskBytes == 0
          && share.isEmpty();
    }
  }
}
