package dev.vivarium.microvm;

import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.Instrument;
import dev.vivarium.engine.watch.LatencyHistogram;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.engine.watch.Wants;
import dev.vivarium.engine.watch.calls.CallTable;
import dev.vivarium.microvm.agent.AgentConnection;
import dev.vivarium.microvm.agent.CallCount;
import dev.vivarium.microvm.agent.GuestStatistics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a guest's own kernel says of it: seen inside, and so as true as the guest lets it be. */
final class MicrovmInstrument implements Instrument {
  private static final int PATIENCE_SECONDS = 5;
  private static final int LAST_WORD_SECONDS = 2;

  private final AgentConnection agent;
  private final Consumer<String> log;
  private boolean counting;
  private long countedSince;
  private @Nullable EventWriter streaming;

  /** The figures of the end, for who asks after it. */
  private volatile @Nullable Statistics last;

  MicrovmInstrument(AgentConnection agent, Consumer<String> log) {
    this.agent = agent;
    this.log = log;
  }

  @Override
  public void check(Wants wants) throws IOException {
    // Calls that wait are told of when they return.
    if (wants.packets()) {
      throw new IOException(
          "packets of a virtual machine are not told of; viv trace has its system calls, viv"
              + " events its network");
    }
  }

  @Override
  public void watch(@Nullable EventWriter events, boolean count) {
    boolean begin;
    boolean change;
    synchronized (this) {
      begin = count && !counting;
      if (begin) {
        counting = true;
        countedSince = System.nanoTime();
      }
      change = events != streaming;
      streaming = events;
    }
    if (begin) {
      ask("count system calls", agent::watchCalls);
    }
    boolean over = events == null && last != null;
    if (change && !over) {
      GuestCallWriter to = events == null ? null : new GuestCallWriter(events);
      ask("tell of system calls", () -> agent.streamCalls(to));
    }
  }

  private interface Question {
    CompletableFuture<Integer> ask() throws IOException;
  }

  private void ask(String what, Question question) {
    try {
      CompletableFuture<Integer> answer = question.ask();
      answer.thenAccept(errno -> {
        if (errno != 0) {
          log.accept("the guest's kernel cannot " + what + ": errno " + errno);
        }
      });
      answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (IOException | ExecutionException | TimeoutException e) {
      log.accept("the guest was not asked to " + what + ": " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public Statistics statistics() throws IOException, InterruptedException {
    Statistics end = last;
    if (end != null) {
      return end;
    }
    try {
      return now(PATIENCE_SECONDS);
    } catch (IOException e) {
      // It may have ended meanwhile.
      end = last;
      if (end != null) {
        return end;
      }
      throw e;
    }
  }

  /** A limit of the sandbox was reached, it is not known by whom. */
  void tellLimit(String what) {
    EventWriter events;
    synchronized (this) {
      events = streaming;
    }
    if (events != null) {
      Payload payload = new Payload();
      payload.add(0, what);
      events.event(EventKind.LIMIT, 0, 0, 0, 0, 0, 0, 0, 0, payload);
    }
  }

  /** The command is over, and the machine is about to be. */
  void end() throws InterruptedException {
    try {
      last = now(LAST_WORD_SECONDS);
    } catch (IOException e) {
      // A machine that died has no last word.
    }
  }

  private Statistics now(int patience) throws IOException, InterruptedException {
    GuestStatistics now;
    try {
      now = agent.statistics().get(patience, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("the agent in the guest does not answer", e);
    }
    List<Statistics.Calls> calls = new ArrayList<>();
    for (CallCount c : now.calls()) {
      calls.add(
          new Statistics.Calls(
              c.number(),
              CallTable.get().name(c.number()),
              c.failures(),
              c.latency(),
              new LatencyHistogram(),
              new LatencyHistogram(),
              new LatencyHistogram()));
    }
    long counted;
    synchronized (this) {
      counted = counting ? System.nanoTime() - countedSince : 0;
    }
    return new Statistics(
        0,
        counted,
        new Statistics.Resources(
            now.cpuMicros() * 1000,
            0,
            now.memoryBytes(),
            now.memoryTotal(),
            now.tasks(),
            now.tasks(),
            0,
            0,
            0,
            0,
            0,
            0,
            now.contextSwitches(),
            0),
        calls,
        List.of(),
        List.of(),
        0);
  }
}
