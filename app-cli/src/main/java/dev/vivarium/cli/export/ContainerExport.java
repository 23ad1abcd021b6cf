package dev.vivarium.cli.export;

import dev.vivarium.profiles.Field;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A workload for one machine: a compose file, a podman command, or a unit of systemd's. */
final class ContainerExport {
  private static final String RUNTIME = "vivarium-oci";
  private static final String BY_PROFILE =
      "the profile does it where it is installed (annotation dev.vivarium.profile)";

  private final Workload workload;
  private final Map<String, String> environment;
  private final Notes notes = new Notes();

  ContainerExport(Workload workload, Map<String, String> environment) {
    this.workload = workload;
    this.environment = environment;
  }

  private Map<String, String> annotations() {
    Map<String, String> all = new LinkedHashMap<>();
    workload.profile().ifPresent(p -> all.put("dev.vivarium.profile", p));
    workload.text(Field.PLATFORM).ifPresent(p -> all.put("dev.vivarium.platform", p));
    return all;
  }

  private boolean hasNetwork() {
    return !workload.network().equals("none")
        || workload.has(Field.PUBLISH)
        || workload.has(Field.JOIN);
  }

  /** What none of the three has words for. */
  private void lost() {
    notes.lostEverywhere(workload);
    if (workload.text(Field.ENGINE).filter("microvm"::equals).isPresent()) {
      notes.lost(workload, Field.ENGINE, "the runtime runs the sentry");
    }
    notes.lost(workload, Field.ALLOW, BY_PROFILE);
    notes.lost(workload, Field.RATE, "a container's network has no such limit");
    notes.lost(workload, Field.LATENCY, "a container's network has no such limit");
    notes.lost(workload, Field.LOSS, "a container's network has no such limit");
    notes.lost(workload, Field.DENY, "it needs a seccomp profile as a file");
  }

  private static String volume(String[] m) {
    return m[0] + ":" + m[1] + (m[2].equals("ro") ? ":ro" : "");
  }

  private static String port(String[] p) {
    String address = p[0].indexOf(':') >= 0 ? "[" + p[0] + "]" : p[0];
    return (address.isEmpty() ? "" : address + ":")
        + p[1]
        + ":"
        + p[2]
        + (p[3].equals("udp") ? "/udp" : "");
  }

  String compose() {
    Map<String, Object> s = new LinkedHashMap<>();
    s.put("image", workload.image());
    s.put("runtime", RUNTIME);
    if (!workload.command().isEmpty()) {
      s.put("command", workload.command().stream().map(ContainerExport::literal).toList());
    }
    Map<String, Object> variables = new LinkedHashMap<>();
    workload.environment().forEach((name, value) -> variables.put(name, literal(value)));
    for (String name : workload.list(Field.PASS)) {
      variables.putIfAbsent(name, "${" + name + "-}");
    }
    if (!variables.isEmpty()) {
      s.put("environment", variables);
    }
    workload.text(Field.WORKDIR).ifPresent(w -> s.put("working_dir", w));
    workload.text(Field.USER).ifPresent(u -> s.put("user", u));
    workload.text(Field.HOSTNAME).ifPresent(h -> s.put("hostname", h));
    s.put("read_only", workload.text(Field.READ_ONLY).filter("true"::equals).isPresent());
    put(s, "volumes", workload.mounts(environment).stream().map(ContainerExport::volume).toList());
    put(s, "ports", workload.ports().stream().map(ContainerExport::port).toList());
    if (workload.has(Field.MEMORY)) {
      s.put("mem_limit", workload.number(Field.MEMORY));
    }
    workload.text(Field.CPUS).ifPresent(c -> s.put("cpus", Double.parseDouble(c)));
    if (workload.has(Field.PIDS)) {
      s.put("pids_limit", workload.number(Field.PIDS));
    }
    if (workload.has(Field.FILES)) {
      s.put("ulimits", KubeExport.map("nofile", workload.number(Field.FILES)));
    }
    if (!annotations().isEmpty()) {
      s.put("annotations", new LinkedHashMap<>(annotations()));
    }
    Map<String, Object> all = new LinkedHashMap<>();
    if (!hasNetwork()) {
      s.put("network_mode", "none");
    }
    workload.text(Field.JOIN).ifPresent(j -> s.put("networks", List.of(j)));
    workload.text(Field.DESCRIPTION).ifPresent(d -> all.put("x-description", d));
    all.put("services", KubeExport.map(workload.name(), s));
    workload
        .text(Field.JOIN)
        .ifPresent(j -> all.put("networks", KubeExport.map(j, new LinkedHashMap<>())));
    lost();
    notes.lost(workload, Field.TIME, "a compose service has no time limit");
    return notes.comments() + Yaml.write(List.of(all));
  }

  /** Compose puts in variables of its own for a single dollar sign. */
  private static String literal(String text) {
    return text.replace("$", "$$");
  }

  private static void put(Map<String, Object> to, String name, List<String> list) {
    if (!list.isEmpty()) {
      to.put(name, list);
    }
  }

  /** Words of "podman run" that a unit has keys for, or has not. */
  private List<String> runtimeWords() {
    List<String> words = new ArrayList<>();
    workload.text(Field.MEMORY).ifPresent(m -> words.add("--memory=" + m));
    workload.text(Field.CPUS).ifPresent(c -> words.add("--cpus=" + c));
    workload.text(Field.PIDS).ifPresent(p -> words.add("--pids-limit=" + p));
    workload.text(Field.FILES).ifPresent(f -> words.add("--ulimit=nofile=" + f + ":" + f));
    workload.text(Field.WORKDIR).ifPresent(w -> words.add("--workdir=" + w));
    workload.text(Field.HOSTNAME).ifPresent(h -> words.add("--hostname=" + h));
    return words;
  }

  String podman() {
    List<String> words = new ArrayList<>();
    words.add("podman --runtime=" + RUNTIME + " run");
    words.add("--rm");
    words.add("--name=" + workload.name());
    words.addAll(runtimeWords());
    workload.text(Field.TIME).ifPresent(t -> words.add("--timeout=" + t));
    workload.text(Field.USER).ifPresent(u -> words.add("--user=" + u));
    if (workload.text(Field.READ_ONLY).filter("true"::equals).isPresent()) {
      words.add("--read-only");
    }
    if (!hasNetwork()) {
      words.add("--network=none");
    }
    workload.text(Field.JOIN).ifPresent(j -> words.add("--network=" + j));
    workload.ports().forEach(p -> words.add("--publish=" + port(p)));
    workload.mounts(environment).forEach(m -> words.add("--volume=" + volume(m)));
    workload.environment().forEach((name, value) -> words.add("--env=" + name + "=" + value));
    workload.list(Field.PASS).forEach(name -> words.add("--env=" + name));
    annotations().forEach((name, value) -> words.add("--annotation=" + name + "=" + value));
    words.add(workload.image());
    words.addAll(workload.command());
    lost();
    String description =
        workload.text(Field.DESCRIPTION).map(d -> "# " + d.replace('\n', ' ') + "\n").orElse("");
    StringBuilder b = new StringBuilder("#!/bin/sh\n" + description + notes.comments());
    workload
        .text(Field.JOIN)
        .ifPresent(
            j -> b.append("podman network exists " + j + " || podman network create " + j + "\n"));
    b.append("exec ").append(words.getFirst());
    words.subList(1, words.size()).forEach(word -> b.append(" \\\n  ").append(shell(word)));
    return b.append('\n').toString();
  }

  /** One word of a shell's line. */
  static String shell(String word) {
    return word.matches("[A-Za-z0-9_@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  /** A quadlet: podman's generator makes a service of it. */
  String systemd() {
    StringBuilder b = new StringBuilder(notes(true));
    b.append("[Unit]\n");
    b.append("Description=")
        .append(unit(workload.text(Field.DESCRIPTION).orElse(workload.name())))
        .append('\n');
    b.append("\n[Container]\n");
    key(b, "ContainerName", workload.name());
    key(b, "Image", workload.image());
    if (!workload.command().isEmpty()) {
      key(
          b,
          "Exec",
          String.join(" ", workload.command().stream().map(ContainerExport::quoted).toList()));
    }
    key(b, "PodmanArgs", "--runtime=" + RUNTIME);
    runtimeWords().forEach(word -> key(b, "PodmanArgs", quoted(word)));
    workload.text(Field.USER).ifPresent(u -> key(b, "PodmanArgs", "--user=" + u));
    if (workload.text(Field.READ_ONLY).filter("true"::equals).isPresent()) {
      key(b, "ReadOnly", "true");
    }
    if (!hasNetwork()) {
      key(b, "Network", "none");
    }
    workload.text(Field.JOIN).ifPresent(j -> key(b, "Network", j));
    workload.ports().forEach(p -> key(b, "PublishPort", port(p)));
    workload.mounts(environment).forEach(m -> key(b, "Volume", volume(m)));
    workload
        .environment()
        .forEach((name, value) -> key(b, "Environment", quoted(name + "=" + value)));
    annotations().forEach((name, value) -> key(b, "Annotation", quoted(name + "=" + value)));
    b.append("\n[Service]\nRestart=no\n");
    workload.text(Field.TIME).ifPresent(t -> key(b, "RuntimeMaxSec", t));
    return b.append("\n[Install]\nWantedBy=default.target\n").toString();
  }

  private String notes(boolean unit) {
    lost();
    if (unit) {
      notes.lost(workload, Field.PASS, "a service has no environment to take it from");
    }
    return notes.comments();
  }

  private static void key(StringBuilder b, String name, String value) {
    b.append(name).append('=').append(unit(value)).append('\n');
  }

  /** A value of a unit: per cent signs begin specifiers, and a line is a line. */
  private static String unit(String value) {
    return value.replace("%", "%%").replace('\n', ' ');
  }

  /** One word of a unit's value. */
  private static String quoted(String word) {
    return word.matches("[A-Za-z0-9_@%+=:,./-]+")
        ? word
        : "\"" + word.replace("\\", "\\\\").replace("\"", "\\\"").replace("$", "$$") + "\"";
  }
}
