package dev.vivarium.cli.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.ProfileException;
import dev.vivarium.profiles.Profiles;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportTest {
  private static final String EVERYTHING =
      """
      description: all of it
      engine: microvm
      platform: systrap
      machine: {vmm: qemu, kernel: /boot/k, kernel-args: quiet, disk: 2g, share: virtiofs}
      signed-by: ["~/key.pub"]
      network:
        mode: ask
        allow: ["example.org:443", "10.1.2.0/24:80-90/tcp", "[2001:db8::1]:53/udp"]
        deny: ["*.evil.example"]
        ask-time: 20s
        publish: ["127.0.0.1:8080:80", "5353:53/udp"]
        join: team
        rate: 10mbit
        latency: 80ms
        loss: 1%
      mounts: ["/srv/x:/x", "/srv/y:/y:rw"]
      limits: {memory: 512m, cpus: 1.5, pids: 99, files: 77, time: 5m, disk: 2g}
      report: {flag: [persistence]}
      system-calls:
        deny: ["ptrace", "mount:ENOSYS"]
      environment: {A: "b c"}
      pass-environment: [LANG]
      user: "1000:100"
      workdir: /somewhere
      hostname: box
      read-only: true
      """;

  @TempDir Path folder;

  private Workload everything() throws ProfileException {
    Profile profile = new Profiles(folder).check("all", EVERYTHING);
    Workload w = Workload.of(profile, "alpine:3", List.of("sh", "-c", "echo $HOME"), "all");
    Map<Field, List<String>> set = new EnumMap<>(Field.class);
    set.putAll(w.values());
    set.put(Field.ENVIRONMENT, List.of("A"));
    assertEquals(Field.values().length, set.size(), "the test sets every field");
    return w;
  }

  /** How each field looks where it is carried. */
  private static final Map<Field, List<String>> SIGNS =
      Map.ofEntries(
          Map.entry(Field.DESCRIPTION, List.of("all of it")),
          Map.entry(Field.PLATFORM, List.of("systrap")),
          Map.entry(Field.NETWORK, List.of("Egress", "team")),
          Map.entry(Field.ALLOW, List.of("10.1.2.0/24")),
          Map.entry(Field.PUBLISH, List.of("8080")),
          Map.entry(Field.JOIN, List.of("--network=team", "- team", "Network=team")),
          Map.entry(Field.RATE, List.of("'10000000'")),
          Map.entry(Field.MOUNTS, List.of("/srv/y")),
          Map.entry(Field.MEMORY, List.of("536870912")),
          Map.entry(Field.CPUS, List.of("1.5")),
          Map.entry(Field.PIDS, List.of("pids_limit: 99", "--pids-limit=99")),
          Map.entry(Field.FILES, List.of("nofile: 77", "nofile=77:77")),
          Map.entry(Field.TIME, List.of("activeDeadlineSeconds: 300", "=300")),
          Map.entry(Field.ENVIRONMENT, List.of("b c")),
          Map.entry(Field.PASS, List.of("${LANG-}", "--env=LANG")),
          Map.entry(Field.USER, List.of("runAsUser: 1000", "1000:100")),
          Map.entry(Field.WORKDIR, List.of("/somewhere")),
          Map.entry(Field.HOSTNAME, List.of("box")),
          Map.entry(
              Field.READ_ONLY,
              List.of("ilesystem: true", "read_only: true", "--read-only", "ReadOnly=true")));

  @Test
  void eachFieldIsCarriedOrNamed() throws ProfileException {
    Workload w = everything();
    Map<String, String> all =
        Map.of(
            "pod", new KubeExport(w, false, Map.of()).write(),
            "job", new KubeExport(w, true, Map.of()).write(),
            "compose", new ContainerExport(w, Map.of()).compose(),
            "podman", new ContainerExport(w, Map.of()).podman(),
            "systemd", new ContainerExport(w, Map.of()).systemd());
    all.forEach((format, text) -> {
      for (Field field : Field.values()) {
        boolean named = text.contains("# " + field.key() + ": ");
        boolean carried = SIGNS.getOrDefault(field, List.of()).stream().anyMatch(text::contains);
        assertTrue(named || carried, format + ": " + field.key() + "\n" + text);
      }
    });
  }

  @Test
  void whatAnotherReadsAsASignIsEscaped() throws ProfileException {
    Workload w = everything();
    assertTrue(new ContainerExport(w, Map.of()).compose().contains("echo $$HOME"));
    assertTrue(new ContainerExport(w, Map.of()).podman().contains("'echo $HOME'"));
    assertTrue(new ContainerExport(w, Map.of()).systemd().contains("\"echo $$HOME\""));
    assertEquals("'it'\\''s'", ContainerExport.shell("it's"));
  }

  @Test
  void aNameIsOpenedWideAndSaidToBe() throws ProfileException {
    String kube = new KubeExport(everything(), false, Map.of()).write();
    assertTrue(kube.contains("# network.allow: example.org:443: cannot be carried: "), kube);
    assertTrue(kube.contains("cidr: 2001:db8::1/128"), kube);
    assertTrue(kube.contains("endPort: 90"), kube);
  }

  @Test
  void withoutANetworkNothingLeadsOut() throws ProfileException {
    Profile profile = new Profiles(folder).check("x", "network:\n  mode: none\n");
    Workload w = Workload.of(profile, "alpine:3", List.of(), "x");
    assertTrue(new KubeExport(w, false, Map.of()).write().contains("egress: []"));
    assertTrue(new ContainerExport(w, Map.of()).podman().contains("--network=none"));
    assertTrue(new ContainerExport(w, Map.of()).compose().contains("network_mode: none"));
    assertTrue(new ContainerExport(w, Map.of()).systemd().contains("Network=none"));
  }
}
