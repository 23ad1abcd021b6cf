package dev.vivarium.desktop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javafx.geometry.Bounds;
import javafx.scene.Node;
import javafx.scene.control.ListView;
import javafx.scene.control.TextInputControl;
import javafx.scene.control.TreeTableView;
import javafx.scene.input.Clipboard;
import javafx.scene.input.KeyCode;
import javafx.scene.input.MouseButton;
import javafx.scene.robot.Robot;

/** A file that is opened, a first sandbox, and what is seen of it. */
final class SandboxJourney {
  private static final String ADDRESS = "https://vivarium.example/a?b=1";

  private final Hands hands;

  SandboxJourney(Hands hands) {
    this.hands = hands;
  }

  void open() {
    hands.step(
        "a file of unknown origin is known for what it is, run without harm, and reported",
        () -> {
          hands.until("what it is", () -> hands.isAnywhere("a script, for /bin/sh"));
          hands.until("a way to run it", () -> hands.isAnywhere("/bin/sh download.sh"));
          hands.picture("open");
          hands.click("#open-start");
          hands.until("its end", () -> hands.isAnywhere("exited ("));
          hands.until("its report", () -> hands.says("#report", "Tried to stay"));
          hands.picture("opened");
          hands.tab("files");
          hands.until("what it left", () -> hands.rows("#changes") > 0);
          hands.click("#sandbox-remove");
          hands.until("it to be gone", () -> hands.find("#first-sandbox", Node.class).isPresent());
        });
    hands.step(
        "a sample of a download is at hand, and is known for what it is",
        () -> {
          hands.click("#sample-picture");
          hands.until("what it is", () -> hands.isAnywhere("a script, for /bin/sh"));
          hands.picture("sample");
          hands.click("#open-start");
          hands.until("its end", () -> hands.isAnywhere("exited ("));
          // Which comes to the front by itself, after the end was shown.
          hands.until("its report", () -> hands.says("#report", "holiday.jpg"));
          hands.tab("log");
          hands.until("what it found", () -> hands.says("#log", "could not read /etc/shadow"));
          hands.click("#sandbox-remove");
          hands.until("it to be gone", () -> hands.find("#first-sandbox", Node.class).isPresent());
        });
  }

  void watch() {
    hands.step(
        "an empty list leads to a first sandbox in one click, and a shell in it answers",
        () -> {
          hands.until(
              "the empty state", () -> hands.find("#first-sandbox", Node.class).isPresent());
          hands.picture("empty");
          hands.click("#first-sandbox");
          hands.until("a terminal", () -> hands.find("#terminal", Node.class).isPresent());
          focusTerminal();
          Thread.sleep(1500);
          hands.robot().write("ls -l / | head -n 8; echo he''llo-desk\n", 15);
          Thread.sleep(1500);
          hands.picture("terminal");
          hands.tab("log");
          hands.until("what the shell wrote in the log", () -> hands.says("#log", "hello-desk"));
        });
    hands.step(
        "an address that a program wrote is asked about, and only then opened or copied",
        () -> {
          hands.tab("terminal");
          focusTerminal();
          // In quotes twice, so that the typed line is not one.
          hands.robot().write("clear; echo 'https://viva''rium.example/a?b=1.'\n", 15);
          Path browsed = Path.of(System.getProperty("vivarium.desktop.browsed"));
          followLink();
          hands.until("what is asked", () -> hands.isAnywhere(ADDRESS));
          hands.picture("link");
          hands.keys(KeyCode.ESCAPE);
          hands.until("it to be gone", () -> hands.find("#link-open", Node.class).isEmpty());
          followLink();
          hands.click("#link-copy");
          String[] copied = new String[1];
          hands.robot().interact(() -> copied[0] = Clipboard.getSystemClipboard().getString());
          if (!ADDRESS.equals(copied[0]) || Files.exists(browsed)) {
            throw new AssertionError("copied " + copied[0] + ", opened " + Files.exists(browsed));
          }
          followLink();
          hands.click("#link-open");
          hands.until("the browser", () -> Files.exists(browsed));
          hands.until("its address", () -> read(browsed).equals(ADDRESS + "\n"));
        });
    hands.step(
        "system calls come as they are made, and a filter shows fewer of them",
        () -> {
          hands.tab("calls");
          hands.until("events", () -> hands.isAnywhere("events,"));
          hands.click("#call-search");
          hands.robot().write("openat");
          hands.until("the filter to be on", () -> hands.says("#call-search", "openat"));
          hands.picture("calls");
        });
    hands.step(
        "latency, processes, overview and network show what there is",
        () -> {
          hands.tab("latency");
          hands.until("counts", () -> hands.isAnywhere("calls in"));
          Thread.sleep(3000);
          hands.picture("latency");
          hands.tab("activity");
          hands.until(
              "events",
              () ->
                  hands
                      .find("#activity", ListView.class)
                      .filter(l -> !l.getItems().isEmpty())
                      .isPresent());
          hands.picture("activity");
          hands.keys(KeyCode.CONTROL, KeyCode.E);
          hands.until("what was written", () -> hands.isAnywhere("activity.txt"));
          hands.tab("processes");
          hands.until(
              "a process",
              () ->
                  hands
                      .find("#processes", TreeTableView.class)
                      .filter(t -> t.getRoot() != null && !t.getRoot().getChildren().isEmpty())
                      .isPresent());
          hands.picture("processes");
          hands.tab("network");
          hands.picture("network");
          hands.tab("overview");
          hands.until("the engine", () -> hands.isAnywhere("sentry"));
          hands.picture("overview");
        });
    hands.step(
        "stopping ends it, and its report says what it did",
        () -> {
          hands.click("#sandbox-stop");
          hands.until("it to end", () -> hands.isAnywhere("exited ("));
          hands.tab("report");
          hands.until(
              "a report",
              () ->
                  hands
                      .find("#report", TextInputControl.class)
                      .filter(t -> t.getText().length() > 200)
                      .isPresent());
          hands.picture("report");
        });
  }

  private void focusTerminal() {
    hands.robot().interact(() -> hands.find("#terminal", Node.class).orElseThrow().requestFocus());
  }

  /** Ctrl and a click on the first line of the terminal, until something is asked. */
  private void followLink() throws Exception {
    hands.until(
        "what is asked",
        () -> {
          if (hands.find("#link-open", Node.class).isPresent()) {
            return true;
          }
          Node terminal = hands.find("#terminal", Node.class).orElseThrow();
          Bounds at = terminal.localToScreen(terminal.getBoundsInLocal());
          Robot mouse = new Robot();
          mouse.mouseMove(at.getMinX() + 60, at.getMinY() + 15);
          mouse.keyPress(KeyCode.CONTROL);
          mouse.mouseClick(MouseButton.PRIMARY);
          mouse.keyRelease(KeyCode.CONTROL);
          return false;
        });
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }
}
