package dev.vivarium.gui.ask;

import dev.vivarium.engine.NetworkQuestion;
import dev.vivarium.engine.NetworkQuestion.Answer;
import dev.vivarium.engine.NetworkQuestion.Outcome;
import dev.vivarium.engine.client.SandboxQuestions;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.gui.frame.Background;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;

/**
 * Watches every running sandbox whose policy asks, whoever started it: while the desktop is open
 * there is a person to be asked. On the JavaFX thread but for the watching itself.
 */
public final class Questions {
  /**
   * A question that is open.
   *
   * @param sandbox whose it is
   * @param endNanos when the attempt waits no longer, as {@link System#nanoTime} has it
   */
  public record Pending(SandboxState sandbox, NetworkQuestion question, long endNanos) {}

  private final Workbench bench;
  private final ObservableList<Pending> open = FXCollections.observableArrayList();
  private final Map<String, SandboxQuestions> watches = new HashMap<>();
  private final Set<String> known = new HashSet<>();

  /** Without any yet. */
  public Questions(Workbench bench) {
    this.bench = bench;
  }

  /** Those that are open, the oldest first. */
  public ObservableList<Pending> open() {
    return open;
  }

  /** Looks which sandboxes there are now; each is watched from when it lives to when it ends. */
  public void look(List<SandboxState> sandboxes) {
    Set<String> alive = new HashSet<>();
    for (SandboxState s : sandboxes) {
      if (s.isAlive()) {
        alive.add(s.id());
        if (known.add(s.id())) {
          watch(s);
        }
      }
    }
    known.retainAll(alive);
  }

  private void watch(SandboxState sandbox) {
    Directories directories = bench.directories();
    bench
        .background()
        .run(
            () ->
                SandboxQuestions.asks(directories, sandbox)
                    ? List.of(SandboxQuestions.watch(directories, sandbox, new Listener(sandbox)))
                    : List.<SandboxQuestions>of(),
            made -> made.forEach(w -> watches.put(sandbox.id(), w)),
            // It may not listen yet: the next look tries again.
            problem -> known.remove(sandbox.id()));
  }

  /** Hears of questions on the watch's own thread. */
  private final class Listener implements SandboxQuestions.Listener {
    private final SandboxState sandbox;

    Listener(SandboxState sandbox) {
      this.sandbox = sandbox;
    }

    @Override
    public void asked(NetworkQuestion question) {
      long end = System.nanoTime() + question.millisLeft() * 1_000_000;
      Background.later(() -> open.add(new Pending(sandbox, question, end)));
    }

    @Override
    public void settled(int number, Outcome outcome) {
      Background.later(() ->
          open.removeIf(p -> p.sandbox.id().equals(sandbox.id()) && p.question.number() == number));
    }

    @Override
    public void ended() {
      Background.later(() -> {
        open.removeIf(p -> p.sandbox.id().equals(sandbox.id()));
        SandboxQuestions watch = watches.remove(sandbox.id());
        if (watch != null) {
          bench.background().run(watch::close);
        }
      });
    }
  }

  /** Answers; what was said for good is kept for later runs with the same profile. */
  public void answer(Pending pending, Answer answer) {
    open.remove(pending);
    Directories directories = bench.directories();
    bench
        .background()
        .run(
            () -> {
              SandboxQuestions.answer(
                  directories, pending.sandbox, pending.question.number(), answer);
              return remember(pending, answer);
            },
            bench.frame()::tell,
            bench.frame()::tell);
  }

  /** What is to be told of it. */
  private String remember(Pending pending, Answer answer) throws IOException {
    String subject = pending.question.subject();
    if (!answer.isForGood()) {
      return Messages.text(answer.allows() ? "ask.told.allow" : "ask.told.refuse", subject);
    }
    try {
      Path file =
          SandboxQuestions.remember(
              bench.directories(),
              pending.sandbox.id(),
              pending.question,
              answer,
              bench.environment());
      return Messages.text(answer.allows() ? "ask.told.always" : "ask.told.never", subject, file);
    } catch (IOException e) {
      // It holds for this run all the same.
      return Messages.text("ask.told.notKept", subject, String.valueOf(e.getMessage()));
    }
  }
}
