package dev.vivarium.engine.client;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.engine.watch.Wants;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One client's look at one living sandbox, over its control socket; lasts until it is closed. */
public final class Look implements Closeable {
  private static final long PATIENCE_SECONDS = 15;
  private static final int MOST_BYTES = 64 << 20;

  /** An answer: what the sandbox had to say, or why it had not. */
  private record Answer(@Nullable Statistics figures, String problem) {}

  private final String name;
  private final ControlConnection connection;
  private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
  private volatile boolean ended;

  private volatile @Nullable Statistics last;

  private Look(String name, ControlConnection connection) {
    this.name = name;
    this.connection = connection;
    Thread thread = new Thread(this::receive, "look-" + name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Connects to a sandbox that runs. */
  public static Look at(Directories directories, SandboxState sandbox) throws EngineException {
    Optional<ControlConnection> connection =
        sandbox.isAlive() ? SandboxControl.connect(directories, sandbox.id()) : Optional.empty();
    if (connection.isEmpty()) {
      throw new EngineException(
          125,
          "it does not run any more: "
              + sandbox.name()
              + "; viv run --trace FILE records a run from its first system call");
    }
    return new Look(sandbox.name(), connection.get());
  }

  private void receive() {
    ByteArrayOutputStream figures = new ByteArrayOutputStream();
    try {
      Optional<ControlMessage> message = connection.receive();
      while (message.isPresent()) {
        switch (message.get()) {
          case ControlMessage.Watching w -> answers.add(new Answer(null, w.problem()));
          case ControlMessage.StatisticsPart part -> {
            if (figures.size() + part.bytes().length > MOST_BYTES) {
              throw new IOException("too many figures");
            }
            figures.writeBytes(part.bytes());
          }
          case ControlMessage.StatisticsEnd end -> {
            Statistics s =
                end.problem().isEmpty() ? Statistics.decode(figures.toByteArray()) : null;
            figures.reset();
            last = s == null ? last : s;
            answers.add(new Answer(s, end.problem()));
          }
          default -> {
            // of no matter here
          }
        }
        message = connection.receive();
      }
    } catch (IOException e) {
      // Its process is gone.
    } finally {
      ended = true;
      answers.add(new Answer(null, "it has ended"));
    }
  }

  /** Begins. */
  public void begin(boolean events, boolean counts)
      throws EngineException, IOException, InterruptedException {
    begin(new Wants(events, counts, false, false));
  }

  /**
   * Begins.
   *
   * @throws EngineException if it cannot be looked at
   */
  public void begin(Wants wants) throws EngineException, IOException, InterruptedException {
    connection.send(
        new ControlMessage.Watch(wants.events(), wants.counts(), wants.waits(), wants.packets()));
    Answer answer = await();
    if (!answer.problem.isEmpty()) {
      throw new EngineException(125, "cannot watch it: " + name + ": " + answer.problem);
    }
  }

  private Answer await() throws EngineException, InterruptedException {
    Answer answer = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (answer == null) {
      throw new EngineException(
          125, "no answer within 15 s: " + name + "; is this machine overloaded?");
    }
    return answer;
  }

  /** The figures of this moment; those of its end if it has ended; empty if it told none. */
  public Optional<Statistics> statistics() throws EngineException, InterruptedException {
    if (!ended) {
      try {
        connection.send(new ControlMessage.QueryStatistics());
        Answer answer = await();
        if (answer.figures != null) {
          return Optional.of(answer.figures);
        }
      } catch (IOException e) {
        // It has ended meanwhile.
      }
    }
    return Optional.ofNullable(last);
  }

  /** The last figures that came. */
  public Optional<Statistics> lastStatistics() {
    return Optional.ofNullable(last);
  }

  public boolean hasEnded() {
    return ended;
  }

  @Override
  public void close() {
    connection.close();
  }
}
