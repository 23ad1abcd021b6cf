package dev.vivarium.microvm;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.microvm.agent.AgentConnection;
import dev.vivarium.microvm.agent.FilesConnection;
import dev.vivarium.microvm.agent.GuestProcess;
import dev.vivarium.microvm.files.FileServer;
import dev.vivarium.microvm.host.ShimWalls;
import dev.vivarium.microvm.kernel.GuestKernel;
import dev.vivarium.microvm.kernel.KernelDigest;
import dev.vivarium.microvm.kernel.KernelException;
import dev.vivarium.microvm.kernel.KernelStore;
import dev.vivarium.microvm.network.GuestNetwork;
import dev.vivarium.microvm.vhost.FileDevices;
import dev.vivarium.microvm.vmm.Accelerator;
import dev.vivarium.microvm.vmm.AcceleratorProbe;
import dev.vivarium.microvm.vmm.Machine;
import dev.vivarium.microvm.vmm.MachineSpec;
import dev.vivarium.microvm.vmm.QemuTemplates;
import dev.vivarium.microvm.vmm.Vmm;
import dev.vivarium.microvm.vmm.VmmException;
import dev.vivarium.microvm.vmm.Vmms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** From a specification to a command that runs in a virtual machine. */
final class MicrovmStart {
  private static final int FAILED = 125;

  private static final long DEFAULT_MEMORY = 512L << 20;
  private static final long LEAST_MEMORY = 96L << 20;
  private static final int MOST_PROCESSORS = 4;

  /** An emulated guest on a busy machine takes this long at most; a good one takes a second. */
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  /** A monitor ends a little after the connections to its guest. */
  private static final int VERDICT_MILLIS = 3000;

  private final SandboxSpec spec;
  private final SandboxHost host;
  private final Path kernels;
  private final Vmm vmm;

  /** When the machine was begun. */
  private long began;

  MicrovmStart(SandboxSpec spec, SandboxHost host, Path kernels) {
    this.spec = spec;
    this.host = host;
    this.kernels = kernels;
    this.vmm = Vmms.of(spec.machine().vmm().orElse("qemu"), kernels);
  }

  MicrovmSandbox start() throws EngineException {
    List<Path> layers = checked();
    @Nullable GuestNetwork network = null;
    try {
      vmm.requireInstalled();
      // Before all that takes long: a port that is taken is known at once.
      network = network();
      MicrovmSandbox sandbox = start(layers, network);
      network = null;
      return sandbox;
    } catch (KernelException | VmmException e) {
      throw new EngineException(FAILED, e.getMessage(), e);
    } catch (IOException e) {
      throw new EngineException(FAILED, "the virtual machine: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(FAILED, "interrupted while the sandbox started", e);
    } finally {
      if (network != null) {
        network.close();
      }
    }
  }

  private @Nullable GuestNetwork network() throws EngineException {
    try {
      return GuestNetwork.start(spec, host);
    } catch (IOException e) {
      throw new EngineException(FAILED, String.valueOf(e.getMessage()), e);
    }
  }

  private MicrovmSandbox start(List<Path> layers, @Nullable GuestNetwork network)
      throws EngineException, KernelException, VmmException, IOException, InterruptedException {
    KernelStore store = new KernelStore(kernels);
    GuestKernel kernel =
        spec.machine().kernel().isPresent()
            ? store.given(Path.of(spec.machine().kernel().get()))
            : store.get(host::log);
    AcceleratorProbe.Result found = new AcceleratorProbe(vmm, kernels).run(kernel);
    host.log(
        "kernel %s, %s, %s (%s)"
            .formatted(kernel.name(), vmm.name(), found.accelerator(), found.reason()));
    if (found.accelerator() != Accelerator.KVM && vmm.needsKvm()) {
      throw new VmmException(
          vmm.name() + " needs KVM: " + found.reason() + "; use --vmm qemu, which can do without");
    }
    began = System.nanoTime();
    Optional<Path> scratch =
        spec.machine().diskBytes() > 0
            ? Optional.of(
                new ScratchDisk(kernels.resolveSibling("scratch"))
                    .make(spec.id(), spec.machine().diskBytes()))
            : Optional.empty();
    try {
      return start(
          new MachineSpec(
              kernel,
              found.accelerator(),
              vmm.bus(),
              memory(),
              processors(),
              layers,
              scratch,
              List.of(),
              spec.machine().kernelArguments(),
              host.runDirectory()),
          network);
    } finally {
      // The monitor has it open, or there is none: nothing of it is left, whatever happens now.
      if (scratch.isPresent()) {
        Files.deleteIfExists(scratch.get());
      }
    }
  }

  private MicrovmSandbox start(MachineSpec wanted, @Nullable GuestNetwork network)
      throws EngineException, VmmException, IOException, InterruptedException {
    FileServer files = new FileServer(AgentConnection.MAX_FILE_REQUESTS);
    try {
      MachineSpec made = wanted;
      if (sharesByDevice()) {
        addMounts(files);
        made = wanted.with(FileDevices.open(files, host.runDirectory(), host::log));
      }
      Optional<Machine> clone = clone(made);
      if (clone.isEmpty()) {
        requireWhole(made.kernel(), false);
      }
      return launch(
          clone.isPresent() ? clone.get() : vmm.start(made),
          made,
          files,
          network,
          vmm.name() + " " + made.accelerator().name().toLowerCase(Locale.ROOT),
          clone.isEmpty() && usesTemplates(made));
    } catch (EngineException | VmmException | IOException | InterruptedException e) {
      files.close();
      throw e;
    }
  }

  private boolean sharesByDevice() {
    return spec.machine().share().equals(Optional.of("virtiofs"));
  }

  /**
   * Templates are for where booting is slow. Under KVM, where nobody has tried them, they are for
   * who asks.
   */
  private boolean usesTemplates(MachineSpec machine) {
    // What has devices of others shares its memory with them, and a clone keeps its own.
    if (!vmm.name().equals("qemu") || !machine.shares().isEmpty()) {
      return false;
    }
    String asked = System.getenv("VIVARIUM_VM_TEMPLATES");
    return asked == null || asked.isEmpty()
        ? machine.accelerator() == Accelerator.TCG
        : asked.equals("1");
  }

  private Optional<Machine> clone(MachineSpec machine) throws InterruptedException {
    if (!usesTemplates(machine)) {
      return Optional.empty();
    }
    try {
      Optional<Machine> clone = new QemuTemplates(QemuTemplates.below(kernels)).clone(machine);
      host.log(clone.isPresent() ? "a clone of a template" : "no template yet: booting");
      return clone;
    } catch (VmmException e) {
      host.log("no clone: " + e.getMessage() + "; booting");
      return Optional.empty();
    }
  }

  private static void requireWhole(GuestKernel kernel, boolean thoroughly)
      throws EngineException, IOException {
    Optional<Path> damaged = KernelDigest.damaged(kernel, thoroughly);
    if (damaged.isPresent()) {
      throw new EngineException(
          FAILED,
          "the kernel for guests is damaged: "
              + damaged.get()
              + "; remove "
              + damaged.get().getParent()
              + ", and the next run fetches it again");
    }
  }

  /** What this engine cannot do is refused, never left out in silence. */
  private List<Path> checked() throws EngineException {
    if (spec.network().joined().isPresent()) {
      throw refusal("--network: virtual machines are in no private network yet");
    }
    if (spec.traceFile().isPresent()) {
      throw refusal("--trace: system calls inside a virtual machine are not written down");
    }
    if (spec.platform().isPresent()) {
      throw refusal("--platform " + spec.platform().get() + ": virtual machines have none");
    }
    if (!spec.calls().isEmpty() || spec.limits().files() != 0) {
      throw refusal(
          "system-calls.deny and limits.files (--deny-call, --files): a virtual machine's own"
              + " kernel answers its calls");
    }
    if (spec.mounts().size() >= AgentConnection.MAX_MOUNTS) {
      throw new EngineException(
          FAILED, "-v: at most " + (AgentConnection.MAX_MOUNTS - 1) + " for a virtual machine");
    }
    if (spec.limits().memoryBytes() != 0 && spec.limits().memoryBytes() < LEAST_MEMORY) {
      throw new EngineException(
          FAILED,
          "--memory: a virtual machine needs at least "
              + (LEAST_MEMORY >> 20)
              + "m for its kernel");
    }
    if (spec.root() instanceof SandboxSpec.Root.Directory) {
      throw new EngineException(
          FAILED, "a virtual machine runs no unpacked bundle; use the engine sentry");
    }
    if (sharesByDevice() && !vmm.name().equals("qemu")) {
      throw new EngineException(
          FAILED,
          "--share virtiofs: not with " + vmm.name() + "; use --vmm qemu, or leave --share out");
    }
    if (sharesByDevice() && spec.mounts().size() >= vmm.maxDisks()) {
      throw new EngineException(
          FAILED, "-v: at most " + (vmm.maxDisks() - 1) + " with --share virtiofs; leave that out");
    }
    if (!(spec.root() instanceof SandboxSpec.Root.Image image)) {
      return List.of();
    }
    List<Path> layers = image.layers().stream().map(Path::of).toList();
    int devices = sharesByDevice() ? spec.mounts().size() : 0;
    if (layers.size() + devices <= vmm.maxDisks()) {
      return layers;
    }
    try {
      host.log("putting " + layers.size() + " layers into one disk, unless that was done before");
      return List.of(new FlatImage(kernels.resolveSibling("flat")).of(layers));
    } catch (IOException e) {
      throw new EngineException(
          FAILED,
          "cannot put the layers of " + image.reference() + " into one disk: " + e.getMessage(),
          e);
    }
  }

  private static EngineException refusal(String what) {
    return new EngineException(FAILED, what + "; use --engine sentry");
  }

  private long memory() {
    long wanted = spec.limits().memoryBytes();
    return wanted == 0 ? DEFAULT_MEMORY : wanted >> 20 << 20;
  }

  private int processors() {
    double wanted = spec.limits().cpus();
    int all = Runtime.getRuntime().availableProcessors();
    return (int) Math.min(wanted == 0 ? MOST_PROCESSORS : Math.ceil(wanted), all);
  }

  private MicrovmSandbox launch(
      Machine machine,
      MachineSpec made,
      FileServer files,
      @Nullable GuestNetwork network,
      String platform,
      boolean makeTemplate)
      throws EngineException, IOException, InterruptedException {
    AgentConnection agent = null;
    try {
      if (files.mounts().isEmpty()) {
        addMounts(files);
      }
      agent = AgentConnection.open(machine.openAgentPort(PATIENCE));
      String release = welcome(agent, made.kernel());
      host.log("the agent answered after " + (System.nanoTime() - began) / 1_000_000 + " ms");
      host.log("the guest's kernel is " + release);
      if (files.hasChannel()) {
        FilesConnection.open(machine.openFilesPort(), files);
      }
      agent.configure(
          spec.hostname(),
          made.disks().size(),
          made.scratch().isPresent(),
          spec.readOnlyRoot(),
          spec.limits().pids(),
          files.mounts(),
          network == null ? AgentConnection.Network.NONE : network.connect(machine.networkPort()),
          PATIENCE);
      MicrovmInstrument instrument = new MicrovmInstrument(agent, host::log);
      host.watch().ifPresent(watch -> watch.attach(instrument));
      if (makeTemplate) {
        TemplateMaker.start(made);
      }
      // The monitor has it open; from behind the walls it could not be taken away.
      if (made.scratch().isPresent()) {
        Files.deleteIfExists(made.scratch().get());
      }
      String degraded = confine(machine, files, network);
      GuestProcess process = GuestCommand.start(agent, spec.process(), host.stdio());
      return new MicrovmSandbox(
          machine,
          agent,
          process,
          instrument,
          files,
          network,
          host::log,
          memory(),
          platform,
          degraded);
    } catch (EngineException | IOException | InterruptedException e) {
      // Why the machine is gone says more than that it does not answer.
      String ended = e instanceof IOException ? ended(machine) : "";
      if (agent != null) {
        agent.close();
      }
      machine.close();
      if (e instanceof EngineException known) {
        throw known;
      }
      if (e instanceof InterruptedException interrupted) {
        throw interrupted;
      }
      throw new EngineException(
          FAILED, "the virtual machine failed: " + (ended.isEmpty() ? e.getMessage() : ended), e);
    }
  }

  /**
   * Confines this process, if it is the sandbox's own, to what it needs once the guest runs what it
   * is for.
   *
   * @return for people: what is missing; empty if nothing is
   */
  private String confine(Machine machine, FileServer files, @Nullable GuestNetwork network)
      throws EngineException, IOException {
    Optional<SandboxHost.OwnFiles> own = host.ownFiles();
    if (own.isEmpty()) {
      return "";
    }
    ShimWalls walls = new ShimWalls(host.runDirectory());
    walls.own(own.get());
    files.allow(walls);
    if (sharesByDevice()) {
      walls.devices();
    }
    machine.allow(walls);
    if (network != null) {
      network.allow(walls);
    }
    return walls.putUp(host, spec.allowDegraded());
  }

  /** Why the machine is gone; empty if it is still there. */
  private static String ended(Machine machine) {
    try {
      return machine.ended().get(VERDICT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  /** Waits for the agent; one that does not answer may have no whole kernel under it. */
  private static String welcome(AgentConnection agent, GuestKernel kernel)
      throws EngineException, IOException, InterruptedException {
    try {
      return agent.awaitWelcome(PATIENCE);
    } catch (IOException e) {
      requireWhole(kernel, true);
      throw e;
    }
  }

  private void addMounts(FileServer files) throws EngineException {
    try {
      if (spec.root() instanceof SandboxSpec.Root.Host) {
        files.addMachine();
      }
      for (SandboxSpec.Mount mount : spec.mounts()) {
        files.add(mount.source(), mount.target(), mount.writable());
      }
    } catch (IOException e) {
      throw new EngineException(FAILED, "cannot show host files: " + e.getMessage(), e);
    }
  }
}
