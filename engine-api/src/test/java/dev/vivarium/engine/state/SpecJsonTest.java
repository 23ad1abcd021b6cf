package dev.vivarium.engine.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.profiles.network.NetworkPolicy;
import dev.vivarium.profiles.network.Rule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SpecJsonTest {
  static SandboxSpec full() {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("PATH", "/bin");
    environment.put("ODD", "line\nfeed \"quoted\" \u0001 ü 🦎");
    return new SandboxSpec(
        "0123456789ab",
        "calm-newt",
        "sentry",
        Optional.of("systrap"),
        new SandboxSpec.Root.Image("debian:13", List.of("/a/1", "/a/2")),
        new SandboxSpec.ProcessSpec(
            List.of("sh", "-c", ""), environment, "/work", "1000:1000", true, true),
        "box",
        List.of(new SandboxSpec.Mount("/src", "/dst", true)),
        true,
        new SandboxSpec.Limits(1L << 40, 1.5, 256, 64, 1L << 31),
        Optional.of(Duration.ofMillis(1500)),
        Optional.of("/tmp/trace.jsonl"),
        new NetworkSpec(
            new NetworkPolicy(
                NetworkPolicy.Mode.ASK,
                List.of(Rule.parse("*.example.org:443/tcp"), Rule.parse("10.0.0.0/8")),
                List.of(Rule.parse("evil.example.org")),
                new NetworkPolicy.Asking(Duration.ofSeconds(20), "agent")),
            List.of(
                new NetworkSpec.PublishedPort("127.0.0.1", 8080, 80, false),
                new NetworkSpec.PublishedPort("::1", 53, 5353, true)),
            List.of(new NetworkSpec.NameServer("192.0.2.1", 53)),
            Optional.of("lan"),
            new NetworkSpec.Limits(10_000_000, Duration.ofMillis(80), 10_000)),
        Optional.of("/tmp/report.html"),
        List.of(
            new SandboxSpec.CallRule(101, "ptrace", 1), new SandboxSpec.CallRule(165, "mount", 0)),
        new SandboxSpec.Machine(
            Optional.of("firecracker"),
            Optional.of("/boot/k"),
            "a=b \"c d\"",
            2L << 30,
            Optional.of("virtiofs")),
        true,
        List.of("persistence"));
  }

  @Test
  void aSpecificationSurvivesWritingAndReading() throws IOException {
    assertEquals(full(), SpecJson.read(SpecJson.write(full())));
  }

  @Test
  void theOrderOfTheEnvironmentSurvives() throws IOException {
    SandboxSpec read = SpecJson.read(SpecJson.write(full()));
    assertEquals(List.of("PATH", "ODD"), List.copyOf(read.process().environment().keySet()));
  }

  @Test
  void theHostRootAndAbsentOptionsSurvive() throws IOException {
    SandboxSpec full = full();
    SandboxSpec spec =
        new SandboxSpec(
            full.id(),
            full.name(),
            full.engine(),
            Optional.empty(),
            new SandboxSpec.Root.Host(),
            full.process(),
            full.hostname(),
            List.of(),
            false,
            new SandboxSpec.Limits(0, 0, 0),
            Optional.empty(),
            Optional.empty());
    assertEquals(spec, SpecJson.read(SpecJson.write(spec)));
  }

  @Test
  void everyTruncationIsRefusedWithAMessage() {
    byte[] whole = SpecJson.write(full());
    for (int length = 0; length < whole.length - 2; length++) {
      byte[] part = java.util.Arrays.copyOf(whole, length);
      IOException e = assertThrows(IOException.class, () -> SpecJson.read(part));
      assertTrue(e.getMessage() != null && !e.getMessage().isEmpty());
    }
  }

  @Test
  void wrongTypesAreNamed() {
    String text = new String(SpecJson.write(full()), StandardCharsets.UTF_8);
    byte[] wrong = text.replace("\"box\"", "7").getBytes(StandardCharsets.UTF_8);
    IOException e = assertThrows(IOException.class, () -> SpecJson.read(wrong));
    assertTrue(e.getMessage().contains("hostname"), e.getMessage());
  }

  @Test
  void aStateSurvivesWritingAndReading() throws IOException {
    SandboxState state =
        new SandboxState(
            "0123456789ab",
            "calm-newt",
            "sentry",
            "ptrace",
            "host",
            List.of("true"),
            SandboxState.Status.RUNNING,
            42,
            Instant.parse("2026-11-20T10:00:00Z"),
            Optional.empty(),
            0,
            "");
    assertEquals(state, StateJson.read(StateJson.write(state)));
    SandboxState ended =
        state.ended(
            SandboxState.Status.FAILED, Instant.parse("2026-11-20T10:00:01.5Z"), 125, "broke");
    assertEquals(ended, StateJson.read(StateJson.write(ended)));
  }
}
