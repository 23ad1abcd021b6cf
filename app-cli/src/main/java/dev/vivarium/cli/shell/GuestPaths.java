package dev.vivarium.cli.shell;

import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Text;
import dev.vivarium.engine.client.GuestCommand;
import dev.vivarium.engine.client.SandboxControl;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Timer;
import java.util.TimerTask;

/** Paths inside a running sandbox, for completion: asked of its own {@code ls}. */
final class GuestPaths {
  /** Who types does not wait for longer. */
  private static final long PATIENCE_MILLIS = 2000;

  private static final int MOST_BYTES = 256 << 10;
  private static final int MOST_NAMES = 1000;

  private GuestPaths() {}

  /**
   * What {@code SANDBOX:PATH} may go on with; nothing if it does not run or has no {@code ls}.
   *
   * @param typed with a colon
   */
  static List<String> at(Context context, List<SandboxState> sandboxes, String typed) {
    int colon = typed.indexOf(':');
    String name = typed.substring(0, colon);
    Optional<SandboxState> found =
        sandboxes.stream()
            .filter(s -> s.name().equals(name) && s.status() == SandboxState.Status.RUNNING)
            .findFirst();
    int slash = typed.lastIndexOf('/');
    String directory = slash < colon ? "/" : typed.substring(colon + 1, slash + 1);
    boolean hidden = typed.startsWith(".", Math.max(slash, colon) + 1);
    if (found.isEmpty()) {
      return List.of();
    }
    String listed;
    try {
      listed = list(context, found.get(), directory);
    } catch (Exception e) {
      // Completion has nothing to say then.
      return List.of();
    }
    return listed
        .lines()
        .filter(n -> !n.isEmpty() && !n.equals("./") && !n.equals("../"))
        .filter(n -> hidden || !n.startsWith("."))
        // Names are the guest's: what a terminal would obey is not for it.
        .filter(n -> n.equals(Text.printable(n)))
        .limit(MOST_NAMES)
        .map(n -> name + ":" + directory + n)
        .toList();
  }

  private static String list(Context context, SandboxState sandbox, String directory)
      throws Exception {
    Optional<ControlConnection> found = SandboxControl.connect(context.directories(), sandbox.id());
    if (found.isEmpty()) {
      return "";
    }
    ByteArrayOutputStream names = new ByteArrayOutputStream();
    OutputStream bounded =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
          }

          @Override
          public void write(byte[] bytes, int offset, int length) throws IOException {
            if (names.size() + length > MOST_BYTES) {
              throw new IOException("too many names");
            }
            names.write(bytes, offset, length);
          }
        };
    Timer timer = new Timer("completion", true);
    try (ControlConnection connection = found.get()) {
      timer.schedule(
          new TimerTask() {
            @Override
            public void run() {
              connection.close();
            }
          },
          PATIENCE_MILLIS);
      GuestCommand.run(
          connection,
          RunDirectory.of(context.directories(), sandbox.id()).readSpec().process().environment(),
          List.of("ls", "-1ap", "--", directory),
          Optional.empty(),
          bounded);
    } finally {
      timer.cancel();
    }
    return names.toString(StandardCharsets.UTF_8);
  }
}
