package dev.vivarium.engine.client;

import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A command inside a running sandbox, whose streams are a program's and not a person's. */
public final class GuestCommand {
  private static final int MAX_ERROR = 4096;
  private static final int NO_SUCH = 127;

  /**
   * How it ended.
   *
   * @param exitCode as a shell would show it
   * @param error the beginning of what it wrote to its standard error, or why it could not run; of
   *     the guest, and not escaped
   */
  public record Ended(int exitCode, String error) {
    /** Whether the sandbox does not have this program. */
    public boolean isMissing() {
      return exitCode == NO_SUCH;
    }
  }

  /** Writes to a command's standard input. */
  public interface Source {
    void writeTo(OutputStream out) throws IOException;
  }

  private final ControlConnection connection;
  private int window = ControlMessage.WINDOW;
  private boolean over;

  private GuestCommand(ControlConnection connection) {
    this.connection = connection;
  }

  /**
   * Runs it as root inside, and waits for its end.
   *
   * @param connection a fresh one; it is this command's from now on
   * @param output takes its standard output; when that fails, the command is ended
   * @throws IOException if the sandbox ended, or a stream of ours failed
   */
  public static Ended run(
      ControlConnection connection,
      Map<String, String> environment,
      List<String> command,
      Optional<Source> input,
      OutputStream output)
      throws IOException {
    connection.send(
        new ControlMessage.Exec(
            new SandboxSpec.ProcessSpec(command, environment, "/", "0:0", false, input.isPresent()),
            false,
            0,
            0));
    return new GuestCommand(connection).run(input, output);
  }

  private Ended run(Optional<Source> input, OutputStream output) throws IOException {
    ByteArrayOutputStream error = new ByteArrayOutputStream();
    IOException[] failure = new IOException[1];
    Thread feeder = input.map(source -> feed(source, failure)).orElse(null);
    try {
      while (true) {
        ControlMessage message =
            connection.receive().orElseThrow(() -> new IOException("it ended meanwhile"));
        switch (message) {
          case ControlMessage.Data data -> {
            if (data.stream() == 1) {
              output.write(data.bytes());
            } else if (error.size() < MAX_ERROR) {
              error.write(data.bytes(), 0, Math.min(data.bytes().length, MAX_ERROR - error.size()));
            }
            connection.send(new ControlMessage.Window(data.stream(), data.bytes().length));
          }
          case ControlMessage.Window more -> grant(more.bytes());
          case ControlMessage.ProcessEnded ended -> {
            synchronized (this) {
              if (failure[0] != null) {
                throw failure[0];
              }
            }
            String said = error.toString(StandardCharsets.UTF_8).strip();
            return new Ended(ended.exitCode(), said.isEmpty() ? ended.message() : said);
          }
          case ControlMessage.Ended _ -> throw new IOException("it ended meanwhile");
          default -> {
            // Of no matter here.
          }
        }
      }
    } finally {
      synchronized (this) {
        over = true;
        notifyAll();
      }
      if (feeder != null) {
        feeder.interrupt();
      }
    }
  }

  private synchronized void grant(int bytes) {
    window += bytes;
    notifyAll();
  }

  private Thread feed(Source source, IOException[] failure) {
    return Thread.ofPlatform()
        .daemon()
        .name("guest-input")
        .start(() -> {
          try (OutputStream out = new ToGuest()) {
            source.writeTo(out);
          } catch (IOException e) {
            synchronized (this) {
              failure[0] = over ? null : e;
            }
          }
        });
  }

  /** Its standard input, at the pace at which it reads. */
  private final class ToGuest extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      int at = offset;
      int left = length;
      while (left > 0) {
        int n = Math.min(Math.min(left, room()), ControlMessage.MAX_DATA / 2);
        connection.send(new ControlMessage.Data(0, Arrays.copyOfRange(bytes, at, at + n)));
        at += n;
        left -= n;
        synchronized (GuestCommand.this) {
          window -= n;
        }
      }
    }

    private int room() throws IOException {
      synchronized (GuestCommand.this) {
        while (window <= 0 && !over) {
          try {
            GuestCommand.this.wait();
          } catch (InterruptedException e) {
            throw new IOException("interrupted", e);
          }
        }
        if (over) {
          throw new IOException("the command ended before it had read all");
        }
        return window;
      }
    }

    @Override
    public void close() throws IOException {
      connection.send(new ControlMessage.EndOfStream(0));
    }
  }
}
