package dev.vivarium.engine.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.compare.Advisor.Advice;
import dev.vivarium.engine.compare.Advisor.History;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.SandboxState.Status;
import dev.vivarium.engine.state.StateEntry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdvisorTest {
  private static final History NOTHING = new History(0, 0, "", 0);

  @TempDir private Path temp;

  @Test
  void withoutKvmTheSentryUnlessItLacksSomething() {
    Advisor advisor = new Advisor(false);
    assertEquals("sentry", advisor.advise(NOTHING, 0).engine());
    assertEquals("sentry", advisor.advise(new History(3, 0, "", 0.9), 0).engine());
    Advice other = advisor.advise(new History(3, 1, "bpf", 0), 0);
    assertEquals("microvm", other.engine());
    assertTrue(other.reason().contains("bpf") && other.reason().contains("slow"), other.reason());
  }

  @Test
  void withKvmWhatWasMeasuredDecides() {
    Advisor advisor = new Advisor(true);
    assertEquals("sentry", advisor.advise(NOTHING, 0).engine());
    assertEquals("microvm", advisor.advise(new History(2, 0, "", 0.5), 0).engine());
    assertEquals("sentry", advisor.advise(new History(2, 0, "", 0.1), 0).engine());
    assertEquals(
        "one recorded run spent 10 % of its time in system calls:"
            + " it starts sooner and needs less memory",
        advisor.advise(new History(1, 0, "", 0.1), 0).reason());
    assertEquals("sentry", advisor.advise(new History(2, 0, "", 0.5), 64 << 20).engine());
  }

  private void ran(String id, String image, String program, int code, String report)
      throws IOException {
    StateEntry entry = StateEntry.of(new Directories(temp, temp), id).create();
    entry.writeState(
        new SandboxState(
            id,
            "n" + id,
            "sentry",
            "",
            image,
            List.of(program),
            Status.EXITED,
            1,
            Instant.now(),
            Optional.of(Instant.now()),
            code,
            ""));
    entry.writeReport(report.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void historyIsOfTheSameProgramInTheSameImage() throws IOException {
    String busy =
        "{\"durationNanos\":1000,\"systemCalls\":[{\"totalNanos\":900,\"blockedNanos\":400}],"
            + "\"unsupported\":[{\"name\":\"bpf\"}]}";
    ran("000000000001", "host", "a", 1, busy);
    ran("000000000002", "host", "a", 0, busy);
    ran("000000000003", "host", "b", 1, busy);
    ran("000000000004", "debian", "a", 1, busy);
    ran("000000000005", "host", "a", 0, "no report");
    assertEquals(
        new History(2, 1, "bpf", 0.5),
        Advisor.history(new Directories(temp, temp), "host", List.of("a", "-x")));
  }
}
