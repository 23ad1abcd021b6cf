package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.GuestText;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.ProcessSpec;
import dev.vivarium.sentry.kernel.Rlimits;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.tty.DevPts;
import dev.vivarium.sentry.vfs.FdTable;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.FsContext;
import dev.vivarium.sentry.vfs.Opener;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.host.StandardStreams;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Makes what a command needs, be it the sandbox's first or one more: its identity, streams,
 * environment and program. On the kernel thread, and never waiting: what it reads is the guest's.
 */
final class CommandSetup {
  private static final String DEFAULT_PATH =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  private static final int MAX_USER_FILE = 1 << 20;
  private static final int CANNOT_RUN = 126;

  private final Task task;
  private final SandboxMounts mounts;
  private final DevPts devpts;
  private final SandboxSpec.Limits limits;

  /**
   * @param task the kernel's own
   * @param limits what the sandbox may use
   */
  CommandSetup(Task task, SandboxMounts mounts, DevPts devpts, SandboxSpec.Limits limits) {
    this.task = task;
    this.mounts = mounts;
    this.devpts = devpts;
    this.limits = limits;
  }

  /** A command that can be started. */
  record Ready(ProcessSpec spec, StandardStreams streams) {}

  /**
   * Makes it ready.
   *
   * @param started told 0 or a negative errno once the program is loaded or could not be
   */
  Ready prepare(SandboxSpec.ProcessSpec process, SandboxHost.Stdio stdio, LongConsumer started)
      throws EngineException {
    SandboxSpec.Privileges given = process.privileges().orElse(null);
    UserLookup.Identity who =
        UserLookup.resolve(process.user(), read(task, "/etc/passwd"), read(task, "/etc/group"));
    FsContext fs = new FsContext(mounts.namespace());
    fs.setCwd(workingDirectory(mounts, process.workingDirectory()));
    List<String> argv = process.arguments().stream().map(GuestText::of).toList();
    List<String> environment = environment(process.environment(), who, process.terminal());
    ProgramSearch search = new ProgramSearch(task, fs);
    String program = search.find(argv.getFirst(), path(environment));
    if (given != null) {
      // Whoever creates a container wants to know before it begins.
      search.require(process.arguments().getFirst(), program);
      fs.umask = given.umask();
    }
    StandardStreams standard = open(stdio, process.stdin(), who.uid());
    FdTable fds = new FdTable();
    for (int fd = 0; fd < 3; fd++) {
      fds.install(standard.file(fd), false, fd);
    }
    Rlimits rlimits = new Rlimits();
    if (limits.pids() > 0) {
      rlimits.set(Resource.RLIMIT_NPROC, limits.pids(), limits.pids());
    }
    if (limits.files() > 0) {
      rlimits.set(Resource.RLIMIT_NOFILE, limits.files(), limits.files());
    }
    if (given != null) {
      given.limits().forEach(l -> rlimits.set(l.resource(), l.soft(), l.hard()));
      for (int fd = 3; fd < 3 + given.descriptors(); fd++) {
        fds.install(standard.inherited(fd), false, fd);
      }
    }
    fds.setLimit(rlimits.soft(Resource.RLIMIT_NOFILE));
    Credentials creds = given == null ? common(who) : exactly(who, given);
    return new Ready(
        new ProcessSpec(
            program,
            argv,
            environment,
            creds,
            fs,
            fds,
            rlimits,
            given == null ? 0 : given.oomScoreAdjust(),
            started),
        standard);
  }

  private static Credentials common(UserLookup.Identity who) {
    return Credentials.of(
        who.uid(),
        who.gid(),
        who.groups().stream().mapToInt(Integer::intValue).toArray(),
        Credentials.CONTAINER_CAPABILITIES);
  }

  private static Credentials exactly(UserLookup.Identity who, SandboxSpec.Privileges given) {
    SandboxSpec.Capabilities capabilities = given.capabilities();
    Credentials.Editor e =
        Credentials.of(
                who.uid(),
                who.gid(),
                given.groups().stream().mapToInt(Integer::intValue).toArray(),
                capabilities.bounding())
            .edit();
    e.effective = capabilities.effective() & capabilities.permitted();
    e.permitted = capabilities.permitted();
    e.inheritable = capabilities.inheritable();
    e.ambient = capabilities.ambient() & capabilities.permitted() & capabilities.inheritable();
    e.noNewPrivs = given.noNewPrivileges();
    return e.done();
  }

  private StandardStreams open(SandboxHost.Stdio stdio, boolean stdin, int owner)
      throws EngineException {
    FileRef nothing = new FileRef();
    long rc = Opener.open(task, "/dev/null", Fcntl.O_RDWR | Fcntl.O_NOCTTY, 0, nothing);
    File file = nothing.file;
    if (rc < 0 || file == null) {
      throw new EngineException(
          SentrySandbox.FAILED, "cannot open /dev/null in the sandbox: " + Errno.name((int) -rc));
    }
    return StandardStreams.open(task, stdio, SandboxFiles.HOST_DEVICE, stdin, file, devpts, owner);
  }

  private static VfsPath workingDirectory(SandboxMounts mounts, String path)
      throws EngineException {
    String directory = path.isEmpty() ? "/" : GuestText.of(path);
    VfsPath found = directory.startsWith("/") ? mounts.find(directory) : null;
    if (found == null) {
      long rc = directory.startsWith("/") ? mounts.makeDirectories(directory) : -Errno.EINVAL;
      found = rc < 0 ? null : mounts.find(directory);
    }
    if (found == null) {
      throw new EngineException(
          CANNOT_RUN,
          "no such working directory: " + path + " in the sandbox; give another one with -w");
    }
    return found;
  }

  private static List<String> environment(
      Map<String, String> given, UserLookup.Identity who, boolean terminal) {
    List<String> list = new ArrayList<>();
    if (!given.containsKey("PATH")) {
      list.add("PATH=" + DEFAULT_PATH);
    }
    if (!given.containsKey("HOME")) {
      list.add("HOME=" + who.home());
    }
    if (terminal && !given.containsKey("TERM")) {
      list.add("TERM=xterm");
    }
    given.forEach((name, value) -> list.add(GuestText.of(name + "=" + value)));
    return list;
  }

  private static String path(List<String> environment) {
    return environment.stream()
        .filter(e -> e.startsWith("PATH="))
        .map(e -> e.substring("PATH=".length()))
        .findFirst()
        .orElse(DEFAULT_PATH);
  }

  /** The start of a file of the image; empty if it cannot be read. */
  private static String read(Task task, String path) {
    FileRef opened = new FileRef();
    long rc = Opener.open(task, path, Fcntl.O_RDONLY | Fcntl.O_NONBLOCK, 0, opened);
    File file = opened.file;
    if (rc < 0 || file == null) {
      return "";
    }
    byte[] content = new byte[MAX_USER_FILE];
    int length = 0;
    if (file.inode.isRegular()) {
      long n;
      do {
        n = file.read(task, Uio.of(content, length, content.length - length), length);
        length += (int) Math.max(n, 0);
      } while (n > 0 && length < content.length);
    }
    file.drop(task);
    return new String(content, 0, length, StandardCharsets.ISO_8859_1);
  }
}
