package dev.vivarium.engine.oci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.SandboxSpec.ProcessSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BundleReaderTest {
  private static final String GOOD =
      """
      {"ociVersion": "1.0.2",
       "process": {"terminal": false, "cwd": "/work", "args": ["sh", "-c", "true"],
         "env": ["PATH=/bin", "A=b=c"],
         "user": {"uid": 1000, "gid": 100, "umask": 63, "additionalGids": [4, 5]},
         "capabilities": {"bounding": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN"],
           "permitted": ["CAP_CHOWN"], "inheritable": [], "ambient": []},
         "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 10, "hard": 18446744073709551615}],
         "noNewPrivileges": true, "oomScoreAdj": 500},
       "root": {"path": "tree", "readonly": true},
       "hostname": "box",
       "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
         {"destination": "/data", "type": "bind", "source": "tree", "options": ["rbind", "ro"]},
         {"destination": "/dev/null", "type": "bind", "source": "/dev/null"}],
       "hooks": {"prestart": [{"path": "/bin/hook", "args": ["hook", "x"], "timeout": 3}]},
       "annotations": {"k": "v"},
       "linux": {"namespaces": [{"type": "pid"}, {"type": "network", "path": "/proc/self/ns/net"}],
         "sysctl": {"net.ipv4.ip_unprivileged_port_start": "80"},
         "cgroupsPath": "/a/b", "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
         "resources": {"memory": {"limit": 67108864}, "cpu": {"quota": 50000, "period": 100000},
           "pids": {"limit": 40}}}}
      """;

  @TempDir Path bundle;

  @BeforeEach
  void tree() throws IOException {
    Files.createDirectory(bundle.resolve("tree"));
  }

  private Bundle read(String config) throws IOException {
    Files.writeString(bundle.resolve("config.json"), config);
    return BundleReader.read(bundle, 2);
  }

  @Test
  void everyFieldArrives() throws IOException {
    Bundle b = read(GOOD);
    ProcessSpec p = b.process();
    assertEquals(List.of("sh", "-c", "true"), p.arguments());
    assertEquals(Map.of("PATH", "/bin", "A", "b=c"), p.environment());
    assertEquals("/work", p.workingDirectory());
    assertEquals("1000:100", p.user());
    SandboxSpec.Privileges may = p.privileges().orElseThrow();
    assertEquals(List.of(4, 5), may.groups());
    assertEquals(077, may.umask());
    assertEquals(1L | 1L << 5, may.capabilities().bounding());
    assertEquals(1L, may.capabilities().effective());
    assertTrue(may.noNewPrivileges());
    assertEquals(500, may.oomScoreAdjust());
    assertEquals(List.of(new SandboxSpec.Rlimit(7, 10, -1)), may.limits());
    assertEquals(2, may.descriptors());
    assertEquals(bundle.resolve("tree").toString(), b.root());
    assertTrue(b.readOnlyRoot());
    assertEquals(
        List.of(
            new SandboxSpec.DirectoryMount("proc", "proc", "/proc", List.of()),
            new SandboxSpec.DirectoryMount(
                "bind", bundle.resolve("tree").toString(), "/data", List.of("rbind", "ro"))),
        b.mounts());
    assertEquals("/proc/self/ns/net", b.network().orElseThrow());
    assertEquals(Map.of("net.ipv4.ip_unprivileged_port_start", "80"), b.sysctls());
    assertEquals(0.5, b.resources().cpus());
    assertEquals(40, b.resources().pids());
    assertEquals(64L << 20, b.resources().memoryBytes());
    assertEquals(
        List.of(new Hook("prestart", "/bin/hook", List.of("hook", "x"), List.of(), 3)), b.hooks());
    SandboxSpec spec = BundleSpec.of(b, "0123456789abcdef", Map.of());
    assertEquals("0123456789ab", spec.id());
    assertEquals("box", spec.hostname());
    assertTrue(spec.network().namespace().isPresent());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"1.0.2\"|\"0.9\"|ociVersion",
        "\"ociVersion\": \"1.0.2\",||ociVersion: is missing",
        "\"cwd\": \"/work\"|\"cwd\": \"work\"|process.cwd: must be an absolute path",
        "[\"sh\", \"-c\", \"true\"]|[]|process.args: must name a program",
        "[\"sh\", \"-c\", \"true\"]|[1]|process.args: must be a list of strings",
        "\"A=b=c\"|\"A\"|process.env: must have the form NAME=VALUE",
        "\"uid\": 1000|\"uid\": -1|process.user.uid: must be between",
        "\"uid\": 1000|\"uid\": \"root\"|process.user.uid: must be a number",
        "\"umask\": 63|\"umask\": 512|process.user.umask",
        "[4, 5]|[-4]|process.user.additionalGids: no such group",
        "\"oomScoreAdj\": 500|\"oomScoreAdj\": 1001|process.oomScoreAdj: must be between",
        "net.ipv4.ip_unpr|../|linux.sysctl: no such parameter",
        "/proc/self/ns/net|/proc/self/ns/uts|linux.namespaces[1].path: is no namespace of type"
            + " network",
        "\"CAP_KILL\"|\"CAP_FLY\"|process.capabilities.bounding: no such capability: CAP_FLY",
        "RLIMIT_NOFILE|NOFILE|process.rlimits[0].type: no such limit: NOFILE",
        "\"soft\": 10,||process.rlimits[0].soft: is missing",
        "\"hard\": 18446744073709551615|\"hard\": 9|process.rlimits[0].soft: must not be above",
        "\"noNewPrivileges\": true|\"noNewPrivileges\": 1|process.noNewPrivileges: must be true or",
        "\"tree\", \"readonly\"|\"none\", \"readonly\"|root.path: is no directory",
        "\"readonly\": true|\"readonly\": \"yes\"|root.readonly",
        "\"type\": \"proc\"|\"type\": \"ext4\"|mounts[0].type: no such file system here: ext4",
        "\"source\": \"tree\"|\"source\": \"gone\"|mounts[1].source: no such file or directory",
        "\"destination\": \"/data\",||mounts[1].destination: is missing",
        "\"/dev/null\", \"type\"|\"/dev/kvm\", \"type\"|mounts[2].source: a device of the host",
        "\"/bin/hook\"|\"hook\"|hooks.prestart[0].path: must be an absolute path",
        "\"timeout\": 3|\"timeout\": 0|hooks.prestart[0].timeout",
        "prestart|startContainer|hooks.startContainer: is not supported",
        "{\"k\": \"v\"}|{\"k\": 1}|annotations: must hold strings only",
        "\"type\": \"pid\"|\"type\": \"pit\"|linux.namespaces[0].type: no such namespace: pit",
        "\"type\": \"pid\"|\"type\": \"network\"|linux.namespaces[1].type: is there twice",
        "{\"type\": \"network\", \"path\": \"/proc/self/ns/net\"}|{\"type\": \"ipc\"}|the host's"
            + " own network is never given",
        "/proc/self/ns/net|/proc/self/ns/nut|linux.namespaces[1].path: no such file",
        "\"type\": \"pid\"|\"type\": \"pid\", \"path\": \"/proc/self/ns/pid\"|cannot be joined",
        "[\"/proc/kcore\"]|[\"kcore\"]|linux.maskedPaths: must hold absolute paths",
        "67108864|100|linux.resources.memory.limit: nothing runs",
        "\"period\": 100000|\"period\": -5|linux.resources.cpu.period",
        "\"cgroupsPath\": \"/a/b\"|\"cgroupsPath\": 7|linux.cgroupsPath: must be a string",
        "\"cgroupsPath\"|\"uidMappings\": [{\"containerID\": 0, \"hostID\": 9, \"size\": 1}],"
            + " \"cgroupsPath\"|linux.uidMappings: user ids cannot be mapped",
        "\"cgroupsPath\"|\"devices\": [{\"path\": \"/dev/kvm\", \"type\": \"c\"}], \"cgroupsPath\""
            + "|linux.devices[0].path: a device of the host",
      })
  void aWrongFieldIsNamed(String right, String wrong, String complaint) {
    assertTrue(GOOD.contains(right), right);
    String config = GOOD.replace(right, wrong == null ? "" : wrong);
    OciException e = assertThrows(OciException.class, () -> read(config));
    assertTrue(e.getMessage().contains(complaint), e.getMessage());
    assertTrue(e.getMessage().startsWith("config.json: "), e.getMessage());
  }

  @Test
  void whatIsMeantForUsIsChecked() throws IOException {
    for (String each :
        List.of(
            "dev.vivarium.engine\": \"qemu",
            "dev.vivarium.platform\": \"magic",
            "dev.vivarium.profile\": \"no-such-profile")) {
      Bundle b = read(GOOD.replace("k\": \"v", each));
      OciException e =
          assertThrows(OciException.class, () -> BundleSpec.of(b, "x", Map.of("HOME", "/none")));
      assertTrue(e.getMessage().contains(each.substring(0, 16)), e.getMessage());
    }
  }

  @Test
  void withoutAPathTheNetworkIsNothing() throws IOException {
    Bundle b = read(GOOD.replace(", \"path\": \"/proc/self/ns/net\"", ""));
    assertEquals(NetworkSpec.NONE, BundleSpec.of(b, "x", Map.of()).network());
  }

  @Test
  void whatSystemdWouldMakeIsFound() throws IOException {
    assertEquals(
        "/user.slice/user-1000.slice/libpod-abc.scope",
        Cgroups.resolve("user-1000.slice:libpod:abc"));
    assertThrows(OciException.class, () -> Cgroups.resolve("/a/../../b"));
  }

  @Test
  void oneMoreProcessTakesTheRestFromTheFirst() throws IOException {
    ProcessSpec own = read(GOOD).process();
    ProcessSpec more =
        ProcessReader.more("{\"args\": [\"id\"], \"moreEnv\": [\"B=1\"], \"terminal\": true}", own);
    assertEquals("1000:100", more.user());
    assertEquals("1", more.environment().get("B"));
    assertEquals("/bin", more.environment().get("PATH"));
    assertEquals("/work", more.workingDirectory());
    assertTrue(more.terminal());
    assertEquals(
        own.privileges().orElseThrow().capabilities(),
        more.privileges().orElseThrow().capabilities());
    assertEquals(0, more.privileges().orElseThrow().descriptors());
    assertThrows(OciException.class, () -> ProcessReader.more("{\"args\": []}", own));
    assertThrows(OciException.class, () -> ProcessReader.more("nonsense", own));
  }
}
