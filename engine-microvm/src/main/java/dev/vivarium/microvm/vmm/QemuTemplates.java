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
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Machines that were booted once and are cloned since: memory in a file that clones map privately
 * (so they share what they do not write), and the state of the devices beside it. A template was
 * saved while it ran, when its agent had answered and waited for more, and had no disk yet, so it
 * fits every image with as many layers or a few less. Everything that it depends on is in its name
 * ({@link TemplateKey}); a user has templates of their own.
 */
public final class QemuTemplates {
  private static final Duration BOOT_PATIENCE = Duration.ofSeconds(90);
  private static final Duration MIGRATION_PATIENCE = Duration.ofSeconds(60);
  private static final Duration TURN_PATIENCE = Duration.ofMinutes(10);
  private static final int TURN_MILLIS = 200;
  private static final String STATE = "state";
  private static final String EMPTY = "empty";
  private static final String PART = ".part";

  /** Each takes about 100 MiB. */
  private static final int MOST = 4;

  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final int MAX_STATE = 64 << 20;
  private static final String SET_CAPABILITIES = "migrate-set-capabilities";
  private static final String IGNORE_SHARED =
      "{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":true}]}";

  private final Path root;

  /**
   * @param root a directory of the user's; made when it is needed
   */
  public QemuTemplates(Path root) {
    this.root = root;
  }

  /** Where the templates of a user's kernels are. */
  public static Path below(Path kernels) {
    return kernels.resolve("templates");
  }

  /**
   * A clone of the template for such a machine, if there is one.
   *
   * @throws VmmException if it cannot be cloned; the template is gone then, and the caller boots
   */
  public Optional<Machine> clone(MachineSpec spec) throws VmmException, InterruptedException {
    try {
      Path template = root.resolve(TemplateKey.of(spec));
      if (!Files.exists(template.resolve(STATE))) {
        return Optional.empty();
      }
      try {
        // What was used last is kept longest.
        Files.setLastModifiedTime(template, FileTime.from(Instant.now()));
        return Optional.of(clone(TemplateKey.padded(spec, template.resolve(EMPTY)), template));
      } catch (IOException | VmmException e) {
        delete(template);
        throw e;
      }
    } catch (IOException e) {
      throw new VmmException("cannot clone a template: " + e.getMessage(), e);
    }
  }

  /**
   * Boots a machine without disks of its own and saves it, unless there is a template already or
   * somebody else is making this one. While another one is made, this waits: one boot at a time is
   * enough for a laptop.
   *
   * @param spec its disks say only how many there are
   */
  public void make(MachineSpec spec) throws VmmException, InterruptedException {
    try {
      String key = TemplateKey.of(spec);
      Path template = root.resolve(key);
      Files.createDirectories(root, OWNER_ONLY);
      // Who comes for the same while this waits need not wait as well.
      try (FileChannel same = open(root.resolve(".kinds"));
          FileLock first = same.tryLock(Long.parseLong(key.substring(0, 15), 16), 1, false)) {
        if (first == null) {
          return;
        }
        try (FileChannel all = open(root.resolve(".lock"));
            FileLock turn = awaitTurn(all)) {
          if (Files.exists(template.resolve(STATE))) {
            return;
          }
          clear();
          Path work = Files.createTempDirectory(root, PART, OWNER_ONLY);
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
    } catch (IOException e) {
      throw new VmmException("cannot make a template: " + e.getMessage(), e);
    }
  }

  private static FileChannel open(Path lock) throws IOException {
    return FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  /** The lock of who makes a template; another holds it no longer than a boot takes. */
  private static FileLock awaitTurn(FileChannel all) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TURN_PATIENCE.toNanos();
    FileLock held;
    while ((held = all.tryLock()) == null) {
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "others have been making theirs for " + TURN_PATIENCE.toMinutes() + " minutes");
      }
      Thread.sleep(TURN_MILLIS);
    }
    return held;
  }

  /** Removes what was left half made, and of the templates those that were not used for longest. */
  private void clear() throws IOException {
    List<Path> all;
    try (Stream<Path> list = Files.list(root)) {
      all = list.filter(Files::isDirectory).toList();
    }
    List<Path> whole = new ArrayList<>();
    for (Path path : all) {
      if (String.valueOf(path.getFileName()).startsWith(PART)) {
        delete(path);
      } else {
        whole.add(path);
      }
    }
    whole.sort(Comparator.comparing((Path path) -> path.toFile().lastModified()).reversed());
    for (Path path : whole.subList(Math.min(MOST - 1, whole.size()), whole.size())) {
      delete(path);
    }
  }

  private static void boot(MachineSpec spec, Path work)
      throws IOException, VmmException, InterruptedException {
    // What stands in for the disks: its size does not matter, since no driver looks at it.
    Path empty = work.resolve(EMPTY);
    Files.write(empty, new byte[4096]);
    // One of its own, since it is opened for writing.
    Path blank = Files.write(work.resolve("blank"), new byte[4096]);
    MachineSpec bare =
        spec.with(
            Collections.nCopies(TemplateKey.disks(spec.disks().size()), empty),
            spec.scratch().map(file -> blank));
    QemuCommand.Memory memory = new QemuCommand.Memory(work.resolve("memory"), true, null);
    try (QemuMachine machine = QemuMachine.start(bare, memory, spec.directory());
        AgentConnection agent = AgentConnection.open(machine.openAgentPort(BOOT_PATIENCE))) {
      agent.awaitWelcome(BOOT_PATIENCE);
      machine.qmp().execute(SET_CAPABILITIES, IGNORE_SHARED);
      // Not stopped before: a clone goes on by itself, as what it is made from did.
      save(machine, spec.directory().resolve("state.sock"), work.resolve(STATE));
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
      awaitSaved(machine);
    } finally {
      Files.deleteIfExists(socket);
    }
  }

  private static Machine clone(MachineSpec spec, Path template)
      throws IOException, VmmException, InterruptedException {
    QemuCommand.Memory memory =
        new QemuCommand.Memory(template.resolve("memory"), false, template.resolve(STATE));
    QemuMachine machine =
        QemuMachine.start(
            spec,
            memory,
            spec.directory(),
            Qmp.command(SET_CAPABILITIES, IGNORE_SHARED),
            Qmp.command("migrate-incoming", "{\"uri\":\"fd:" + Enclosure.STATE + "\"}"));
    try {
      machine.awaitResumed(MIGRATION_PATIENCE);
      return machine;
    } catch (IOException | RuntimeException e) {
      machine.close();
      throw e;
    }
  }

  private static void awaitSaved(QemuMachine machine) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + MIGRATION_PATIENCE.toNanos();
    while (true) {
      Map<String, String> now = machine.qmp().execute("query-migrate", "{}");
      String status = now.getOrDefault("status", "");
      if (status.equals("completed")) {
        return;
      }
      if (status.equals("failed") || System.nanoTime() > deadline) {
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
