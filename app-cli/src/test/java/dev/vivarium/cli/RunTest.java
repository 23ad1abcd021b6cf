package dev.vivarium.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(90)
class RunTest {
  @TempDir Path temp;
  private Viv viv;

  @BeforeEach
  void setUp() throws IOException {
    viv = new Viv(temp);
  }

  private static void assertOneLine(String expected, Viv.Result result) {
    assertEquals(expected + "\n", result.err());
  }

  @Test
  void theCommandsExitCodeIsOurs() throws Exception {
    for (int code : new int[] {0, 1, 42, 255}) {
      Viv.Result result = viv.run("run", "host", "exit", String.valueOf(code));
      assertEquals(new Viv.Result(code, "", ""), result);
    }
    assertEquals(List.of(), viv.running());
  }

  @Test
  void dashesAfterTheImageBelongToTheCommand() throws Exception {
    assertEquals("--rm -t x\n", viv.run("run", "host", "--", "echo", "--rm", "-t", "x").out());
    assertEquals("-- x\n", viv.run("run", "host", "echo", "--", "x").out());
  }

  @Test
  void standardInputIsAtItsEndUnlessAskedFor() throws Exception {
    assertEquals("hi\n", viv.finish(viv.start("run", "-i", "host", "cat"), "hi\n").out());
    assertEquals("", viv.finish(viv.start("run", "host", "cat"), "hi\n").out());
  }

  @Test
  void standardErrorStaysApart() throws Exception {
    Viv.Result result = viv.run("run", "host", "error", "apart");
    assertEquals("", result.out());
    assertEquals("apart\n", result.err());
  }

  @Test
  void deathBySignalIs128PlusItsNumber() throws Exception {
    assertEquals(137, viv.run("run", "host", "signal", "9").code());
    assertEquals(139, viv.run("run", "host", "signal", "11").code());
  }

  @Test
  void theEnginesRefusalIsOneLineWithItsCode() throws Exception {
    for (int code : new int[] {125, 126, 127}) {
      Viv.Result result = viv.run("run", "host", "refuse", "" + code, "it is not there: nope");
      assertEquals(code, result.code());
      assertOneLine("viv: it is not there: nope", result);
    }
    assertEquals(List.of(), viv.running());
  }

  @Test
  void theTimeLimitIs124() throws Exception {
    Viv.Result result = viv.run("run", "--timeout", "300ms", "host", "sleep");
    assertEquals(124, result.code());
    assertOneLine("viv: ended: its time limit of 0.3 s passed", result);
  }

  @Test
  void flagsReachTheSpecification() throws Exception {
    Path file = Files.writeString(temp.resolve("vars"), "# comment\n\nA=file\nB=file=2\n");
    Viv.Result result =
        viv.run(
            "run",
            "--env-file",
            file.toString(),
            "-e",
            "A=flag",
            "-e",
            "FROM_HERE",
            "-e",
            "PATH=",
            "-e",
            "LANG",
            "-w",
            "/work",
            "-u",
            "5:6",
            "-v",
            ".:/data",
            "-v",
            temp + ":/rw:rw",
            "--memory",
            "512m",
            "--cpus",
            "1.5",
            "--pids",
            "99",
            "--files",
            "64",
            "--disk",
            "32m",
            "host",
            "args");
    assertEquals(0, result.code(), result.err());
    String out = result.out();
    assertTrue(out.contains("A=flag"), out);
    assertTrue(out.contains("B=file=2"), out);
    assertTrue(out.contains("FROM_HERE=yes"), out);
    assertTrue(out.contains("PATH=,"), out);
    assertTrue(out.contains("\n/work\nuser 5:6\n"), out);
    assertTrue(out.contains("Mount[source=" + temp + ", target=/data, writable=false]"), out);
    assertTrue(out.contains("target=/rw, writable=true]"), out);
    String limits =
        "Limits[memoryBytes=536870912, cpus=1.5, pids=99, files=64, diskBytes=33554432]";
    assertTrue(out.contains(limits), out);
  }

  @Test
  void aSandboxIsListedByTheNameItWasGivenAndItsNameIsTakenUntilItIsRemoved() throws Exception {
    assertEquals(3, viv.run("run", "--name", "web", "host", "exit", "3").code());
    String listed = viv.run("ps", "-a").out();
    assertTrue(listed.contains("web"), listed);
    assertTrue(listed.contains("exited (3)"), listed);
    assertEquals("", viv.run("ps", "-q").out());
    Viv.Result taken = viv.run("run", "--name", "web", "host", "exit", "0");
    assertEquals(125, taken.code());
    assertOneLine("viv: the name is taken: web; remove that sandbox with viv rm web", taken);
    assertEquals(List.of(), viv.running());
    assertEquals("web\n", viv.run("rm", "web").out());
    assertEquals(0, viv.run("run", "--rm", "--name", "web", "host", "exit", "0").code());
    assertEquals("", viv.run("ps", "-a", "-q").out());
  }

  @Test
  void failedSandboxesAreListedWithTheReason() throws Exception {
    viv.run("run", "--name", "bad", "host", "break", "a stub was lost");
    String listed = viv.run("ps", "-a").out();
    assertTrue(listed.contains("failed (125)"), listed);
    assertTrue(listed.contains("a stub was lost"), listed);
    String json = viv.run("ps", "-a", "--format", "jsonl").out();
    assertTrue(json.contains("\"reason\":\"a stub was lost\""), json);
    assertTrue(json.startsWith("{\"schemaVersion\":1,"), json);
  }

  @Test
  void signalsAreForwardedToTheCommand() throws Exception {
    Process process = viv.start("run", "host", "report");
    var out = process.inputReader();
    assertEquals("ready", out.readLine());
    new ProcessBuilder("kill", "-USR1", String.valueOf(process.pid())).start().waitFor();
    assertEquals("signal 10", out.readLine());
    new ProcessBuilder("kill", String.valueOf(process.pid())).start().waitFor();
    assertEquals("signal 15", out.readLine());
    assertTrue(process.waitFor(10, TimeUnit.SECONDS));
    assertEquals(143, process.exitValue());
  }

  @Test
  void aKilledClientLeavesNoProcessAndNoRunDirectory() throws Exception {
    Process process = viv.start("run", "host", "report");
    assertEquals("ready", process.inputReader().readLine());
    String id = viv.running().get(0);
    assertFalse(Viv.processes(id).isEmpty());
    process.destroyForcibly().waitFor();
    for (int i = 0; i < 200 && !Viv.processes(id).isEmpty(); i++) {
      Thread.sleep(50);
    }
    assertEquals(List.of(), Viv.processes(id));
    assertEquals(List.of(), viv.running());
  }

  @Test
  void aClientKilledBeforeItStartedAnythingLeavesNothing() throws Exception {
    for (int delay = 0; delay <= 300; delay += 60) {
      Process process = viv.start("run", "host", "sleep");
      Thread.sleep(delay);
      process.destroyForcibly().waitFor();
    }
    boolean gone = false;
    for (int i = 0; i < 300 && !gone; i++) {
      Thread.sleep(50);
      gone = !Files.exists(temp.resolve("r/vivarium")) || viv.running().isEmpty();
    }
    assertTrue(gone, () -> "still there: " + temp);
  }

  @Test
  void aKilledSandboxProcessIsOneLineAnd125() throws Exception {
    Process process = viv.start("run", "--name", "x", "host", "report");
    assertEquals("ready", process.inputReader().readLine());
    String id = viv.running().get(0);
    Viv.processes(id).forEach(ProcessHandle::destroyForcibly);
    Viv.Result result = viv.finish(process, "");
    assertEquals(125, result.code());
    assertOneLine(
        "viv: the sandbox's process was killed or crashed; viv ps -a and viv logs --engine tell"
            + " more",
        result);
    assertTrue(viv.run("ps", "-a").out().contains("was killed or crashed"));
    assertEquals(List.of(), viv.running());
  }

  @Test
  void aDetachedSandboxCanBeListedReadWaitedForAndStopped() throws Exception {
    Viv.Result started = viv.run("run", "-d", "--name", "bg", "host", "report");
    String id = started.out().strip();
    assertEquals(id + "\n", viv.run("ps", "-q").out());
    Process waiting = viv.start("wait", "bg");
    Thread.sleep(500);
    assertEquals("bg\n", viv.run("kill", "-s", "USR1", "bg").out());
    assertEquals("bg\n", viv.run("stop", id.substring(0, 6)).out());
    assertEquals("143\n", new String(waiting.getInputStream().readAllBytes()));
    assertEquals("ready\nsignal 10\nsignal 15\n", viv.run("logs", "bg").out());
    assertEquals("ready\nsignal 10\nsignal 15\n", viv.run("logs", "-f", "bg").out());
    assertEquals("143\n", viv.run("wait", "bg").out());
    String inspected = viv.run("inspect", "bg").out();
    assertTrue(inspected.contains("\"spec\":{\"schemaVersion\":1,"), inspected);
  }

  @Test
  void aDetachedSandboxThatCannotStartIsAnErrorAtOnce() throws Exception {
    Viv.Result result = viv.run("run", "-d", "host", "refuse", "127", "not there");
    assertEquals(127, result.code());
    assertOneLine("viv: not there", result);
  }

  @Test
  void aRunningSandboxIsRemovedOnlyByForce() throws Exception {
    viv.run("run", "-d", "--name", "bg", "host", "sleep");
    assertEquals(125, viv.run("rm", "bg").code());
    assertEquals(0, viv.run("rm", "-f", "bg").code());
    assertEquals("", viv.run("ps", "-aq").out());
  }

  @Test
  void inATerminalTheBytesPassRawAndTheTerminalIsRestored() throws Exception {
    String run = String.join(" ", viv.line("run", "-it", "--rm", "host", "report"));
    Process process =
        viv.start(
            List.of(
                "script",
                "-qec",
                "stty rows 33 cols 77; stty -a > before; "
                    + run
                    + "; echo code $?; stty -a > after",
                "/dev/null"));
    var out = process.inputReader();
    assertEquals("size 33x77", out.readLine().strip());
    assertEquals("ready", out.readLine().strip());
    String id = viv.running().get(0);
    ProcessHandle client =
        ProcessHandle.allProcesses()
            .filter(p -> p.info().commandLine().orElse("").contains("-it --rm host report"))
            .filter(p -> p.info().command().orElse("").endsWith("java"))
            .findFirst()
            .orElseThrow();
    client.destroy();
    assertEquals("signal 15", out.readLine().strip());
    assertEquals("code 143", out.readLine().strip());
    process.waitFor();
    assertEquals(Files.readString(temp.resolve("before")), Files.readString(temp.resolve("after")));
    assertEquals(List.of(), Viv.processes(id));
  }

  @Test
  void aTerminalThatGoesAwayEndsItsSandbox() throws Exception {
    String run = String.join(" ", viv.line("run", "-it", "host", "deaf"));
    Process process = viv.start(List.of("script", "-qec", run, "/dev/null"));
    boolean up = false;
    for (int i = 0; i < 600 && !up; i++) {
      Thread.sleep(50);
      up = Files.exists(temp.resolve("r/vivarium")) && viv.run("ps").out().contains("running");
    }
    String id = viv.running().get(0);
    process.destroyForcibly().waitFor();
    for (int i = 0; i < 400 && !Viv.processes(id).isEmpty(); i++) {
      Thread.sleep(50);
    }
    assertEquals(List.of(), Viv.processes(id));
    assertEquals(List.of(), viv.running());
  }
}
