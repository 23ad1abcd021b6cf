import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.client.SandboxControl;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.Sandboxes;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A long-lived client that does what the desktop does with the same classes: lists the sandboxes
 * twice a second, keeps a look at each that runs, and ends, pauses and removes. Lines on standard
 * input say what else to do; each answer ends in "done CODE". Run by tools/agreement.
 */
final class AgreementClient {
  private static final long POLL_MILLIS = 500;

  private final Directories directories;
  private final Sandboxes sandboxes;
  private final Map<String, Look> looks = new ConcurrentHashMap<>();

  private AgreementClient(Directories directories) {
    this.directories = directories;
    this.sandboxes = new Sandboxes(directories);
  }

  public static void main(String[] args) throws Exception {
    AgreementClient client = new AgreementClient(Directories.of(System.getenv()));
    Thread poller = new Thread(client::poll, "poll");
    poller.setDaemon(true);
    poller.start();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      int code = 0;
      try {
        client.run(words[0], words.length > 1 ? words[1] : "");
      } catch (Exception e) {
        // What comes too late is told so, in words for people; anything else is a mistake of ours.
        code = e instanceof RuntimeException ? 1 : 125;
        System.out.println(code == 1 ? "should not happen: " + e : "viv: " + e.getMessage());
      }
      System.out.println("done " + code);
      System.out.flush();
    }
    Runtime.getRuntime().halt(0);
  }

  private void poll() {
    while (true) {
      try {
        for (SandboxState sandbox : sandboxes.list()) {
          look(sandbox);
        }
        Thread.sleep(POLL_MILLIS);
      } catch (Exception e) {
        if (e instanceof RuntimeException) {
          System.out.println("should not happen: " + e);
        }
      }
    }
  }

  private void look(SandboxState sandbox) throws InterruptedException {
    try {
      Look look = looks.get(sandbox.id());
      if (sandbox.status() == SandboxState.Status.RUNNING && look == null) {
        look = Look.at(directories, sandbox);
        looks.put(sandbox.id(), look);
        look.begin(false, true);
      }
      if (look != null && look.statistics().isEmpty() | look.hasEnded()) {
        looks.remove(sandbox.id());
        look.close();
      }
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      if (e instanceof RuntimeException wrong) {
        throw wrong;
      }
      // It ended while it was asked.
    }
  }

  private void run(String verb, String name) throws Exception {
    if (verb.equals("list")) {
      for (SandboxState s : sandboxes.list()) {
        System.out.println(s.id() + " " + s.name() + " " + s.status().word());
      }
      return;
    }
    Optional<SandboxState> found = sandboxes.find(name);
    if (found.isEmpty()) {
      System.out.println("viv: no such sandbox: " + name);
      return;
    }
    SandboxState sandbox = found.get();
    Optional<ControlConnection> connection =
        sandbox.isAlive() ? SandboxControl.connect(directories, sandbox.id()) : Optional.empty();
    if (connection.isPresent()) {
      try (ControlConnection control = connection.get()) {
        switch (verb) {
          case "pause", "unpause" -> SandboxControl.pause(control, verb.equals("pause"));
          case "stop" -> SandboxControl.end(control, 15, 1);
          default -> SandboxControl.end(control, 9, 0);
        }
      }
    }
    if (verb.equals("remove")) {
      sandboxes.remove(sandbox);
    }
  }
}
