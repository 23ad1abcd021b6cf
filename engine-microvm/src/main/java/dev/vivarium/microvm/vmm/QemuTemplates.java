package dev.vivarium.microvm.vmm;

import dev.vivarium.microvm.agent.AgentConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Machines that were booted once and are cloned since: memory in a file that clones map privately
 * (so they share what they do not write), and the state of the devices beside it. A template was
 * saved when its agent had answered and had no disk yet, so it fits every image with as many
 * layers. Everything that it depends on is in its name; a user has templates of their own.
 */
public final class QemuTemplates {
  private static final Duration BOOT_PATIENCE = Duration.ofSeconds(90);
  private static final Duration MIGRATION_PATIENCE = Duration.ofSeconds(60);
  private static final int MAX_STATE = 64 << 20;
  private static final String IGNORE_SHARED =
      "{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":true}]}";

  private final Path root;

  /**
   * @param root a directory of the user's; made when it is needed
   */
  public QemuTemplates(Path root) {
    this.root = root;
  }

  /**
   * A clone of the template for such a machine; the template is made if it is not there.
   *
   * @throws VmmException if it cannot be cloned; the template is gone then, and the caller boots
   */
  public Machine start(MachineSpec spec) throws VmmException, InterruptedException {
    Qemu.requireInstalled();
    try {
      Path template = root.resolve(key(spec));
      if (!Files.exists(template.resolve("state"))) {
        make(spec, template);
      }
      try {
        return clone(spec, template);
      } catch (IOException | VmmException e) {
        delete(template);
        throw e;
      }
    } catch (IOException e) {
      throw new VmmException("cannot clone a template: " + e.getMessage(), e);
    }
  }

  /** A name from all that a template depends on. */
  private static String key(MachineSpec spec) throws IOException {
    Path empty = Path.of("/");
    List<String> parts = new ArrayList<>();
    parts.add(Qemu.identity());
    parts.add(Files.getLastModifiedTime(spec.kernel().image()).toString());
    parts.add(
        Files.readString(Path.of("/proc/cpuinfo"))
            .lines()
            .filter(line -> line.startsWith("model name") || line.startsWith("flags"))
            .limit(2)
            .toList()
            .toString());
    MachineSpec bare =
        new MachineSpec(
            spec.kernel(),
            spec.accelerator(),
            spec.memoryBytes(),
            spec.processors(),
            spec.disks().stream().map(disk -> empty).toList(),
            empty);
    parts.addAll(QemuCommand.of(bare, QemuCommand.Memory.OWN, empty, empty));
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

  /** Boots a machine without disks of its own and saves it; whoever waited finds it made. */
  private void make(MachineSpec spec, Path template)
      throws IOException, VmmException, InterruptedException {
    Files.createDirectories(
        root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    try (FileChannel channel =
            FileChannel.open(
                root.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.lock()) {
      if (Files.exists(template.resolve("state"))) {
        return;
      }
      Path work = Files.createTempDirectory(root, ".part");
      try {
        boot(spec, work);
        Files.move(work, template, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        if (Files.exists(work)) {
          delete(work);
        }
      }
    }
  }

  private static void boot(MachineSpec spec, Path work)
      throws IOException, VmmException, InterruptedException {
    // What stands in for the disks: its size does not matter, since no driver looks at it.
    Path placeholder = work.resolve("placeholder");
    Files.write(placeholder, new byte[4096]);
    MachineSpec bare =
        new MachineSpec(
            spec.kernel(),
            spec.accelerator(),
            spec.memoryBytes(),
            spec.processors(),
            spec.disks().stream().map(disk -> placeholder).toList(),
            spec.directory());
    QemuCommand.Memory memory = new QemuCommand.Memory(work.resolve("memory"), true, false);
    try (QemuMachine machine = QemuMachine.start(bare, memory, spec.directory())) {
      try (AgentConnection agent = AgentConnection.open(machine.connectAgent().agentPort())) {
        agent.awaitWelcome(BOOT_PATIENCE);
      }
      // A clone begins with a port that nobody is at, and so must what it is made from.
      while (!machine.agentIsDisconnected()) {
        Thread.sleep(1);
      }
      machine.qmp().execute("migrate-set-capabilities", IGNORE_SHARED);
      machine.qmp().execute("stop", "{}");
      save(machine, spec.directory().resolve("state.sock"), work.resolve("state"));
    } finally {
      Files.deleteIfExists(placeholder);
    }
  }

  private static void save(QemuMachine machine, Path socket, Path file)
      throws IOException, InterruptedException {
    Files.deleteIfExists(socket);
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(socket), 1);
      machine.qmp().execute("migrate", "{\"uri\":" + Qmp.quote("unix:" + socket) + "}");
      try (SocketChannel from = listener.accept();
          InputStream in = Channels.newInputStream(from);
          OutputStream out = Files.newOutputStream(file)) {
        byte[] state = in.readNBytes(MAX_STATE);
        out.write(state);
      }
      awaitMigration(machine, "query-migrate", "completed", "failed");
    } finally {
      Files.deleteIfExists(socket);
    }
  }

  private static Machine clone(MachineSpec spec, Path template)
      throws IOException, VmmException, InterruptedException {
    QemuCommand.Memory memory = new QemuCommand.Memory(template.resolve("memory"), false, true);
    QemuMachine machine = QemuMachine.start(spec, memory, spec.directory());
    try {
      Path socket = spec.directory().resolve("state.sock");
      machine.qmp().execute("migrate-set-capabilities", IGNORE_SHARED);
      machine.qmp().execute("migrate-incoming", "{\"uri\":" + Qmp.quote("unix:" + socket) + "}");
      try (SocketChannel to = SocketChannel.open(UnixDomainSocketAddress.of(socket));
          OutputStream out = Channels.newOutputStream(to)) {
        Files.copy(template.resolve("state"), out);
      } finally {
        Files.deleteIfExists(socket);
      }
      awaitMigration(machine, "query-status", "paused", "internal-error");
      machine.qmp().execute("cont", "{}");
      return machine.connectAgent();
    } catch (IOException | RuntimeException | InterruptedException e) {
      machine.close();
      throw e;
    }
  }

  /** Asks until the state is the wanted one; a machine that still loads says so by another. */
  private static void awaitMigration(
      QemuMachine machine, String query, String wanted, String failed)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + MIGRATION_PATIENCE.toNanos();
    while (true) {
      Map<String, String> now = machine.qmp().execute(query, "{}");
      String status = now.getOrDefault("status", "");
      if (status.equals(wanted)) {
        return;
      }
      if (status.equals(failed) || System.nanoTime() > deadline) {
        throw new IOException("the state of a machine could not be moved: " + status);
      }
      Thread.sleep(1);
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
