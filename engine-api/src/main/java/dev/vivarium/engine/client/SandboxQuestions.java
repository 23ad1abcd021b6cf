package dev.vivarium.engine.client;

import dev.vivarium.engine.NetworkQuestion;
import dev.vivarium.engine.NetworkQuestion.Answer;
import dev.vivarium.engine.NetworkQuestion.Outcome;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Entry;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.profiles.Profiles;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The questions of a sandbox whose network policy asks ({@code network.mode: ask}), for who can
 * show them to a person.
 *
 * <p>An object of this class watches one sandbox: as long as it is open, the sandbox knows that
 * somebody is there; it hears every question that is open, and what became of it. Without any
 * watcher attempts are refused at once. {@link #open} and {@link #answer(Directories, SandboxState,
 * int, Answer)} are for who only looks by: they do not count as a watcher.
 *
 * <p>What is said for good is to be remembered by who says it: {@link #remember}.
 */
public final class SandboxQuestions implements Closeable {
  /** Hears of questions, on a thread of its own, one call at a time. */
  public interface Listener {
    /** A question is open, and waits for {@link NetworkQuestion#millisLeft}. */
    void asked(NetworkQuestion question);

    /** It is open no more: answered here or elsewhere, or too late. */
    void settled(int number, Outcome outcome);

    /** The sandbox has ended, or hung up; nothing comes after this. */
    default void ended() {}
  }

  private final ControlConnection connection;

  private SandboxQuestions(ControlConnection connection) {
    this.connection = connection;
  }

  /**
   * Watches a sandbox until this is closed.
   *
   * @throws IOException if it does not run
   */
  public static SandboxQuestions watch(
      Directories directories, SandboxState sandbox, Listener listener) throws IOException {
    if (!sandbox.isAlive()) {
      throw new IOException("it does not run: " + sandbox.name());
    }
    return watch(directories, sandbox.id(), listener);
  }

  /** The same of one that may not have begun, but whose process is there. */
  public static SandboxQuestions watch(Directories directories, String id, Listener listener)
      throws IOException {
    SandboxQuestions watch = new SandboxQuestions(connect(directories, id));
    Thread thread = new Thread(null, () -> watch.receive(listener), "questions-" + id, 256 << 10);
    thread.setDaemon(true);
    try {
      watch.connection.send(new ControlMessage.WatchQuestions());
    } catch (IOException e) {
      watch.close();
      throw e;
    }
    thread.start();
    return watch;
  }

  private void receive(Listener listener) {
    try {
      Optional<ControlMessage> message = connection.receive();
      while (message.isPresent()) {
        switch (message.get()) {
          case ControlMessage.Asked asked -> listener.asked(asked.question());
          case ControlMessage.Settled settled ->
              listener.settled(settled.number(), settled.outcome());
          default -> {
            // of no matter here
          }
        }
        message = connection.receive();
      }
    } catch (IOException e) {
      // Its process is gone, or this was closed.
    } finally {
      listener.ended();
    }
  }

  /** Answers a question; what became of it the listener hears. */
  public void answer(int number, Answer answer) throws IOException {
    connection.send(new ControlMessage.AnswerQuestion(number, answer));
  }

  @Override
  public void close() {
    connection.hangUp();
    connection.close();
  }

  /**
   * The questions that are open now, the oldest first.
   *
   * @throws IOException if it does not run
   */
  public static List<NetworkQuestion> open(Directories directories, SandboxState sandbox)
      throws IOException {
    List<NetworkQuestion> questions = new ArrayList<>();
    try (ControlConnection connection = connect(directories, sandbox)) {
      connection.send(new ControlMessage.QueryQuestions());
      Optional<ControlMessage> message = connection.receive();
      while (message.isPresent() && !(message.get() instanceof ControlMessage.QuestionsEnd)) {
        if (message.get() instanceof ControlMessage.Asked asked) {
          questions.add(asked.question());
        }
        message = connection.receive();
      }
    }
    return questions;
  }

  /**
   * Answers one question.
   *
   * @throws IOException if there is no such question any more, or the sandbox does not run
   */
  public static void answer(
      Directories directories, SandboxState sandbox, int number, Answer answer) throws IOException {
    try (ControlConnection connection = connect(directories, sandbox)) {
      connection.send(new ControlMessage.AnswerQuestion(number, answer));
      Optional<ControlMessage> message = connection.receive();
      while (message.isPresent()) {
        if (message.get() instanceof ControlMessage.Answered answered) {
          if (!answered.problem().isEmpty()) {
            throw new IOException(answered.problem());
          }
          return;
        }
        message = connection.receive();
      }
      throw new IOException("it ended meanwhile");
    }
  }

  /** Whether a sandbox asks at all. */
  public static boolean asks(Directories directories, SandboxState sandbox) throws IOException {
    return Entry.specOf(directories, sandbox.id()).network().policy().asks();
  }

  /**
   * Keeps an answer that was given for good, for later runs with the same profile.
   *
   * @param id of the sandbox
   * @param environment variables, which say where a user's profiles are
   * @return the file that it is in now; null if it was not for good
   * @throws IOException if it cannot be kept: above all if the run has no profile
   */
  public static @Nullable Path remember(
      Directories directories,
      String id,
      NetworkQuestion question,
      Answer answer,
      Map<String, String> environment)
      throws IOException {
    if (!answer.isForGood()) {
      return null;
    }
    String key = Entry.specOf(directories, id).network().policy().asking().key();
    return Profiles.of(environment).answers().remember(key, question.rule(), answer.allows());
  }

  private static ControlConnection connect(Directories directories, SandboxState sandbox)
      throws IOException {
    if (!sandbox.isAlive()) {
      throw new IOException("it does not run: " + sandbox.name());
    }
    return connect(directories, sandbox.id());
  }

  private static ControlConnection connect(Directories directories, String id) throws IOException {
    return SandboxControl.connect(directories, id)
        .orElseThrow(() -> new IOException("it does not run: " + id));
  }
}
