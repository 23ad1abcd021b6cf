package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.GuestText;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.host.HostMemory;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.host.Walls;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Limits;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.memory.BlobSegments;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.syscalls.SyscallTable;
import dev.vivarium.sentry.syscalls.SyscallTables;
import dev.vivarium.sentry.trace.SentryInstrument;
import dev.vivarium.sentry.tty.Terminal;
import dev.vivarium.sentry.vfs.overlay.OverlayChanges;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What one sandbox holds of the host: memory, layer files, stub processes; and the kernel over
 * them.
 */
final class SandboxResources implements AutoCloseable {
  private static final int FAILED = SentrySandbox.FAILED;
  private static final int O_RDONLY = 0;

  private final int memoryFd;
  private final List<MemorySegment> blobs = new ArrayList<>();
  private final Platform platform;
  private final Kernel kernel;
  private final SyscallTable table = SyscallTables.linux();
  private final SandboxGofers gofers;
  private final @Nullable SandboxNetwork network;
  private final SentryInstrument instrument;
  private final Watchdog watchdog;
  private final boolean allowDegraded;
  private long hostMemory;
  private @Nullable Terminal terminal;
  private @Nullable OverlayChanges changes;

  private SandboxResources(SandboxSpec spec, SandboxHost host, @Nullable HostSide prepared)
      throws EngineException {
    allowDegraded = spec.allowDegraded();
    HostSide side = side(spec, prepared);
    memoryFd = side.memoryFd();
    MemorySegment memory = side.memory();
    platform = side.platform();
    side.notes().forEach(host::log);
    SandboxGofers started = null;
    try {
      started = SandboxGofers.start(spec, host);
      network = SandboxNetwork.start(spec, host);
    } catch (EngineException e) {
      if (started != null) {
        started.close();
      }
      platform.close();
      throw e;
    }
    gofers = started;
    MemoryFile file =
        new MemoryFile(memory, (offset, length) -> HostMemory.punchHole(memory, offset, length));
    file.setBacking((offset, length) -> HostMemory.backedBytes(memoryFd, offset, length));
    CallRefusals.apply(spec, host, table);
    kernel = new Kernel(platform, file, table);
    if (!"off".equals(System.getenv("VIVARIUM_PATCHING"))) {
      kernel.callDirectly(!CallRefusals.needEveryCall(spec));
    }
    gofers.setMemory(file);
    kernel.setBlobs(blobs());
    kernel.setLog(host::log);
    kernel.uts().nodename = GuestText.of(spec.hostname());
    kernel.setLimits(
        new Limits(
            spec.limits().memoryBytes(),
            spec.limits().cpus(),
            spec.limits().pids(),
            () -> HostMemory.usedBytes(memoryFd)));
    instrument = new SentryInstrument(kernel, table);
    host.watch().ifPresent(watch -> watch.attach(instrument));
    new MemoryWatch(kernel, memoryFd, spec.limits().memoryBytes(), hostMemory()).start();
    watchdog = new Watchdog(kernel, platform, network, host);
    watchdog.watch("what runs the guests", platform.processDescriptor());
    gofers.watch(watchdog);
    if (network != null) {
      network.watch(watchdog);
    }
    watchdog.start();
  }

  static SandboxResources open(SandboxSpec spec, SandboxHost host, @Nullable HostSide prepared)
      throws EngineException {
    return new SandboxResources(spec, host, prepared);
  }

  /** The stubs get the layers when their world is made: what was prepared has none. */
  private HostSide side(SandboxSpec spec, @Nullable HostSide prepared) throws EngineException {
    int[] blobFds = openBlobs(spec);
    try {
      if (prepared != null) {
        boolean fits = spec.platform().map(prepared.platform().name()::equals).orElse(true);
        if (blobFds.length == 0 && fits) {
          return prepared;
        }
        prepared.close();
      }
      return HostSide.open(spec.platform(), blobFds);
    } finally {
      for (int fd : blobFds) {
        Libc.close(fd);
      }
    }
  }

  private int[] openBlobs(SandboxSpec spec) throws EngineException {
    if (!(spec.root() instanceof SandboxSpec.Root.Image image)) {
      return new int[0];
    }
    int[] fds = new int[image.layers().size()];
    for (int i = 0; i < fds.length; i++) {
      String layer = image.layers().get(i);
      int fd = Libc.open(layer, O_RDONLY);
      if (fd < 0) {
        throw new EngineException(
            FAILED,
            "cannot open a layer of "
                + image.reference()
                + ": "
                + layer
                + ": "
                + Errno.name(-fd)
                + "; pull it again");
      }
      fds[i] = fd;
      blobs.add(HostMemory.mapReadOnly(fd, Path.of(layer).toFile().length()));
    }
    return fds;
  }

  Platform platform() {
    return platform;
  }

  Kernel kernel() {
    return kernel;
  }

  /** What the user should hear of a run that is over; for after the kernel's end. */
  String remark() {
    boolean failed = kernel.exitStatus() != 0;
    String missed = table.missed(failed);
    String refused = failed && network != null ? network.remark() : "";
    if (!refused.isEmpty()) {
      missed = missed.isEmpty() ? refused : refused + "; " + missed;
    }
    if (kernel.oomKills == 0) {
      return missed;
    }
    String killed =
        (kernel.oomKills == 1 ? "a process was" : kernel.oomKills + " processes were")
            + " killed for using more memory than "
            + (kernel.limits().memoryBytes() > 0
                ? "--memory allows (" + (kernel.limits().memoryBytes() >> 20) + " MiB)"
                : "this machine can give");
    return missed.isEmpty() ? killed : killed + "; " + missed;
  }

  /**
   * Confines this process, if it is the sandbox's own, to what it needs once the guest runs.
   *
   * @return for people: what is missing; empty if nothing is
   */
  String confine(SandboxHost host) throws EngineException {
    try {
      Optional<SandboxHost.OwnFiles> files = host.ownFiles();
      if (files.isEmpty()) {
        return "";
      }
      watchdog.ownThisProcess();
      Walls walls = new Walls();
      walls.own(files.get());
      if (network != null) {
        walls.network();
        network.meetingPlace().ifPresent(walls::removeFiles);
      }
      if (gofers.hasMounts()) {
        walls.mounts();
      }
      return walls.putUp(host, allowDegraded);
    } catch (IOException e) {
      throw new EngineException(
          FAILED, "the sandbox's own files cannot be made: " + e.getMessage(), e);
    }
  }

  /** The image's layers, as the sentry has them mapped. */
  BlobSegments blobs() {
    return space -> blobs.get(space - 1);
  }

  /** The processes that open host files for this sandbox. */
  SandboxGofers gofers() {
    return gofers;
  }

  /** What its host name stands for inside: where others can reach it, if there are others. */
  String ownAddress() {
    return network == null ? "127.0.0.1" : network.ownAddress();
  }

  /** What leads outside; null if nothing does. */
  @Nullable SandboxNetwork network() {
    return network;
  }

  /** Bytes of memory that this machine has. */
  long hostMemory() {
    if (hostMemory == 0) {
      hostMemory = readHostMemory();
    }
    return hostMemory;
  }

  private static long readHostMemory() {
    // Not by the management bean: its classes cost a start 20 ms.
    try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
      String total =
          lines.filter(l -> l.startsWith("MemTotal:")).findFirst().orElse("MemTotal: 1048576 kB");
      return Long.parseLong(total.replaceAll("[^0-9]", "")) << 10;
    } catch (IOException e) {
      return 1L << 30;
    }
  }

  void setTerminal(@Nullable Terminal terminal) {
    this.terminal = terminal;
  }

  void setChanges(OverlayChanges changes) {
    this.changes = changes;
  }

  /** What the guest changes in the root; null before there is one. On the kernel thread. */
  @Nullable OverlayChanges changes() {
    return changes;
  }

  /** The sandbox's terminal becomes that of the first process's session. */
  void giveTerminalTo(ThreadGroup init) {
    Terminal t = terminal;
    if (t != null) {
      t.becomeControlling(init);
    }
  }

  /** On the kernel thread. */
  void resizeTerminal(int rows, int columns) {
    Terminal t = terminal;
    if (t != null) {
      t.resize(rows, columns);
    }
  }

  /** The kernel's loop is over: its figures will not change any more. */
  void keepStatistics() {
    instrument.end();
  }

  /** Ends the host's processes of this sandbox but this one, whatever they are doing. */
  void killHelpers() {
    watchdog.killAll();
  }

  /** Ends all stubs and gives everything back. */
  @Override
  public void close() {
    watchdog.close();
    platform.close();
    gofers.close();
    if (network != null) {
      network.close();
    }
    Libc.close(memoryFd);
  }
}
