package dev.vivarium.engine.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.NetworkQuestion;
import dev.vivarium.engine.NetworkQuestion.Answer;
import dev.vivarium.engine.NetworkQuestion.Outcome;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.profiles.network.AddressKind;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuestionDeskTest {
  private static final long LONG = 60_000;

  @TempDir Path folder;
  private QuestionDesk desk = new QuestionDesk(0);
  private final List<ControlConnection> open = new ArrayList<>();
  private int sockets;

  /** The sandbox's end, and the client's. */
  private record Pair(ControlConnection here, ControlConnection there) {}

  private Pair pair() throws IOException {
    UnixDomainSocketAddress at = UnixDomainSocketAddress.of(folder.resolve("s" + sockets++));
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(at);
      ControlConnection there = new ControlConnection(SocketChannel.open(at));
      ControlConnection here = new ControlConnection(listener.accept());
      open.add(here);
      open.add(there);
      return new Pair(here, there);
    }
  }

  @AfterEach
  void close() {
    open.forEach(ControlConnection::close);
  }

  private CompletableFuture<Outcome> ask(int number, long millis) {
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    desk.ask(
        new NetworkQuestion(
            number, "dns", "example.org", "", 0, AddressKind.PUBLIC, 1, "sh", millis),
        outcome::complete);
    return outcome;
  }

  private static Outcome soon(CompletableFuture<Outcome> outcome) throws Exception {
    return outcome.get(20, TimeUnit.SECONDS);
  }

  @Test
  void withNobodyThereTheAnswerIsNoAtOnce() throws Exception {
    assertEquals(Outcome.NOBODY, ask(1, LONG).getNow(null));
  }

  @Test
  void atFirstSomebodyMayStillComeAndHasTheWholeTimeThen() throws Exception {
    desk = new QuestionDesk(TimeUnit.MINUTES.toNanos(1));
    CompletableFuture<Outcome> outcome = ask(1, LONG);
    assertTrue(!outcome.isDone());
    Pair client = pair();
    desk.watch(client.here);
    var asked = (ControlMessage.Asked) client.there.receive().orElseThrow();
    assertEquals(1, asked.question().number());
    desk.answer(client.here, 1, Answer.ALLOW);
    assertEquals(Outcome.ALLOWED, soon(outcome));
    desk.closed(client.here);
    assertEquals(Outcome.NOBODY, ask(2, LONG).getNow(null), "who came and went is not waited for");
  }

  @Test
  void ifNobodyComesTheAnswerIsNo() throws Exception {
    desk = new QuestionDesk(TimeUnit.MILLISECONDS.toNanos(20));
    assertEquals(Outcome.NOBODY, soon(ask(1, LONG)));
  }

  @Test
  void whoWatchesHearsOfItAndMayAnswer() throws Exception {
    Pair client = pair();
    desk.watch(client.here);
    CompletableFuture<Outcome> outcome = ask(1, LONG);
    var asked = (ControlMessage.Asked) client.there.receive().orElseThrow();
    assertEquals("sh (process 1) wants to reach example.org", asked.question().text());
    desk.answer(client.here, 1, Answer.ALWAYS);
    assertEquals(Outcome.ALWAYS, soon(outcome));
    assertEquals(
        new ControlMessage.Settled(1, Outcome.ALWAYS), client.there.receive().orElseThrow());
    assertEquals(new ControlMessage.Answered(""), client.there.receive().orElseThrow());
    desk.answer(client.here, 1, Answer.REFUSE);
    assertEquals(
        new ControlMessage.Answered("there is no such question any more: 1"),
        client.there.receive().orElseThrow());
  }

  @Test
  void whoOnlyLooksByIsNobodyToWaitFor() throws Exception {
    Pair client = pair();
    desk.list(client.here);
    assertEquals(new ControlMessage.QuestionsEnd(), client.there.receive().orElseThrow());
    assertEquals(Outcome.NOBODY, ask(1, LONG).getNow(null));
  }

  @Test
  void timePasses() throws Exception {
    desk.watch(pair().here);
    CompletableFuture<Outcome> slow = ask(1, LONG);
    assertEquals(Outcome.TIMED_OUT, soon(ask(2, 30)));
    assertTrue(!slow.isDone());
  }

  @Test
  void whenTheLastWatcherGoesNobodyIsThere() throws Exception {
    Pair one = pair();
    Pair two = pair();
    desk.watch(one.here);
    desk.watch(two.here);
    CompletableFuture<Outcome> outcome = ask(1, LONG);
    desk.closed(one.here);
    assertTrue(!outcome.isDone());
    desk.closed(two.here);
    assertEquals(Outcome.NOBODY, soon(outcome));
  }

  @Test
  void aGuestCannotHaveMoreThanAFewOpen() throws Exception {
    desk.watch(pair().here);
    List<CompletableFuture<Outcome>> all = new ArrayList<>();
    for (int i = 1; i <= 20; i++) {
      all.add(ask(i, LONG));
    }
    assertEquals(4, all.stream().filter(CompletableFuture::isDone).count());
    assertEquals(Outcome.TOO_MANY, all.getLast().getNow(null));
    desk.end();
    assertEquals(Outcome.ENDED, soon(all.getFirst()));
    assertEquals(Outcome.ENDED, soon(ask(30, LONG)));
  }
}
