package dev.vivarium.cli.run;

import dev.vivarium.cli.Context;
import dev.vivarium.engine.NetworkQuestion;
import dev.vivarium.engine.NetworkQuestion.Answer;
import dev.vivarium.engine.NetworkQuestion.Outcome;
import dev.vivarium.engine.client.SandboxQuestions;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks the person at this terminal what sandboxes want to know, one question at a time. While one
 * is shown, nothing that a sandbox writes may be ({@link #mayWrite}), so that nobody can change its
 * text under the reader's eyes; and a line counts as the answer only if it was ended some time
 * after the question appeared, so that what was typed for something else is not taken for one.
 */
public final class PersonAtTerminal implements AutoCloseable {
  /** Shorter than anybody needs to read the question. */
  private static final long READING_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  private static final int LONGEST_LINE = 64;

  /**
   * Whatever a sandbox has done to the terminal, what follows can be read: ends sequences that are
   * not complete, colours, hidden letters, line drawing and margins, and begins a line.
   */
  private static final String CLEAN = "\030\033\\\033[!p\033[0m\033(B\017\r\033[J";

  private record Item(
      SandboxQuestions from,
      Directories directories,
      String id,
      String name,
      NetworkQuestion asked) {}

  private final Context context;
  private final Runnable startLine;
  private final ArrayDeque<Item> waiting = new ArrayDeque<>();
  private @Nullable Item shown;
  private long shownAt;
  private boolean reading;
  private volatile boolean over;

  /**
   * Makes one.
   *
   * @param startLine ends the line that a sandbox's output may have left open
   */
  public PersonAtTerminal(Context context, Runnable startLine) {
    this.context = context;
    this.startLine = startLine;
  }

  /** Whether somebody can be asked here. */
  public static boolean isThere() {
    return Question.canAsk();
  }

  /**
   * Watches a sandbox until it ends.
   *
   * @param ended run then
   */
  public void watch(Directories directories, String id, String name, Runnable ended)
      throws IOException {
    Listener listener = new Listener(directories, id, name, ended);
    listener.begin(SandboxQuestions.watch(directories, id, listener));
  }

  /** What is typed from now on is for whoever reads next. */
  @Override
  public void close() {
    over = true;
    gone();
  }

  private final class Listener implements SandboxQuestions.Listener {
    private final Directories directories;
    private final String id;
    private final String name;
    private final Runnable ended;
    private @Nullable SandboxQuestions questions;

    Listener(Directories directories, String id, String name, Runnable ended) {
      this.directories = directories;
      this.id = id;
      this.name = name;
      this.ended = ended;
    }

    synchronized void begin(SandboxQuestions of) {
      questions = of;
      notifyAll();
    }

    private synchronized SandboxQuestions questions() {
      try {
        while (questions == null) {
          wait();
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return questions;
    }

    @Override
    public void asked(NetworkQuestion question) {
      add(new Item(questions(), directories, id, name, question));
    }

    @Override
    public void settled(int number, Outcome outcome) {
      PersonAtTerminal.this.settled(id, number, outcome);
    }

    @Override
    public void ended() {
      drop(id);
      ended.run();
    }
  }

  /** Something that writes. */
  interface Writing {
    void write() throws IOException;
  }

  /** Waits until nothing is asked, and lets what a sandbox wrote be shown before anything is. */
  synchronized void whenNothingIsAsked(Writing writing) throws IOException, InterruptedException {
    while (shown != null) {
      wait();
    }
    writing.write();
  }

  private synchronized void add(Item item) {
    waiting.add(item);
    next();
  }

  private void next() {
    if (shown != null) {
      return;
    }
    shown = waiting.poll();
    notifyAll();
    if (shown == null) {
      return;
    }
    startLine.run();
    show();
    if (!reading) {
      reading = true;
      Thread thread = new Thread(null, this::read, "person", 256 << 10);
      thread.setDaemon(true);
      thread.start();
    }
  }

  private void show() {
    Item item = shown;
    if (item != null) {
      context
          .err()
          .print(
              CLEAN
                  + "viv: "
                  + item.name
                  + ": "
                  + item.asked.text()
                  + ". a allow, always, n refuse, never? ");
      context.err().flush();
      shownAt = System.nanoTime();
    }
  }

  private synchronized void settled(String id, int number, Outcome outcome) {
    waiting.removeIf(i -> i.id.equals(id) && i.asked.number() == number);
    Item item = shown;
    if (item != null && item.id.equals(id) && item.asked.number() == number) {
      say("\nviv: " + item.asked.subject() + ": " + outcome.words());
      shown = null;
      next();
    }
  }

  private synchronized void drop(String id) {
    waiting.removeIf(i -> i.id.equals(id));
    Item item = shown;
    if (item != null && item.id.equals(id)) {
      say("");
      shown = null;
      next();
    }
  }

  private void say(String line) {
    context.err().println(line);
    context.err().flush();
  }

  private void read() {
    StringBuilder line = new StringBuilder();
    byte[] one = new byte[1];
    try {
      while (context.input().read(one, 1, () -> over) > 0) {
        if (one[0] == '\n' || one[0] == '\r') {
          typed(line.toString().strip().toLowerCase(Locale.ROOT));
          line.setLength(0);
        } else if (line.length() < LONGEST_LINE) {
          line.append((char) (one[0] & 0x7f));
        }
      }
    } catch (IOException e) {
      // As its end.
    }
    gone();
  }

  private synchronized void typed(String line) {
    Item item = shown;
    if (item == null) {
      return;
    }
    Answer answer =
        switch (line) {
          case "a", "allow", "once", "y", "yes" -> Answer.ALLOW;
          case "always" -> Answer.ALWAYS;
          case "n", "no", "refuse" -> Answer.REFUSE;
          case "never" -> Answer.NEVER;
          default -> null;
        };
    if (answer == null || System.nanoTime() - shownAt < READING_NANOS) {
      show();
      return;
    }
    shown = null;
    give(item, answer);
    next();
  }

  private void give(Item item, Answer answer) {
    try {
      Path kept =
          SandboxQuestions.remember(
              item.directories, item.id, item.asked, answer, context.environment());
      if (kept != null) {
        say("viv: kept in " + kept);
      }
    } catch (IOException e) {
      say("viv: for this run only: " + Reason.of(e));
    }
    try {
      item.from.answer(item.asked.number(), answer);
    } catch (IOException e) {
      say("viv: " + item.name + ": " + Reason.of(e));
    }
  }

  /** The terminal is gone: what is open is refused when its time is over. */
  private synchronized void gone() {
    waiting.clear();
    shown = null;
    reading = true;
    notifyAll();
  }
}
