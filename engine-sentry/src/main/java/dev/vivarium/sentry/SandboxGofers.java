package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.sentry.gofer.GoferClient;
import dev.vivarium.sentry.gofer.GoferException;
import dev.vivarium.sentry.gofer.GoferFs;
import dev.vivarium.sentry.gofer.GoferRoot;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.vfs.FileSystem;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The gofers of a sandbox: one for the host image, which needs no rights at all, and one for the
 * user's mounts, which acts as the user.
 */
final class SandboxGofers implements AutoCloseable {
  private static final Duration HOST_PATIENCE = Duration.ofSeconds(5);

  /** A network file system may take its time. The whole sandbox waits meanwhile. */
  private static final Duration BIND_PATIENCE = Duration.ofSeconds(30);

  static final String OF_HOST = "the gofer of the host image";
  static final String OF_MOUNTS = "the gofer of the mounts";

  private final List<GoferRoot> binds = new ArrayList<>();
  private @Nullable GoferClient forHost;
  private @Nullable GoferClient forBinds;
  private @Nullable MemoryFile memory;

  private SandboxGofers() {}

  static SandboxGofers start(SandboxSpec spec, SandboxHost host) throws EngineException {
    SandboxGofers gofers = new SandboxGofers();
    for (SandboxSpec.Mount m : spec.mounts()) {
      gofers.binds.add(new GoferRoot.Bind(Path.of(m.source()), m.writable()));
    }
    if (spec.root() instanceof SandboxSpec.Root.Directory tree) {
      Path path = Path.of(tree.path());
      gofers.binds.add(
          spec.readOnlyRoot() ? new GoferRoot.Bind(path, false) : new GoferRoot.Tree(path));
      for (SandboxSpec.DirectoryMount m : tree.mounts()) {
        if (m.isBind()) {
          gofers.binds.add(new GoferRoot.Bind(Path.of(m.source()), m.isWritable()));
        }
      }
    }
    try {
      if (spec.root() instanceof SandboxSpec.Root.Host) {
        gofers.forHost =
            GoferClient.start(
                List.of(new GoferRoot.Host()),
                HOST_PATIENCE,
                why -> host.fail(OF_HOST + " failed: " + why));
      }
      if (!gofers.binds.isEmpty()) {
        gofers.forBinds = start(gofers.binds, BIND_PATIENCE, host);
      }
    } catch (GoferException e) {
      gofers.close();
      throw failed(e);
    }
    return gofers;
  }

  private static GoferClient start(List<GoferRoot> roots, Duration patience, SandboxHost host)
      throws GoferException {
    GoferClient client =
        GoferClient.start(roots, patience, why -> host.fail(OF_MOUNTS + " failed: " + why));
    String missing = client.missing();
    if (!missing.isEmpty()) {
      host.log("the gofer is confined less than it could be; this host refuses: " + missing);
    }
    return client;
  }

  private static EngineException failed(GoferException e) {
    return new EngineException(SentrySandbox.FAILED, e.getMessage(), e);
  }

  /** Whether there are mounts of the user's. */
  boolean hasMounts() {
    return forBinds != null;
  }

  /** What is to be watched. */
  void watch(Watchdog dog) {
    if (forHost != null) {
      dog.watch(OF_HOST, forHost.pidfd());
    }
    if (forBinds != null) {
      dog.watch(OF_MOUNTS, forBinds.pidfd());
    }
  }

  void setMemory(MemoryFile file) {
    memory = file;
  }

  /** This machine's root as a file system. */
  FileSystem host(long device) throws EngineException {
    return open(forHost, new GoferRoot.Host(), 0, device);
  }

  /** The user's mount of this number; of a bundle its root is the first, and then its binds. */
  FileSystem bind(int number, long device) throws EngineException {
    return open(forBinds, binds.get(number), number, device);
  }

  private FileSystem open(@Nullable GoferClient client, GoferRoot root, int number, long device)
      throws EngineException {
    if (client == null || memory == null) {
      throw new IllegalStateException("no gofer for " + root);
    }
    try {
      return GoferFs.open(client, root, number, device, memory);
    } catch (GoferException e) {
      throw failed(e);
    }
  }

  @Override
  public void close() {
    if (forHost != null) {
      forHost.close();
    }
    if (forBinds != null) {
      forBinds.close();
    }
  }
}
