package dev.vivarium.cli.export;

import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.Quantity;
import dev.vivarium.profiles.network.Rule;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What is exported, field by field. Amounts are plain numbers: memory in bytes, time in seconds,
 * rates in bits a second.
 *
 * @param name for the others' objects
 * @param profile where the values come from; empty for a sandbox's
 * @param command argv; empty for the image's own
 */
record Workload(
    String name,
    Optional<String> profile,
    String image,
    List<String> command,
    Map<String, String> environment,
    Map<Field, List<String>> values) {
  Workload {
    command = List.copyOf(command);
  }

  boolean has(Field field) {
    return !list(field).isEmpty();
  }

  List<String> list(Field field) {
    return values.getOrDefault(field, List.of());
  }

  Optional<String> text(Field field) {
    return list(field).stream().findFirst();
  }

  long number(Field field) {
    return text(field).map(Long::parseLong).orElse(0L);
  }

  /** none, allow or full. */
  String network() {
    return text(Field.NETWORK).orElse("none");
  }

  /** HOST, GUEST and ro or rw of each mount; where the host's path has no beginning it has one. */
  List<String[]> mounts(Map<String, String> environment) {
    List<String[]> all = new ArrayList<>();
    for (String each : list(Field.MOUNTS)) {
      String[] parts = each.split(":", -1);
      String host = parts[0];
      if (host.equals("~") || host.startsWith("~/")) {
        host = environment.getOrDefault("HOME", "/root") + host.substring(1);
      }
      host = java.nio.file.Path.of(host).toAbsolutePath().normalize().toString();
      all.add(new String[] {host, parts[1], parts.length > 2 ? parts[2] : "ro"});
    }
    return all;
  }

  /** ADDRESS (or empty), PORT, PORT_INSIDE and tcp or udp of each published port. */
  List<String[]> ports() {
    List<String[]> all = new ArrayList<>();
    for (String each : list(Field.PUBLISH)) {
      String protocol = each.endsWith("/udp") ? "udp" : "tcp";
      String rest = each.replaceFirst("/(tcp|udp)$", "");
      int inside = rest.lastIndexOf(':');
      String before = rest.substring(0, inside);
      int outside = before.lastIndexOf(':');
      String address = outside < 0 ? "" : before.substring(0, outside).replaceAll("[\\[\\]]", "");
      all.add(
          new String[] {
            address, before.substring(outside + 1), rest.substring(inside + 1), protocol
          });
    }
    return all;
  }

  /** UID and, if it is said, GID; empty if they are names. */
  Optional<String[]> numericUser() {
    return text(Field.USER).filter(u -> u.matches("[0-9]+(:[0-9]+)?")).map(u -> u.split(":", -1));
  }

  static Workload of(Profile profile, String image, List<String> command, String name) {
    Map<Field, List<String>> values = new EnumMap<>(Field.class);
    for (Field field : Field.values()) {
      List<String> list =
          field.shape() == Field.Shape.ONE
              ? profile.text(field).map(List::of).orElse(List.of())
              : field.shape() == Field.Shape.MAP ? List.of() : profile.list(field);
      if (!list.isEmpty()) {
        values.put(field, list);
      }
    }
    profile.text(Field.MEMORY).ifPresent(t -> put(values, Field.MEMORY, Quantity.bytes(t)));
    profile
        .text(Field.TIME)
        .ifPresent(t -> put(values, Field.TIME, Math.max(1, Quantity.duration(t).toSeconds())));
    profile.text(Field.RATE).ifPresent(t -> put(values, Field.RATE, Quantity.bitsPerSecond(t)));
    return new Workload(
        name, Optional.of(profile.name()), image, command, profile.map(Field.ENVIRONMENT), values);
  }

  private static void put(Map<Field, List<String>> values, Field field, Object value) {
    values.put(field, List.of(String.valueOf(value)));
  }

  static Workload of(SandboxSpec spec, String image, List<String> command, String name) {
    Map<Field, List<String>> v = new EnumMap<>(Field.class);
    put(v, Field.ENGINE, spec.engine());
    spec.platform().ifPresent(p -> put(v, Field.PLATFORM, p));
    NetworkSpec network = spec.network();
    put(v, Field.NETWORK, network.policy().mode().name().toLowerCase(Locale.ROOT));
    putAll(v, Field.ALLOW, network.policy().rules().stream().map(Rule::text).toList());
    putAll(
        v,
        Field.PUBLISH,
        network.ports().stream().map(NetworkSpec.PublishedPort::toString).toList());
    network.joined().ifPresent(j -> put(v, Field.JOIN, j));
    if (network.limits().bitsPerSecond() > 0) {
      put(v, Field.RATE, network.limits().bitsPerSecond());
    }
    if (!network.limits().latency().isZero()) {
      put(v, Field.LATENCY, network.limits().latency().toMillis() + "ms");
    }
    if (network.limits().lossPerMillion() > 0) {
      put(v, Field.LOSS, network.limits().lossPerMillion() / 10_000.0 + "%");
    }
    putAll(
        v,
        Field.MOUNTS,
        spec.mounts().stream()
            .map(m -> m.source() + ":" + m.target() + ":" + (m.writable() ? "rw" : "ro"))
            .toList());
    SandboxSpec.Limits limits = spec.limits();
    if (limits.memoryBytes() > 0) {
      put(v, Field.MEMORY, limits.memoryBytes());
    }
    if (limits.cpus() > 0) {
      put(v, Field.CPUS, limits.cpus());
    }
    if (limits.pids() > 0) {
      put(v, Field.PIDS, limits.pids());
    }
    if (limits.files() > 0) {
      put(v, Field.FILES, limits.files());
    }
    putAll(
        v,
        Field.DENY,
        spec.calls().stream().map(c -> c.name() + (c.endsRun() ? ":end" : "")).toList());
    spec.timeout().ifPresent(t -> put(v, Field.TIME, Math.max(1, t.toSeconds())));
    SandboxSpec.ProcessSpec process = spec.process();
    if (!process.user().isEmpty()) {
      put(v, Field.USER, process.user());
    }
    if (!process.workingDirectory().isEmpty()) {
      put(v, Field.WORKDIR, process.workingDirectory());
    }
    put(v, Field.HOSTNAME, spec.hostname());
    put(v, Field.READ_ONLY, spec.readOnlyRoot());
    return new Workload(
        name,
        Optional.empty(),
        image,
        command.isEmpty() ? process.arguments() : command,
        new LinkedHashMap<>(process.environment()),
        v);
  }

  private static void putAll(Map<Field, List<String>> values, Field field, List<String> list) {
    if (!list.isEmpty()) {
      values.put(field, list);
    }
  }
}
