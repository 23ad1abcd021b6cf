package dev.vivarium.microvm.agent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.ExitStatus;
import dev.vivarium.engine.watch.Event;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AgentConnectionTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private final ByteArrayOutputStream error = new ByteArrayOutputStream();
  private FakeAgent agent;
  private AgentConnection connection;

  @BeforeEach
  void connect() throws Exception {
    agent = new FakeAgent();
    connection = AgentConnection.open(agent.hostEnd());
    agent.welcome();
    assertEquals("6.1", connection.awaitWelcome(PATIENCE));
  }

  @AfterEach
  void close() throws IOException {
    connection.close();
    agent.close();
  }

  private GuestProcess start(byte[] input, OutputStream out) throws IOException {
    GuestProcess process =
        connection.start(
            new ProcessRequest(
                List.of("cat", "-"),
                Map.of("A", "1"),
                "/",
                "",
                false,
                24,
                80,
                true,
                new ByteArrayInputStream(input),
                out,
                error));
    FrameReader request = agent.expect(AgentProtocol.START);
    assertEquals(process.id(), request.process());
    return process;
  }

  private void started(GuestProcess process) throws Exception {
    agent.send(new FrameWriter().u32(7), AgentProtocol.STARTED, process.id());
    assertEquals(Optional.empty(), process.started().get(30, TimeUnit.SECONDS));
  }

  private void print(GuestProcess process, int stream, byte[] bytes) throws IOException {
    agent.send(
        new FrameWriter().u8(stream).raw(bytes, 0, bytes.length),
        AgentProtocol.OUTPUT,
        process.id());
  }

  private void exit(GuestProcess process, int code, int signal) throws IOException {
    agent.send(new FrameWriter().u8(1), AgentProtocol.OUTPUT_END, process.id());
    agent.send(new FrameWriter().u8(2), AgentProtocol.OUTPUT_END, process.id());
    agent.send(new FrameWriter().u32(code).u32(signal).u8(0), AgentProtocol.EXITED, process.id());
  }

  @Test
  void whatAProcessPrintsArrivesBeforeItsEnd() throws Exception {
    GuestProcess process = start(new byte[0], output);
    started(process);
    print(process, 1, new byte[] {'o'});
    print(process, 2, new byte[] {'e'});
    exit(process, 3, 0);
    assertEquals(new ExitStatus(3, 0), process.exited().get(30, TimeUnit.SECONDS));
    assertEquals("o", output.toString());
    assertEquals("e", error.toString());
  }

  @Test
  void standardInputIsSentOnlyUnderCredit() throws Exception {
    byte[] input = new byte[3 * AgentProtocol.INPUT_WINDOW];
    new Random(1).nextBytes(input);
    GuestProcess process = start(input, output);
    started(process);
    ByteArrayOutputStream got = new ByteArrayOutputStream();
    int waiting = 0;
    while (got.size() < input.length) {
      byte[] bytes = agent.expect(AgentProtocol.INPUT).rest();
      got.write(bytes);
      waiting += bytes.length;
      assertTrue(waiting <= AgentProtocol.INPUT_WINDOW, "more than a window was sent");
      if (waiting == AgentProtocol.INPUT_WINDOW) {
        agent.send(new FrameWriter().u32(waiting), AgentProtocol.GRANT_INPUT, process.id());
        waiting = 0;
      }
    }
    agent.expect(AgentProtocol.INPUT_END);
    assertArrayEquals(input, got.toByteArray());
  }

  @Test
  void whatCannotBeStartedSaysWhy() throws Exception {
    GuestProcess process = start(new byte[0], output);
    agent.send(new FrameWriter().u32(1).u32(2).string(""), AgentProtocol.NOT_STARTED, process.id());
    assertEquals(
        Optional.of(new StartFailure(StartFailure.Kind.CANNOT_EXECUTE, 2)),
        process.started().get(30, TimeUnit.SECONDS));
  }

  @Test
  void aReaderThatGoesAwayIsToldToTheAgent() throws Exception {
    GuestProcess process =
        start(
            new byte[0],
            new OutputStream() {
              @Override
              public void write(int b) throws IOException {
                throw new IOException("nobody reads");
              }
            });
    started(process);
    agent.expect(AgentProtocol.INPUT_END);
    print(process, 1, new byte[] {'o'});
    assertEquals(1, agent.expect(AgentProtocol.STOP_OUTPUT).u32());
  }

  @Test
  void anAgentThatSendsMoreThanAWindowIsLost() throws Exception {
    // Nothing is written until the test says so: the window stays closed.
    Object gate = new Object();
    OutputStream stuck =
        new OutputStream() {
          @Override
          public void write(int b) {
            synchronized (gate) {
              output.write(b);
            }
          }
        };
    GuestProcess process;
    synchronized (gate) {
      process = start(new byte[0], stuck);
      started(process);
      byte[] bytes = new byte[32768];
      for (int sent = 0; sent <= AgentProtocol.OUTPUT_WINDOW; sent += bytes.length) {
        print(process, 1, bytes);
      }
      String reason = connection.lost().get(30, TimeUnit.SECONDS).getMessage();
      assertTrue(reason.contains("more than a window"), reason);
    }
    assertThrows(ExecutionException.class, () -> process.exited().get(30, TimeUnit.SECONDS));
  }

  @Test
  void anAgentThatGrantsMoreThanAWindowIsLost() throws Exception {
    GuestProcess process = start(new byte[0], output);
    started(process);
    agent.expect(AgentProtocol.INPUT_END);
    agent.send(new FrameWriter().u32(1), AgentProtocol.GRANT_INPUT, process.id());
    assertTrue(connection.lost().get(30, TimeUnit.SECONDS).getMessage().contains("window"));
  }

  private static FrameWriter told(FrameWriter frame, int number, int kind, String... texts) {
    frame.u64(1000).u64(20).u64(-2).u32(8).u32(7).u32(number).u32(kind);
    for (int i = 0; i < 6; i++) {
      frame.u64(i);
    }
    for (int i = 0; i < 2; i++) {
      byte[] bytes = (i < texts.length ? texts[i] : "").getBytes(StandardCharsets.UTF_8);
      frame.u8(i).u8(i < texts.length ? AgentProtocol.WHOLE_TEXT : AgentProtocol.NO_TEXT);
      frame.u16(bytes.length).raw(bytes, 0, bytes.length);
    }
    return frame;
  }

  /** Writes down what it is told. */
  private static final class Listener implements GuestCalls {
    final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

    @Override
    public void some(long nowNanos, int lost) {
      seen.add("now " + nowNanos + " lost " + lost);
    }

    @Override
    public void call(
        long beginNanos,
        long durationNanos,
        int pid,
        int tid,
        int number,
        long[] arguments,
        boolean returned,
        long result,
        List<Event.Item> items) {
      seen.add(
          "%d %d %d %d %d %s %s %d%s"
              .formatted(
                  beginNanos,
                  durationNanos,
                  pid,
                  tid,
                  number,
                  Arrays.toString(arguments),
                  returned,
                  result,
                  texts(items)));
    }

    @Override
    public void started(long atNanos, int makerPid, int makerTid, int pid, int tid) {
      seen.add("started " + atNanos + " " + makerPid + " " + makerTid + " " + pid + " " + tid);
    }

    @Override
    public void program(long atNanos, int pid, int tid, int user, List<Event.Item> items) {
      seen.add("program " + atNanos + " " + pid + " " + tid + " " + user + texts(items));
    }

    @Override
    public void ended(long atNanos, int pid, int waitStatus) {
      seen.add("ended " + atNanos + " " + pid + " " + waitStatus);
    }

    private static String texts(List<Event.Item> items) {
      StringBuilder out = new StringBuilder();
      items.forEach(i -> out.append(' ').append(i.tag()).append(':').append(i.text()));
      return out.toString();
    }
  }

  @Test
  void singleEventsReachWhoAskedForThemWithHowManyWereLost() throws Exception {
    Listener listener = new Listener();
    CompletableFuture<Integer> begun = connection.streamCalls(listener);
    assertEquals(1, agent.expect(AgentProtocol.STREAM).u8());
    agent.send(new FrameWriter().u32(0), AgentProtocol.STREAMED, 0);
    assertEquals(0, begun.get(30, TimeUnit.SECONDS));
    FrameWriter frame = new FrameWriter().u64(5000).u64(3);
    told(frame, 82, AgentProtocol.CALL_RETURNED, "/etc/x", "y");
    told(frame, 231, AgentProtocol.CALL_ENDS_IT);
    told(frame, 9, AgentProtocol.PROCESS_STARTED);
    told(frame, 0, AgentProtocol.PROGRAM_STARTED, "/bin/x", "x\0with space\0\0cut");
    told(frame, 0, AgentProtocol.PROCESS_ENDED);
    agent.send(frame, AgentProtocol.EVENTS, 0);
    agent.send(new FrameWriter().u64(6000).u64(10), AgentProtocol.EVENTS, 0);
    // Of one that counts backwards nothing is believed.
    agent.send(new FrameWriter().u64(7000).u64(-1), AgentProtocol.EVENTS, 0);
    for (String line :
        List.of(
            "now 5000 lost 3",
            "1000 20 7 8 82 [0, 1, 2, 3, 4, 5] true -2 0:/etc/x 1:y",
            "1000 20 7 8 231 [0, 1, 2, 3, 4, 5] false -2",
            "started 1000 7 8 -2 9",
            "program 1000 7 8 0 0:/bin/x 1:x 1:with space 1: 1:cut",
            "ended 1000 7 -2",
            "now 6000 lost 7",
            "now 7000 lost 0")) {
      assertEquals(line, listener.seen.poll(30, TimeUnit.SECONDS));
    }
    CompletableFuture<Integer> ended = connection.streamCalls(null);
    assertEquals(0, agent.expect(AgentProtocol.STREAM).u8());
    agent.send(told(new FrameWriter().u64(8000).u64(0), 1, 1), AgentProtocol.EVENTS, 0);
    agent.send(new FrameWriter().u32(0), AgentProtocol.STREAMED, 0);
    ended.get(30, TimeUnit.SECONDS);
    assertTrue(listener.seen.isEmpty(), listener.seen.toString());
  }

  @Test
  void aPathThatIsTooLongEndsTheConnection() throws Exception {
    connection.streamCalls(new Listener());
    agent.expect(AgentProtocol.STREAM);
    agent.send(
        told(new FrameWriter().u64(1).u64(0), 2, AgentProtocol.CALL_RETURNED, "x".repeat(129)),
        AgentProtocol.EVENTS,
        0);
    assertTrue(connection.lost().get(30, TimeUnit.SECONDS).getMessage().contains("129 bytes"));
  }

  @Test
  void anEventOfUnknownKindEndsTheConnection() throws Exception {
    connection.streamCalls(new Listener());
    agent.expect(AgentProtocol.STREAM);
    agent.send(told(new FrameWriter().u64(1).u64(0), 2, 5), AgentProtocol.EVENTS, 0);
    assertTrue(connection.lost().get(30, TimeUnit.SECONDS).getMessage().contains("kind 5"));
  }

  @Test
  void aFrameOfUnknownTypeEndsTheConnection() throws Exception {
    GuestProcess process = start(new byte[0], output);
    agent.send(new FrameWriter(), 99, process.id());
    assertTrue(connection.lost().get(30, TimeUnit.SECONDS).getMessage().contains("unknown type"));
    assertThrows(ExecutionException.class, () -> process.started().get(30, TimeUnit.SECONDS));
  }

  @Test
  void noNonsenseFromTheGuestEscapesTheConnection() throws Exception {
    Random random = new Random(42);
    for (int round = 0; round < 200; round++) {
      try (FakeAgent hostile = new FakeAgent()) {
        AgentConnection victim = AgentConnection.open(hostile.hostEnd());
        byte[] bytes = new byte[random.nextInt(4096)];
        random.nextBytes(bytes);
        if (round % 2 == 0) {
          // A header that holds, with a type that exists, and nonsense in it.
          int length = Math.max(0, bytes.length - AgentProtocol.HEADER);
          FrameWriter writer = new FrameWriter().raw(bytes, 0, length);
          hostile.raw(writer.frame(64 + random.nextInt(15), random.nextInt(2)));
        } else {
          hostile.raw(ByteBuffer.wrap(bytes));
        }
        hostile.close();
        victim.lost().get(30, TimeUnit.SECONDS);
        victim.close();
      }
    }
  }

  @Test
  void aProcessWhoseAgentDiesFailsAndDoesNotHang() throws Exception {
    GuestProcess process = start(new byte[0], output);
    started(process);
    agent.close();
    assertThrows(ExecutionException.class, () -> process.exited().get(30, TimeUnit.SECONDS));
  }

  @Test
  void aCommandLineThatDoesNotFitAFrameIsRefused() {
    AgentException refused =
        assertThrows(
            AgentException.class,
            () ->
                connection.start(
                    new ProcessRequest(
                        List.of("x".repeat(70_000)),
                        Map.of(),
                        "/",
                        "",
                        false,
                        0,
                        0,
                        false,
                        new ByteArrayInputStream(new byte[0]),
                        output,
                        error)));
    assertTrue(refused.getMessage().contains("too long"));
  }
}
