package dev.vivarium.engine.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.OutputRecord;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxId;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.SandboxState.Status;
import dev.vivarium.engine.state.Sandboxes;
import dev.vivarium.engine.state.StateEntry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real process with the scripted engine in it, and this test as its client. */
@Timeout(60)
class SandboxProcessTest {
  @TempDir Path temp;
  private Directories directories;
  private Sandboxes sandboxes;
  private RunDirectory run;
  private Process process;
  private ControlConnection client;

  @BeforeEach
  void setUp() throws IOException {
    Path runtime = Files.createDirectory(temp.resolve("r"));
    directories =
        Directories.of(
            Map.of("XDG_RUNTIME_DIR", runtime.toString(), "XDG_STATE_HOME", temp + "/state"));
    sandboxes = new Sandboxes(directories);
    run = RunDirectory.of(directories, SandboxId.create()).create();
  }

  @AfterEach
  void tearDown() throws InterruptedException {
    if (client != null) {
      client.close();
    }
    if (process != null) {
      process.destroyForcibly();
      process.waitFor();
    }
  }

  private SandboxSpec spec(boolean terminal, Optional<Duration> timeout, String... words) {
    return new SandboxSpec(
        run.id(),
        "test",
        "scripted",
        Optional.empty(),
        new SandboxSpec.Root.Host(),
        new SandboxSpec.ProcessSpec(List.of(words), Map.of(), "/", "", terminal, true),
        "box",
        List.of(),
        false,
        new SandboxSpec.Limits(0, 0, 0),
        timeout,
        Optional.empty());
  }

  private void launch() throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin/java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            SandboxMain.class.getName(),
            run.id());
    builder.environment().put("XDG_RUNTIME_DIR", temp + "/r");
    builder.environment().put("XDG_STATE_HOME", temp + "/state");
    builder.redirectError(temp.resolve("stderr").toFile());
    process = builder.start();
    while (!Files.exists(run.controlSocket()) && process.isAlive()) {
      Thread.sleep(2);
    }
    client = ControlConnection.connect(run.controlSocket());
  }

  private void start(SandboxSpec spec, boolean foreground) throws Exception {
    launch();
    run.writeSpec(spec);
    client.send(new ControlMessage.Start(foreground, true, 24, 80));
  }

  private void start(String... words) throws Exception {
    start(spec(false, Optional.empty(), words), true);
  }

  /** Skips to the end; what comes on streams 1 and 2 is collected. */
  private ControlMessage.Ended end(ByteArrayOutputStream output) throws IOException {
    while (true) {
      ControlMessage message = client.receive().orElseThrow();
      if (message instanceof ControlMessage.Ended ended) {
        return ended;
      }
      if (message instanceof ControlMessage.Data data) {
        output.writeBytes(data.bytes());
        client.send(new ControlMessage.Window(data.stream(), data.bytes().length));
      }
    }
  }

  private ControlMessage.Ended end() throws IOException {
    return end(new ByteArrayOutputStream());
  }

  /** Output may come before it. */
  private String awaitStarted() throws IOException {
    StringBuilder output = new StringBuilder();
    while (true) {
      ControlMessage message = client.receive().orElseThrow();
      if (message instanceof ControlMessage.Data data) {
        output.append(new String(data.bytes()));
      } else {
        assertInstanceOf(ControlMessage.Started.class, message);
        return output.toString();
      }
    }
  }

  private SandboxState last() throws IOException {
    return sandboxes.byId(run.id()).orElseThrow();
  }

  @Test
  void theExitCodeReachesTheClientTheStateAndTheProcess() throws Exception {
    start("exit", "42");
    assertEquals(new ControlMessage.Ended(42, ""), end());
    assertFalse(run.exists());
    assertEquals(42, process.waitFor());
    assertEquals(Status.EXITED, last().status());
    assertEquals(42, last().exitCode());
    assertEquals("", last().reason());
  }

  @Test
  void inTheForegroundTheStandardStreamsAreInherited() throws Exception {
    start("cat");
    process.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().close();
    assertEquals(0, end().exitCode());
    assertEquals("hello", new String(process.getInputStream().readAllBytes()));
  }

  @Test
  void aSignalThatEndsTheCommandIs128PlusItsNumber() throws Exception {
    start("signal", "11");
    assertEquals(139, end().exitCode());
  }

  @Test
  void signalsAreHandedOn() throws Exception {
    start("report");
    awaitStarted();
    client.send(new ControlMessage.Signal(10));
    client.send(new ControlMessage.Signal(15));
    assertEquals(143, end().exitCode());
    String output = new String(process.getInputStream().readAllBytes());
    assertTrue(output.contains("signal 10\nsignal 15\n"), output);
  }

  @Test
  void anEngineThatRefusesGivesItsLineAndItsExitCode() throws Exception {
    start("refuse", "127", "command not found: nope; look in the image");
    assertEquals(
        new ControlMessage.Ended(127, "command not found: nope; look in the image"), end());
    assertEquals(Status.FAILED, last().status());
    assertEquals("command not found: nope; look in the image", last().reason());
    assertFalse(run.exists());
  }

  @Test
  void anEngineWithABugGivesOneLineAndAStackInTheLog() throws Exception {
    start("throw");
    ControlMessage.Ended ended = end();
    assertEquals(125, ended.exitCode());
    assertFalse(ended.message().contains("\n"));
    String log = Files.readString(StateEntry.of(directories, run.id()).log());
    assertTrue(log.contains("ScriptedEngine"), log);
  }

  @Test
  void anEngineThatBreaksWhileItRunsIsAFailure() throws Exception {
    start("break", "a stub was lost");
    assertEquals(new ControlMessage.Ended(125, "a stub was lost"), end());
    assertEquals(Status.FAILED, last().status());
  }

  @Test
  void theTimeLimitEndsItWith124() throws Exception {
    start(spec(false, Optional.of(Duration.ofMillis(200)), "sleep"), true);
    ControlMessage.Ended ended = end();
    assertEquals(124, ended.exitCode());
    assertTrue(ended.message().contains("time limit"), ended.message());
    assertEquals(124, last().exitCode());
  }

  @Test
  void aCommandThatEndsBeforeItsTimeLimitIsNotTouchedByIt() throws Exception {
    start(spec(false, Optional.of(Duration.ofSeconds(30)), "exit", "0"), true);
    assertEquals(new ControlMessage.Ended(0, ""), end());
  }

  @Test
  void aForegroundSandboxEndsWithItsClient() throws Exception {
    start("sleep");
    awaitStarted();
    client.close();
    assertTrue(process.waitFor(10, TimeUnit.SECONDS));
    assertFalse(run.exists());
    assertEquals("the client that ran it went away", last().reason());
  }

  @Test
  void anEngineThatDoesNotEndWhenKilledIsLeftToTheKernel() throws Exception {
    start("deaf");
    awaitStarted();
    client.close();
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    assertFalse(run.exists());
  }

  @Test
  void aClientThatGoesBeforeItStartsAnythingLeavesNothing() throws Exception {
    launch();
    client.close();
    assertTrue(process.waitFor(10, TimeUnit.SECONDS));
    assertFalse(run.exists());
    assertTrue(sandboxes.byId(run.id()).isEmpty());
  }

  @Test
  void aDetachedSandboxOutlivesItsClientAndRecordsItsOutput() throws Exception {
    start(spec(false, Optional.empty(), "report"), false);
    awaitStarted();
    client.close();
    assertEquals(Status.RUNNING, last().status());
    client = ControlConnection.connect(run.controlSocket());
    client.send(new ControlMessage.Signal(15));
    assertEquals(143, end().exitCode());
    StringBuilder output = new StringBuilder();
    OutputRecord.read(
        StateEntry.of(directories, run.id()).output(),
        (stream, time, bytes) -> output.append(new String(bytes)));
    assertEquals("ready\nsignal 15\n", output.toString());
  }

  @Test
  void aTerminalsBytesAndSizeTravelOverTheSocket() throws Exception {
    start(spec(true, Optional.empty(), "report"), true);
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    output.writeBytes(awaitStarted().getBytes(StandardCharsets.UTF_8));
    client.send(new ControlMessage.Resize(50, 132));
    client.send(new ControlMessage.Signal(15));
    end(output);
    assertEquals("size 24x80\nready\nsize 50x132\nsignal 15\n", output.toString());
  }

  @Test
  void muchInputAndOutputPassesWithinTheWindows() throws Exception {
    start(spec(true, Optional.empty(), "cat"), true);
    awaitStarted();
    int total = 20 << 20;
    Thread sender = new Thread(() -> send(total));
    sender.start();
    long received = 0;
    long sum = 0;
    while (true) {
      ControlMessage message = client.receive().orElseThrow();
      if (message instanceof ControlMessage.Ended) {
        break;
      } else if (message instanceof ControlMessage.Window window) {
        synchronized (this) {
          granted += window.bytes();
          notifyAll();
        }
      } else if (message instanceof ControlMessage.Data data) {
        for (byte b : data.bytes()) {
          sum += (b & 0xff) == (received++ % 251) ? 1 : 0;
        }
        client.send(new ControlMessage.Window(data.stream(), data.bytes().length));
      }
    }
    assertEquals(total, received);
    assertEquals(total, sum);
  }

  private long granted = ControlMessage.WINDOW;

  private void send(int total) {
    try {
      for (int sent = 0; sent < total; ) {
        byte[] bytes = new byte[Math.min(total - sent, ControlMessage.MAX_DATA)];
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = (byte) ((sent + i) % 251);
        }
        synchronized (this) {
          while (granted < bytes.length) {
            wait();
          }
          granted -= bytes.length;
        }
        client.send(new ControlMessage.Data(0, bytes));
        sent += bytes.length;
      }
      client.send(new ControlMessage.EndOfStream(0));
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aClientThatSendsNonsenseLosesItsConnectionAndNothingElse() throws Exception {
    start("sleep");
    awaitStarted();
    for (byte[] nonsense :
        List.of(
            new byte[] {0x7f, -1, -1, -1, 1},
            new byte[] {0, 0, 0, 0},
            new byte[] {0, 0, 0, 1, 99},
            "GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.UTF_8))) {
      try (SocketChannel raw = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        raw.connect(UnixDomainSocketAddress.of(run.controlSocket()));
        raw.write(ByteBuffer.wrap(nonsense));
        ByteBuffer rest = ByteBuffer.allocate(64);
        while (raw.read(rest) >= 0) {
          rest.clear();
        }
      } catch (IOException reset) {
        // Closed with bytes unread: as good.
      }
    }
    client.send(new ControlMessage.QueryState());
    assertInstanceOf(ControlMessage.State.class, client.receive().orElseThrow());
    client.send(new ControlMessage.Kill());
    assertEquals(137, end().exitCode());
  }

  @Test
  void aSandboxWhoseProcessWasKilledIsShownAsFailed() throws Exception {
    start("sleep");
    awaitStarted();
    assertEquals(Status.RUNNING, last().status());
    process.destroyForcibly().waitFor();
    assertEquals(Status.FAILED, last().status());
    assertFalse(run.exists());
  }

  @Test
  void aProcessToldToStopEndsItsSandboxInGoodOrder() throws Exception {
    start("sleep");
    awaitStarted();
    process.destroy();
    assertEquals(143, end().exitCode());
    assertEquals(143, process.waitFor());
    assertFalse(run.exists());
    assertEquals("its process was told to stop", last().reason());
  }

  @Test
  void nobodyCanStartASandboxTwice() throws Exception {
    start("sleep");
    awaitStarted();
    try (ControlConnection second = ControlConnection.connect(run.controlSocket())) {
      second.send(new ControlMessage.Start(true, true, 0, 0));
      assertTrue(second.receive().isEmpty());
    }
    assertEquals(Status.RUNNING, last().status());
  }

  private ControlConnection exec(boolean detached, String... words) throws IOException {
    ControlConnection other = ControlConnection.connect(run.controlSocket());
    other.send(
        new ControlMessage.Exec(
            new SandboxSpec.ProcessSpec(List.of(words), Map.of(), "/", "", false, true),
            detached,
            0,
            0));
    return other;
  }

  private static ControlMessage.ProcessEnded processEnd(
      ControlConnection other, ByteArrayOutputStream output) throws IOException {
    while (true) {
      ControlMessage message = other.receive().orElseThrow();
      if (message instanceof ControlMessage.ProcessEnded ended) {
        return ended;
      }
      if (message instanceof ControlMessage.Data data) {
        output.writeBytes(data.bytes());
        other.send(new ControlMessage.Window(data.stream(), data.bytes().length));
      }
    }
  }

  @Test
  void oneMoreProcessHasStreamsAndSignalsOfItsOwn() throws Exception {
    start("sleep");
    awaitStarted();
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    try (ControlConnection cat = exec(false, "cat");
        ControlConnection report = exec(false, "report")) {
      cat.send(new ControlMessage.Data(0, "hello".getBytes(StandardCharsets.UTF_8)));
      cat.send(new ControlMessage.EndOfStream(0));
      assertEquals(0, processEnd(cat, output).exitCode());
      assertEquals("hello", output.toString(StandardCharsets.UTF_8));
      report.send(new ControlMessage.Signal(15));
      assertEquals(143, processEnd(report, output).exitCode());
    }
    assertEquals(Status.RUNNING, sandboxes.byId(run.id()).orElseThrow().status());
  }

  @Test
  void oneMoreProcessThatCannotBeStartedSaysWhy() throws Exception {
    start("sleep");
    awaitStarted();
    try (ControlConnection other = exec(false, "refuse", "127", "not found")) {
      assertEquals(
          new ControlMessage.ProcessEnded(127, "not found"),
          processEnd(other, new ByteArrayOutputStream()));
      // It has had its one.
      other.send(
          new ControlMessage.Exec(
              new SandboxSpec.ProcessSpec(List.of("sleep"), Map.of(), "/", "", false, false),
              false,
              0,
              0));
      assertTrue(other.receive().isEmpty());
    }
  }

  @Test
  void aProcessEndsWithItsClientUnlessItIsDetached() throws Exception {
    start("sleep");
    awaitStarted();
    ControlConnection detached = exec(true, "report");
    assertInstanceOf(ControlMessage.Started.class, detached.receive().orElseThrow());
    detached.close();
    try (ControlConnection other = exec(false, "sleep")) {
      assertInstanceOf(ControlMessage.Started.class, other.receive().orElseThrow());
      other.send(new ControlMessage.Kill());
      assertEquals(137, processEnd(other, new ByteArrayOutputStream()).exitCode());
    }
    client.send(new ControlMessage.Kill());
    assertEquals(137, end().exitCode());
  }

  @Test
  void theEndOfTheSandboxIsTheEndOfAllItsProcesses() throws Exception {
    start("sleep");
    awaitStarted();
    try (ControlConnection other = exec(false, "sleep")) {
      assertInstanceOf(ControlMessage.Started.class, other.receive().orElseThrow());
      client.send(new ControlMessage.Kill());
      assertEquals(137, end().exitCode());
      // Which of the two comes first is a matter of luck.
      switch (other.receive().orElseThrow()) {
        case ControlMessage.ProcessEnded ended -> assertEquals(137, ended.exitCode());
        case ControlMessage.Ended ended -> assertEquals(137, ended.exitCode());
        case ControlMessage message -> throw new AssertionError(message);
      }
    }
  }
}
