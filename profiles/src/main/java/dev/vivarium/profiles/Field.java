package dev.vivarium.profiles;

import dev.vivarium.profiles.network.NetworkPolicy;
import dev.vivarium.profiles.network.Rule;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Everything that a profile can set: the one list from which reading, checking, the JSON schema and
 * the documentation come.
 */
public enum Field {
  DESCRIPTION("description", Shape.ONE, "what it is for, in a line") {
    @Override
    public void check(String text) {
      if (text.length() > 200 || text.indexOf('\n') >= 0) {
        throw new IllegalArgumentException("one line of at most 200 characters");
      }
    }
  },
  ENGINE("engine", Shape.ONE, "what isolates: auto chooses", "auto", "sentry", "microvm"),
  PLATFORM(
      "platform",
      Shape.ONE,
      "how the sentry gets hold of system calls",
      "systrap",
      "ptrace",
      "kvm"),
  VMM(
      "machine.vmm",
      Shape.ONE,
      "what runs virtual machines",
      "qemu",
      "firecracker",
      "cloud-hypervisor"),
  KERNEL(
      "machine.kernel",
      Shape.ONE,
      "the kernel of virtual machines: an ELF file, a bzImage or a linux-image package; from the"
          + " current directory on, or ~/") {
    @Override
    public void check(String text) {
      if (text.isEmpty() || text.indexOf('\0') >= 0) {
        throw new IllegalArgumentException("a path");
      }
    }
  },
  KERNEL_ARGUMENTS("machine.kernel-args", Shape.ONE, "what its command line has at its end") {
    @Override
    public void check(String text) {
      KernelArguments.check(text);
    }
  },
  DISK(
      "machine.disk",
      Shape.ONE,
      "size of the disk of virtual machines that holds what is written, such as 2g; without it that"
          + " is in their memory") {
    @Override
    public void check(String text) {
      Quantity.bytes(text);
    }
  },
  SHARE(
      "machine.share",
      Shape.ONE,
      "how host files come into virtual machines: through a channel, or by a device of theirs",
      "fuse",
      "virtiofs"),
  NETWORK(
      "network.mode",
      Shape.ONE,
      "nothing; what allow lists; that, and what a person says of the rest; every public address,"
          + " and what allow lists",
      "none",
      "allow",
      "ask",
      "full"),
  ALLOW("network.allow", Shape.LIST, "HOST[:PORT[-PORT]][/tcp|/udp] that it may reach") {
    @Override
    public void check(String text) {
      Rule.parse(text);
    }
  },
  DENY_HOST(
      "network.deny",
      Shape.LIST,
      "HOST[:PORT[-PORT]][/tcp|/udp] that it may not reach, whatever else allows it") {
    @Override
    public void check(String text) {
      Rule.parse(text);
    }
  },
  ASK_TIME(
      "network.ask-time",
      Shape.ONE,
      "how long an attempt waits for the person, 1s to 2m (30s); without an answer it is refused") {
    @Override
    public void check(String text) {
      NetworkPolicy.Asking.checkTime(Quantity.duration(text));
    }
  },
  PUBLISH("network.publish", Shape.LIST, "[ADDRESS:]PORT:PORT_INSIDE[/udp] that leads into it") {
    @Override
    public void check(String text) {
      if (!PORTS.matcher(text).matches()) {
        throw new IllegalArgumentException("[ADDRESS:]PORT:PORT_INSIDE[/udp]");
      }
    }
  },
  JOIN("network.join", Shape.ONE, "the private network of sandboxes that it is a member of") {
    @Override
    public void check(String text) {
      if (!NETWORK_NAME.matcher(text).matches()) {
        throw new IllegalArgumentException(
            "a name of at most 63 lower-case letters, digits, - and _");
      }
    }
  },
  RATE("network.rate", Shape.ONE, "how fast it is each way, such as 10mbit") {
    @Override
    public void check(String text) {
      Quantity.bitsPerSecond(text);
    }
  },
  LATENCY("network.latency", Shape.ONE, "how long what it sends takes, such as 80ms") {
    @Override
    public void check(String text) {
      Quantity.duration(text);
    }
  },
  LOSS("network.loss", Shape.ONE, "how much of it is lost, such as 1%") {
    @Override
    public void check(String text) {
      Quantity.perMillion(text);
    }
  },
  MOUNTS(
      "mounts",
      Shape.LIST,
      "HOST:GUEST[:ro|rw]: a file or directory to show inside; HOST from the current directory on,"
          + " or ~/") {
    @Override
    public void check(String text) {
      String[] parts = text.split(":", -1);
      if (parts.length < 2
          || parts.length > 3
          || parts[0].isEmpty()
          || !parts[1].startsWith("/")
          || parts[1].equals("/")
          || parts.length == 3 && !parts[2].equals("ro") && !parts[2].equals("rw")) {
        throw new IllegalArgumentException("HOST:GUEST[:ro|rw], GUEST absolute and not /");
      }
    }
  },
  MEMORY("limits.memory", Shape.ONE, "memory, files in it included, such as 512m") {
    @Override
    public void check(String text) {
      Quantity.bytes(text);
    }
  },
  CPUS("limits.cpus", Shape.ONE, "processors, fractions allowed") {
    @Override
    public void check(String text) {
      Quantity.processors(text);
    }
  },
  PIDS("limits.pids", Shape.ONE, "tasks at once") {
    @Override
    public void check(String text) {
      Quantity.count(text);
    }
  },
  FILES("limits.files", Shape.ONE, "files that a process may have open at once") {
    @Override
    public void check(String text) {
      Quantity.count(text);
    }
  },
  DISK_LIMIT(
      "limits.disk",
      Shape.ONE,
      "what it may have written at a time, in files of its root and in /tmp, such as 2g; what is"
          + " removed is free again") {
    @Override
    public void check(String text) {
      Quantity.bytes(text);
    }
  },
  DENY(
      "system-calls.deny",
      Shape.LIST,
      "NAME[:ERRNO|:end]: a call that is refused, with EPERM, another error, or the end of the"
          + " run") {
    @Override
    public void check(String text) {
      if (!CALL.matcher(text).matches()) {
        throw new IllegalArgumentException(
            "NAME[:ERRNO|:end], such as ptrace, mount:ENOSYS or bpf:end");
      }
    }
  },
  TIME("limits.time", Shape.ONE, "after which it is ended, such as 5m; exit code 124") {
    @Override
    public void check(String text) {
      Quantity.duration(text);
    }
  },
  FLAG(
      "report.flag",
      Shape.LIST,
      "findings of the report that matter, and are said at the end of the run; all others count for"
          + " nothing",
      "persistence",
      "accounts",
      "setuid-file",
      "kernel-files",
      "privilege",
      "secrets",
      "network-refused",
      "exec-tmp",
      "limit",
      "policy",
      "unusual",
      "identity",
      "kill",
      "writable-code",
      "crash",
      "denied",
      "contacted",
      "listening"),
  SIGNED(
      "signed-by",
      Shape.LIST,
      "PEM files of public keys, one of which must have signed the image; from the current"
          + " directory on, or ~/") {
    @Override
    public void check(String text) {
      if (text.isBlank()) {
        throw new IllegalArgumentException("the file of a public key, such as ~/keys/cosign.pub");
      }
    }
  },
  ENVIRONMENT("environment", Shape.MAP, "variables and their values") {
    @Override
    public void check(String text) {
      if (!VARIABLE.matcher(text).matches()) {
        throw new IllegalArgumentException("a name of letters, digits and _");
      }
    }
  },
  PASS("pass-environment", Shape.LIST, "variables that it gets as they are here, if they are set") {
    @Override
    public void check(String text) {
      ENVIRONMENT.check(text);
    }
  },
  USER("user", Shape.ONE, "UID[:GID] or NAME[:GROUP]") {
    @Override
    public void check(String text) {
      if (!USER_NAME.matcher(text).matches()) {
        throw new IllegalArgumentException("UID[:GID] or NAME[:GROUP]");
      }
    }
  },
  WORKDIR("workdir", Shape.ONE, "the working directory inside") {
    @Override
    public void check(String text) {
      if (!text.startsWith("/")) {
        throw new IllegalArgumentException("an absolute path");
      }
    }
  },
  HOSTNAME("hostname", Shape.ONE, "what uname says inside") {
    @Override
    public void check(String text) {
      if (text.isEmpty() || text.length() > 64) {
        throw new IllegalArgumentException("1 to 64 characters");
      }
    }
  },
  READ_ONLY("read-only", Shape.ONE, "whether the root cannot be written", "true", "false");

  /** How many values there are. */
  public enum Shape {
    ONE,
    LIST,
    MAP
  }

  private static final Pattern PORTS =
      Pattern.compile("(([0-9.]+|\\[[0-9a-fA-F:.]+\\]):)?[0-9]{1,5}:[0-9]{1,5}(/tcp|/udp)?");
  private static final Pattern CALL =
      Pattern.compile("[a-z_][a-z0-9_]{0,63}(:(end|E[A-Z0-9]{1,31}))?");
  private static final Pattern NETWORK_NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,62}");
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern USER_NAME =
      Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?");

  private final String key;
  private final Shape shape;
  private final String description;
  private final List<String> choices;

  Field(String key, Shape shape, String description, String... choices) {
    this.key = key;
    this.shape = shape;
    this.description = description;
    this.choices = List.of(choices);
  }

  /** As a profile writes it; a dot leads into a group. */
  public String key() {
    return key;
  }

  public Shape shape() {
    return shape;
  }

  /** What it is, for people. */
  public String description() {
    return description;
  }

  /** The values that there are; empty if they are not so few. */
  public List<String> choices() {
    return choices;
  }

  /**
   * Checks a value (of a map: a key).
   *
   * @throws IllegalArgumentException that says what it must be
   */
  public void check(String text) {
    if (!choices.contains(text)) {
      throw new IllegalArgumentException("one of " + String.join(", ", choices));
    }
  }

  static Optional<Field> of(String key) {
    for (Field f : values()) {
      if (f.key.equals(key)) {
        return Optional.of(f);
      }
    }
    return Optional.empty();
  }

  /** Whether this is the first part of the key of some fields. */
  static boolean isGroup(String key) {
    for (Field f : values()) {
      if (f.key.startsWith(key + ".")) {
        return true;
      }
    }
    return false;
  }
}
