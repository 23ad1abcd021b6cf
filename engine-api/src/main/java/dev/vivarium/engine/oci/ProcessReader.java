package dev.vivarium.engine.oci;

import dev.vivarium.engine.SandboxSpec.Capabilities;
import dev.vivarium.engine.SandboxSpec.Privileges;
import dev.vivarium.engine.SandboxSpec.ProcessSpec;
import dev.vivarium.engine.SandboxSpec.Rlimit;
import dev.vivarium.engine.state.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** OCI's {@code process} object as a {@link ProcessSpec}. */
public final class ProcessReader {
  private static final long MAX_ID = 0xfffffffeL;
  private static final int DEFAULT_UMASK = 022;
  private static final int OOM_SCORE_MAX = 1000;

  /** By number (linux/capability.h). */
  private static final List<String> CAPABILITIES =
      List.of(
          "CHOWN",
          "DAC_OVERRIDE",
          "DAC_READ_SEARCH",
          "FOWNER",
          "FSETID",
          "KILL",
          "SETGID",
          "SETUID",
          "SETPCAP",
          "LINUX_IMMUTABLE",
          "NET_BIND_SERVICE",
          "NET_BROADCAST",
          "NET_ADMIN",
          "NET_RAW",
          "IPC_LOCK",
          "IPC_OWNER",
          "SYS_MODULE",
          "SYS_RAWIO",
          "SYS_CHROOT",
          "SYS_PTRACE",
          "SYS_PACCT",
          "SYS_ADMIN",
          "SYS_BOOT",
          "SYS_NICE",
          "SYS_RESOURCE",
          "SYS_TIME",
          "SYS_TTY_CONFIG",
          "MKNOD",
          "LEASE",
          "AUDIT_WRITE",
          "AUDIT_CONTROL",
          "SETFCAP",
          "MAC_OVERRIDE",
          "MAC_ADMIN",
          "SYSLOG",
          "WAKE_ALARM",
          "BLOCK_SUSPEND",
          "AUDIT_READ",
          "PERFMON",
          "BPF",
          "CHECKPOINT_RESTORE");

  /** By number (asm-generic/resource.h). */
  private static final List<String> RESOURCES =
      List.of(
          "CPU",
          "FSIZE",
          "DATA",
          "STACK",
          "CORE",
          "RSS",
          "NPROC",
          "NOFILE",
          "MEMLOCK",
          "AS",
          "LOCKS",
          "SIGPENDING",
          "MSGQUEUE",
          "NICE",
          "RTPRIO",
          "RTTIME");

  private ProcessReader() {}

  /**
   * Reads the process of one more command in a container.
   *
   * @param json the object alone; what is missing in it is as in the container's own
   * @param own the container's
   */
  public static ProcessSpec more(String json, ProcessSpec own) throws IOException {
    Map<?, ?> members;
    try {
      members = Json.object(json.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new OciException("process: " + e.getMessage());
    }
    Fields in = new Fields("process", members);
    Map<String, String> environment =
        in.has("env") ? environment(in) : new LinkedHashMap<>(own.environment());
    if (in.has("moreEnv")) {
      environment.putAll(variables(in, "moreEnv"));
    }
    boolean whole = in.has("capabilities") || in.has("rlimits");
    Privileges mine = privileges(in, 0);
    Optional<Privileges> privileges =
        whole
            ? Optional.of(mine)
            : own.privileges()
                .map(p ->
                    new Privileges(
                        mine.groups(),
                        p.umask(),
                        p.capabilities(),
                        p.noNewPrivileges() || mine.noNewPrivileges(),
                        p.limits(),
                        in.has("oomScoreAdj") ? mine.oomScoreAdjust() : p.oomScoreAdjust(),
                        0));
    return new ProcessSpec(
        arguments(in),
        environment,
        in.absolute("cwd").orElse(own.workingDirectory()),
        in.has("user") ? user(in) : own.user(),
        in.flag("terminal"),
        true,
        privileges);
  }

  /**
   * Reads the container's own process.
   *
   * @param descriptors how many it inherits from 3 on
   */
  static ProcessSpec read(Fields in, int descriptors) throws OciException {
    in.required("cwd");
    return new ProcessSpec(
        arguments(in),
        environment(in),
        in.absolute("cwd").orElse("/"),
        user(in),
        in.flag("terminal"),
        true,
        Optional.of(privileges(in, descriptors)));
  }

  private static List<String> arguments(Fields in) throws OciException {
    List<String> arguments = in.texts("args");
    if (arguments.isEmpty() || arguments.get(0).isEmpty()) {
      throw in.wrong("args", "must name a program");
    }
    return arguments;
  }

  private static Map<String, String> environment(Fields in) throws OciException {
    return variables(in, "env");
  }

  private static Map<String, String> variables(Fields in, String field) throws OciException {
    Map<String, String> environment = new LinkedHashMap<>();
    for (String each : in.texts(field)) {
      int equals = each.indexOf('=');
      if (equals <= 0) {
        throw in.wrong(field, "must have the form NAME=VALUE: " + each);
      }
      environment.put(each.substring(0, equals), each.substring(equals + 1));
    }
    return environment;
  }

  private static String user(Fields in) throws OciException {
    Fields user = in.object("user");
    return user.number("uid", 0, MAX_ID, 0) + ":" + user.number("gid", 0, MAX_ID, 0);
  }

  private static Privileges privileges(Fields in, int descriptors) throws OciException {
    Fields user = in.object("user");
    List<Integer> groups = new ArrayList<>();
    for (long group : user.numbers("additionalGids")) {
      if (group < 0 || group > MAX_ID) {
        throw user.wrong("additionalGids", "no such group: " + group);
      }
      groups.add((int) group);
    }
    Fields caps = in.object("capabilities");
    return new Privileges(
        groups,
        (int) user.number("umask", 0, 0777, DEFAULT_UMASK),
        new Capabilities(
            capabilities(caps, "bounding"),
            capabilities(caps, "effective"),
            capabilities(caps, "inheritable"),
            capabilities(caps, "permitted"),
            capabilities(caps, "ambient")),
        in.flag("noNewPrivileges"),
        limits(in),
        (int) in.number("oomScoreAdj", -OOM_SCORE_MAX, OOM_SCORE_MAX, 0),
        descriptors);
  }

  private static long capabilities(Fields in, String set) throws OciException {
    long bits = 0;
    for (String name : in.texts(set)) {
      int number = name.startsWith("CAP_") ? CAPABILITIES.indexOf(name.substring(4)) : -1;
      if (number < 0) {
        throw in.wrong(set, "no such capability: " + name);
      }
      bits |= 1L << number;
    }
    return bits;
  }

  private static List<Rlimit> limits(Fields in) throws OciException {
    List<Rlimit> limits = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (Fields each : in.objects("rlimits")) {
      String type = each.required("type");
      int resource = type.startsWith("RLIMIT_") ? RESOURCES.indexOf(type.substring(7)) : -1;
      if (resource < 0) {
        throw each.wrong("type", "no such limit: " + type);
      }
      if (!seen.add(type)) {
        throw each.wrong("type", "is there twice: " + type);
      }
      long soft = each.number("soft").orElseThrow(() -> each.wrong("soft", "is missing"));
      long hard = each.number("hard").orElseThrow(() -> each.wrong("hard", "is missing"));
      if (Long.compareUnsigned(soft, hard) > 0) {
        throw each.wrong("soft", "must not be above the hard limit");
      }
      limits.add(new Rlimit(resource, soft, hard));
    }
    return limits;
  }
}
