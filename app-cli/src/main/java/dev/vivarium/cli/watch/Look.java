package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.sandbox.Lookup;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.Statistics;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One client's look at one living sandbox, over its control socket; lasts until it is closed. */
final class Look implements Closeable {
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
  static Look at(Context context, SandboxState sandbox) throws CliException {
    Optional<ControlConnection> connection =
        sandbox.isAlive() ? Lookup.connect(context, sandbox) : Optional.empty();
    if (connection.isEmpty()) {
      throw new CliException(
          CliException.FAILED,
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
  void begin(boolean events, boolean counts)
      throws CliException, IOException, InterruptedException {
    connection.send(new ControlMessage.Watch(events, counts));
    Answer answer = await();
    if (!answer.problem.isEmpty()) {
      throw new CliException(
          CliException.FAILED, "cannot watch it: " + name + ": " + answer.problem);
    }
  }

  private Answer await() throws CliException, InterruptedException {
    Answer answer = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (answer == null) {
      throw new CliException(
          CliException.FAILED, "no answer within 15 s: " + name + "; is this machine overloaded?");
    }
    return answer;
  }

  /** The figures of this moment; those of its end if it has ended; empty if it told none. */
  Optional<Statistics> statistics() throws CliException, InterruptedException {
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
  Optional<Statistics> lastStatistics() {
    return Optional.ofNullable(last);
  }

  boolean hasEnded() {
    return ended;
  }

  @Override
  public void close() {
    connection.close();
  }
}
