package dev.vivarium.profiles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProfilesTest {
  @TempDir Path folder;

  private Profile load(String text) throws Exception {
    Path file = Files.writeString(folder.resolve("p.yaml"), text);
    return new Profiles(folder).load(file.toString());
  }

  private String error(String text) {
    return assertThrows(ProfileException.class, () -> load(text))
        .getMessage()
        .replace(folder + "/", "");
  }

  @Test
  void everyBuiltInProfileCanBeReadAndSaysWhatItIsFor() throws Exception {
    Profiles profiles = new Profiles(folder);
    for (String name : Profiles.BUILT_IN) {
      assertTrue(profiles.load(name).text(Field.DESCRIPTION).isPresent(), name);
    }
    Profile untrusted = profiles.load("untrusted");
    assertEquals(Optional.of("none"), untrusted.text(Field.NETWORK));
    assertEquals(List.of(), untrusted.list(Field.MOUNTS));
    assertEquals(Optional.of("5m"), untrusted.text(Field.TIME));
    Profile strict = profiles.load("strict-microvm");
    assertEquals(Optional.of("5m"), strict.text(Field.TIME));
    assertEquals(Optional.of("microvm"), strict.text(Field.ENGINE));
    assertEquals("built-in untrusted:9", strict.settings().get(Field.TIME).origin());
  }

  @Test
  void everyFieldIsReadAsItIsWritten() throws Exception {
    Profile p =
        load(
            """
            description: all of them
            engine: sentry
            platform: ptrace
            machine: {vmm: qemu, kernel: ~/vmlinux, kernel-args: quiet, disk: 2g, share: virtiofs}
            network:
              mode: allow
              allow: [example.org:443, "10.0.0.0/8"]
              deny: [evil.example.org]
              ask-time: 20s
              publish: ["8080:80", "[::1]:53:53/udp"]
              join: lab
              rate: 10mbit
              latency: 80ms
              loss: 1%
            mounts:
              - ~/data:/data
              - .:/work:rw
            limits: {memory: 512m, cpus: 1.5, pids: 64, files: 100, time: 90s, disk: 2g}
            report: {flag: [persistence, network-refused]}
            signed-by: [~/cosign.pub]
            system-calls: {deny: [ptrace, "mount:ENOSYS", "bpf:end"]}
            environment: {A: "1", B: yes, EMPTY: ""}
            pass-environment: [LANG]
            user: "1000:100"
            workdir: /work
            hostname: box
            read-only: true
            """);
    for (Field field : Field.values()) {
      assertNotNull(p.settings().get(field), field.key());
    }
    assertEquals(List.of("~/data:/data", ".:/work:rw"), p.list(Field.MOUNTS));
    assertEquals(Map.of("A", "1", "B", "yes", "EMPTY", ""), p.map(Field.ENVIRONMENT));
    assertEquals(Optional.of("1.5"), p.text(Field.CPUS));
  }

  @Test
  void whatIsWrongIsSaidWithItsPlace() {
    assertEquals(
        "p.yaml:3: limits.pids: -1: must be a whole number of at least 1",
        error("user: a\nlimits:\n  pids: -1\n"));
    assertEquals(
        "p.yaml:1: environment: A-B: must be a name of letters, digits and _",
        error("environment: {A-B: c}"));
    assertEquals("p.yaml:1: network.mode: must be one value", error("network: {mode: [none]}"));
    assertEquals(
        "p.yaml:1: limits: must have fields: memory, cpus, pids, files, disk, time",
        error("limits: 3"));
    assertTrue(error("- a\n").startsWith("p.yaml:1: a profile: must have fields: extends,"));
    assertTrue(error("mounts: ['x:/']").contains("GUEST absolute and not /"));
  }

  @Test
  void aNameOfOnesOwnGoesBeforeWhatIsBuiltInAndMayAddToIt() throws Exception {
    Files.writeString(folder.resolve("offline.yaml"), "extends: offline\nhostname: mine\n");
    Profiles profiles = new Profiles(folder);
    Profile p = profiles.load("offline");
    assertEquals(Optional.of("mine"), p.text(Field.HOSTNAME));
    assertEquals(Optional.of("none"), p.text(Field.NETWORK));
    assertEquals(Profiles.BUILT_IN, profiles.names());
  }

  @Test
  void pathsAreRelativeToTheFileThatExtends() throws Exception {
    Files.createDirectories(folder.resolve("d"));
    Files.writeString(folder.resolve("d/base.yaml"), "user: base\n");
    Files.writeString(folder.resolve("d/top.yaml"), "extends: ./base.yaml\n");
    Profile p = new Profiles(folder).load(folder.resolve("d/top.yaml").toString());
    assertEquals(Optional.of("base"), p.text(Field.USER));
  }

  @Test
  void aChainThatIsTooDeepIsRefused() throws Exception {
    for (int i = 0; i < 20; i++) {
      Files.writeString(folder.resolve("p" + i + ".yaml"), "extends: p" + (i + 1) + "\n");
    }
    ProfileException e =
        assertThrows(ProfileException.class, () -> new Profiles(folder).load("p0"));
    assertTrue(e.getMessage().contains("too deep"), e.getMessage());
  }

  /** Whatever the text, there is a profile or one line that says why not. */
  @Test
  void anyTextIsReadOrRefused() throws Exception {
    Random random = new Random(5);
    String[] parts = {
      "network", "mounts", ": ", "\n", "  ", "- ", "[", "]", "{", "}", "&a ", "*a", "!!", "|", ">",
      "\"", "'", "limits", "memory", "1g", "\t", "#", "<<", "?", "\u0000", "é", "---", "...", ","
    };
    int refused = 0;
    for (int i = 0; i < 3000; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(30); n > 0; n--) {
        text.append(parts[random.nextInt(parts.length)]);
      }
      try {
        ProfileReader.read("p", text.toString());
      } catch (ProfileException e) {
        refused++;
        assertFalse(e.getMessage().isEmpty());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
      }
    }
    assertTrue(refused > 1000, refused + " refused");
  }
}
