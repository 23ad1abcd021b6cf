package dev.vivarium.cli.profile;

import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.watch.report.Used;
import dev.vivarium.profiles.Field;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The least profile under which a run that was recorded would have done the same: what it was given
 * and did not use is not in it, and what it used is there with some room.
 */
final class Learned {
  /** Calls that seldom are what they seem; those of them that the run did without are refused. */
  private static final List<String> SUSPECT =
      List.of(
          "ptrace",
          "process_vm_readv",
          "process_vm_writev",
          "mount",
          "umount2",
          "pivot_root",
          "chroot",
          "unshare",
          "setns",
          "bpf",
          "perf_event_open",
          "userfaultfd",
          "io_uring_setup",
          "keyctl",
          "add_key",
          "request_key",
          "init_module",
          "finit_module",
          "kexec_load",
          "sethostname",
          "mknod",
          "mknodat");

  /** Every sandbox has them. */
  private static final Set<String> COMMON = Set.of("PATH", "LANG", "HOSTNAME", "TERM", "HOME");

  private static final int ROOM = 2;
  private static final int LEAST_TASKS = 16;
  private static final int TIME_ROOM = 5;
  private static final long LEAST_SECONDS = 60;

  /** The network's own server of names inside. */
  private static final int DNS_PORT = 53;

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9/._-]+");

  private final SandboxSpec spec;
  private final Used used;
  private final Map<String, String> here;
  private final StringBuilder out = new StringBuilder();

  private Learned(SandboxSpec spec, Used used, Map<String, String> here) {
    this.spec = spec;
    this.used = used;
    this.here = here;
  }

  /**
   * Writes it.
   *
   * @param base the profile that it adds to
   * @param here the variables of this process: what the run had as they are is only named
   */
  static String text(SandboxSpec spec, Used used, String base, Map<String, String> here) {
    return new Learned(spec, used, here).write(base);
  }

  private String write(String base) {
    String command = String.join(" ", spec.process().arguments());
    String shown = command.length() > 120 ? command.substring(0, 120) + "..." : command;
    line("description", quoted("learned from " + spec.name() + ": " + shown.replace('\n', ' ')));
    line("extends", base);
    line(Field.ENGINE.key(), spec.engine());
    network();
    List<String> mounts = mounts();
    if (!mounts.isEmpty()) {
      list("", Field.MOUNTS.key(), mounts);
    }
    limits();
    environment();
    if (!spec.process().user().isEmpty()) {
      line(Field.USER.key(), quoted(spec.process().user()));
    }
    line(Field.WORKDIR.key(), quoted(spec.process().workingDirectory()));
    if (spec.readOnlyRoot() || used.changed().stream().allMatch(this::isMounted)) {
      line(Field.READ_ONLY.key(), "true");
    }
    List<String> denied =
        new ArrayList<>(SUSPECT.stream().filter(c -> !used.calls().contains(c)).toList());
    if (!spec.engine().equals("sentry")) {
      denied.clear();
    }
    if (!denied.isEmpty()) {
      out.append("system-calls:\n");
      list("  ", "deny", denied);
    }
    return out.toString();
  }

  private void line(String key, String value) {
    out.append(key).append(": ").append(value).append('\n');
  }

  private void list(String indent, String key, List<String> values) {
    out.append(indent).append(key).append(":\n");
    for (String value : values) {
      out.append(indent).append("  - ").append(quoted(value)).append('\n');
    }
  }

  private static String quoted(String text) {
    return PLAIN.matcher(text).matches() && !text.matches("[0-9.]+|true|false|null|yes|no")
        ? text
        : "'" + text.replaceAll("\\p{Cntrl}", "?").replace("'", "''") + "'";
  }

  private void network() {
    NetworkSpec given = spec.network();
    Set<String> rules = new LinkedHashSet<>();
    for (Used.Connection c : used.connections()) {
      if (c.port() == DNS_PORT && c.rule().isEmpty()) {
        continue;
      }
      rules.add(rule(c));
    }
    out.append("network:\n");
    out.append("  mode: ").append(rules.isEmpty() ? "none" : "allow").append('\n');
    if (!rules.isEmpty()) {
      list("  ", "allow", List.copyOf(rules));
    }
    if (!given.ports().isEmpty()) {
      list("  ", "publish", given.ports().stream().map(Object::toString).toList());
    }
    given.joined().ifPresent(name -> out.append("  join: ").append(quoted(name)).append('\n'));
  }

  private static String rule(Used.Connection c) {
    // This machine has another address inside; its rule says that it is meant.
    boolean ofHost = c.name().isEmpty() && c.rule().startsWith("allow localhost");
    String host =
        ofHost
            ? "localhost"
            : !c.name().isEmpty()
                ? c.name()
                : c.address().contains(":") ? "[" + c.address() + "]" : c.address();
    return host + ":" + c.port() + (c.protocol().equals("udp") ? "/udp" : "/tcp");
  }

  private List<String> mounts() {
    List<String> mounts = new ArrayList<>();
    for (SandboxSpec.Mount mount : spec.mounts()) {
      if (used.touched().stream().anyMatch(p -> isIn(p, mount.target()))) {
        boolean written =
            mount.writable() && used.changed().stream().anyMatch(p -> isIn(p, mount.target()));
        mounts.add(mount.source() + ":" + mount.target() + (written ? ":rw" : ":ro"));
      }
    }
    return mounts;
  }

  private boolean isMounted(String path) {
    return spec.mounts().stream().anyMatch(m -> isIn(path, m.target()));
  }

  private static boolean isIn(String path, String directory) {
    return Path.of(path).startsWith(directory);
  }

  private void limits() {
    out.append("limits:\n");
    if (spec.limits().memoryBytes() > 0) {
      out.append("  memory: ").append(spec.limits().memoryBytes()).append('\n');
    }
    if (spec.limits().cpus() > 0) {
      out.append("  cpus: ").append(spec.limits().cpus()).append('\n');
    }
    out.append("  pids: ").append(Math.max(LEAST_TASKS, used.most() * ROOM)).append('\n');
    long seconds = used.durationNanos() / 1_000_000_000 * TIME_ROOM;
    out.append("  time: ").append(Math.max(LEAST_SECONDS, seconds)).append("s\n");
  }

  private void environment() {
    List<String> passed = new ArrayList<>();
    List<String> given = new ArrayList<>();
    spec.process()
        .environment()
        .forEach((name, value) -> {
          if (COMMON.contains(name) || !name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
            return;
          }
          if (value.equals(here.get(name))) {
            passed.add(name);
          } else if (!(spec.root() instanceof SandboxSpec.Root.Image)) {
            // What an image sets comes with the image.
            given.add("  " + name + ": " + quoted(value));
          }
        });
    if (!given.isEmpty()) {
      out.append("environment:\n");
      given.forEach(entry -> out.append(entry).append('\n'));
    }
    if (!passed.isEmpty()) {
      list("", Field.PASS.key(), passed);
    }
  }
}
