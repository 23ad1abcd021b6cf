package dev.vivarium.engine.process;

import dev.vivarium.engine.NetworkQuestion;
import dev.vivarium.engine.NetworkQuestion.Answer;
import dev.vivarium.engine.NetworkQuestion.Outcome;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The questions of a sandbox to its person: who asks waits here, and who can answer hears of it.
 * Where nobody can, and when time has passed, the answer is no. Bounded: a guest can have {@link
 * #MOST_OPEN} open, and after {@link #MOST_ASKED} is not asked for any more.
 */
final class QuestionDesk {
  private static final int MOST_OPEN = 16;
  private static final int MOST_ASKED = 1000;

  /**
   * So long after the first question somebody may still come: a client hears of a new sandbox a
   * moment after that has begun, and its first attempt may be its first act.
   */
  private final long graceNanos;

  private record Open(
      NetworkQuestion question, long endNanos, boolean awaitsSomebody, Consumer<Outcome> settled) {}

  private final Map<Integer, Open> open = new LinkedHashMap<>();
  private final Set<ControlConnection> watching = new HashSet<>();
  private @Nullable Thread clock;
  private int asked;
  private boolean ended;
  private boolean somebodyCame;
  private long firstNanos;

  QuestionDesk() {
    this(TimeUnit.SECONDS.toNanos(3));
  }

  /** One for a test. */
  QuestionDesk(long graceNanos) {
    this.graceNanos = graceNanos;
  }

  /** Asks; the outcome is told once. */
  void ask(NetworkQuestion question, Consumer<Outcome> settled) {
    Outcome at = null;
    List<ControlConnection> to;
    synchronized (this) {
      long now = System.nanoTime();
      if (firstNanos == 0) {
        firstNanos = now;
      }
      boolean nobody = watching.isEmpty();
      long grace = firstNanos + graceNanos - now;
      if (ended) {
        at = Outcome.ENDED;
      } else if (nobody && (somebodyCame || grace <= 0)) {
        at = Outcome.NOBODY;
      } else if (open.size() >= MOST_OPEN
          || asked >= MOST_ASKED
          || open.containsKey(question.number())) {
        at = Outcome.TOO_MANY;
      } else {
        asked++;
        long whole = TimeUnit.MILLISECONDS.toNanos(question.millisLeft());
        long end = now + (nobody ? Math.min(grace, whole) : whole);
        open.put(question.number(), new Open(question, end, nobody, settled));
        if (clock == null) {
          clock = new Thread(null, this::watchTime, "questions", 256 << 10);
          clock.setDaemon(true);
          clock.start();
        }
        notifyAll();
      }
      to = List.copyOf(watching);
    }
    if (at != null) {
      settled.accept(at);
    } else {
      send(to, new ControlMessage.Asked(question));
    }
  }

  private static void send(List<ControlConnection> all, ControlMessage message) {
    for (ControlConnection to : all) {
      try {
        to.send(message);
      } catch (IOException e) {
        // It is gone, and its end will be told.
      }
    }
  }

  /** A client has somebody who can answer, until it hangs up. */
  void watch(ControlConnection from) throws IOException {
    synchronized (this) {
      watching.add(from);
      somebodyCame = true;
      // Who waited for somebody to come has the whole time now.
      long now = System.nanoTime();
      open.replaceAll((number, o) ->
          o.awaitsSomebody
              ? new Open(
                  o.question,
                  now + TimeUnit.MILLISECONDS.toNanos(o.question.millisLeft()),
                  false,
                  o.settled)
              : o);
      notifyAll();
    }
    for (NetworkQuestion q : now()) {
      from.send(new ControlMessage.Asked(q));
    }
  }

  /** Tells which are open. */
  void list(ControlConnection from) throws IOException {
    for (NetworkQuestion q : now()) {
      from.send(new ControlMessage.Asked(q));
    }
    from.send(new ControlMessage.QuestionsEnd());
  }

  private synchronized List<NetworkQuestion> now() {
    long now = System.nanoTime();
    List<NetworkQuestion> all = new ArrayList<>();
    open.values()
        .forEach(o ->
            all.add(o.question.withMillisLeft(TimeUnit.NANOSECONDS.toMillis(o.endNanos - now))));
    return all;
  }

  /** The person says something. */
  void answer(ControlConnection from, int number, Answer answer) throws IOException {
    boolean was = settle(number, Outcome.of(answer));
    from.send(
        new ControlMessage.Answered(was ? "" : "there is no such question any more: " + number));
  }

  private boolean settle(int number, Outcome outcome) {
    Open over;
    List<ControlConnection> to;
    synchronized (this) {
      over = open.remove(number);
      to = List.copyOf(watching);
    }
    if (over == null) {
      return false;
    }
    over.settled.accept(outcome);
    send(to, new ControlMessage.Settled(number, outcome));
    return true;
  }

  private void settle(List<Integer> numbers, Outcome outcome) {
    numbers.forEach(n -> settle(n, outcome));
  }

  private void watchTime() {
    try {
      while (true) {
        List<Integer> over = new ArrayList<>();
        List<Integer> alone = new ArrayList<>();
        synchronized (this) {
          long next = Long.MAX_VALUE;
          long now = System.nanoTime();
          for (Open o : open.values()) {
            if (o.endNanos - now <= 0) {
              (o.awaitsSomebody ? alone : over).add(o.question.number());
            } else {
              next = Math.min(next, o.endNanos - now);
            }
          }
          if (over.isEmpty() && alone.isEmpty()) {
            if (next == Long.MAX_VALUE) {
              wait();
            } else {
              wait(TimeUnit.NANOSECONDS.toMillis(next) + 1);
            }
          }
        }
        settle(over, Outcome.TIMED_OUT);
        settle(alone, Outcome.NOBODY);
      }
    } catch (InterruptedException e) {
      // The process ends.
    }
  }

  /** A client is no more; if it was the last who could answer, nobody can. */
  void closed(ControlConnection connection) {
    List<Integer> orphaned = List.of();
    synchronized (this) {
      if (watching.remove(connection) && watching.isEmpty()) {
        orphaned = List.copyOf(open.keySet());
      }
    }
    settle(orphaned, Outcome.NOBODY);
  }

  /** The sandbox is over. */
  void end() {
    List<Integer> all;
    synchronized (this) {
      ended = true;
      all = List.copyOf(open.keySet());
    }
    settle(all, Outcome.ENDED);
  }
}
