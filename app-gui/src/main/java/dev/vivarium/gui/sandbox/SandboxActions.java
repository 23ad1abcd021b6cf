package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.client.SandboxControl;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.Sandboxes;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Workbench;
import java.io.IOException;
import java.util.Optional;

/** What can be done with a sandbox that is there. */
public final class SandboxActions {
  private static final int SIGTERM = 15;
  private static final int SIGKILL = 9;
  private static final int GRACE_SECONDS = 10;

  private final Workbench bench;
  private final SandboxList list;

  /** For those of a list. */
  public SandboxActions(Workbench bench, SandboxList list) {
    this.bench = bench;
    this.list = list;
  }

  /** Asks it to end, and ends it if it has not after ten seconds. */
  public void stop(SandboxItem item) {
    end(item, SIGTERM, GRACE_SECONDS);
  }

  /** Ends it now. */
  public void kill(SandboxItem item) {
    end(item, SIGKILL, 0);
  }

  /** Holds all of it still, or lets it go on. */
  public void pause(SandboxItem item) {
    SandboxState sandbox = item.state();
    boolean still = sandbox.status() != SandboxState.Status.PAUSED;
    bench
        .background()
        .run(
            () -> {
              Optional<ControlConnection> connection =
                  SandboxControl.connect(bench.directories(), sandbox.id());
              if (connection.isPresent()) {
                try (ControlConnection control = connection.get()) {
                  SandboxControl.pause(control, still);
                }
              }
              return sandbox.name();
            },
            name -> list.readSoon(),
            bench.frame()::tell);
  }

  private void end(SandboxItem item, int signal, int grace) {
    SandboxState sandbox = item.state();
    bench
        .background()
        .run(
            () -> {
              end(sandbox, signal, grace);
              return sandbox.name();
            },
            name -> {
              bench.frame().tell(Messages.text("sandbox.ended", name));
              list.readSoon();
            },
            bench.frame()::tell);
  }

  private void end(SandboxState sandbox, int signal, int grace)
      throws IOException, InterruptedException {
    try {
      Optional<ControlConnection> connection =
          SandboxControl.reach(bench.directories(), sandbox.id());
      if (connection.isPresent()) {
        try (ControlConnection control = connection.get()) {
          SandboxControl.end(control, signal, grace);
        }
      }
    } catch (ControlConnection.SilentException e) {
      SandboxControl.kill(bench.directories(), sandbox);
    }
  }

  /** Ends it if it runs, and removes what is kept of it. */
  public void remove(SandboxItem item) {
    SandboxState sandbox = item.state();
    bench
        .background()
        .run(
            () -> {
              if (sandbox.isAlive()) {
                end(sandbox, SIGKILL, 0);
              }
              new Sandboxes(bench.directories()).remove(sandbox);
              return sandbox.name();
            },
            name -> {
              bench.frame().tell(Messages.text("sandbox.removed", name));
              list.readSoon();
            },
            bench.frame()::tell);
  }
}
