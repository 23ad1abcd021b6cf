package dev.vivarium.desktop;

import dev.vivarium.engine.watch.Statistics;
import java.net.InetAddress;
import java.net.ServerSocket;
import javafx.scene.Node;
import javafx.scene.control.ComboBox;
import javafx.scene.control.TableView;
import javafx.scene.control.TextInputControl;
import javafx.scene.input.KeyCode;

/** A sandbox that asks is answered, and what it was refused becomes a rule of a profile. */
final class AskJourney {
  /** One whose questions wait as long as they may; the script that starts this makes it. */
  private static final String PATIENT = "patient";

  private final Hands hands;

  AskJourney(Hands hands) {
    this.hands = hands;
  }

  void run() throws Exception {
    try (ServerSocket one = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
        ServerSocket two = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      hands.step(
          "a sandbox that wants to reach something asks in a bar, and goes on as it is told",
          () -> {
            hands.keys(KeyCode.CONTROL, KeyCode.N);
            hands.until("the form", () -> hands.find("#run-command", Node.class).isPresent());
            hands.until("the profiles", () -> profile("#run-profile").getItems().contains(PATIENT));
            hands
                .robot()
                .interact(() -> {
                  hands
                      .find("#run-command", TextInputControl.class)
                      .orElseThrow()
                      .setText(command(one.getLocalPort(), two.getLocalPort()));
                  profile("#run-profile").setValue(PATIENT);
                });
            hands.click("#run-start");
            hands.until("a question", () -> asks(one.getLocalPort()));
            hands.picture("ask");
            hands.until("its buttons", () -> isReady("#ask-allow"));
            hands.keys(KeyCode.CONTROL, KeyCode.K);
            hands.until("the palette", () -> hands.find("#palette", Node.class).isPresent());
            hands.robot().write("always allow", 5);
            hands.keys(KeyCode.ENTER);
            hands.until("it to be kept", () -> hands.isAnywhere("answers/patient.yaml"));
            hands.until("the next question", () -> asks(two.getLocalPort()));
            hands.until("its buttons", () -> isReady("#ask-refuse"));
            hands.click("#ask-refuse");
            hands.until("no more questions", () -> !isOpen());
            hands.tab("log");
            hands.until(
                "what came of it",
                () -> hands.says("#log", "first reached") && hands.says("#log", "second refused"));
          });
      hands.step(
          "an attempt in the list becomes a rule for later runs with a profile",
          () -> {
            hands.tab("network");
            hands.until("two attempts", () -> hands.rows("#hosts") == 2);
            hands
                .robot()
                .interact(() -> {
                  TableView<?> hosts = hands.find("#hosts", TableView.class).orElseThrow();
                  for (int i = 0; i < hosts.getItems().size(); i++) {
                    if (hosts.getItems().get(i) instanceof Statistics.Hosts h && !h.allowed()) {
                      hosts.getSelectionModel().select(i);
                    }
                  }
                  profile("#network-profile").setValue("dev");
                });
            hands.until("that it can be", () -> isReady("#network-allow"));
            hands.picture("network-rule");
            hands.click("#network-allow");
            hands.until("it to be kept", () -> hands.isAnywhere("answers/dev.yaml"));
            hands.click("#sandbox-remove");
            hands.until("the list", () -> hands.find("#sandbox-remove", Node.class).isEmpty());
          });
    }
  }

  @SuppressWarnings("unchecked")
  private ComboBox<String> profile(String selector) {
    return (ComboBox<String>) hands.find(selector, ComboBox.class).orElseThrow();
  }

  private boolean isOpen() {
    return hands.find("#question", Node.class).filter(Node::isVisible).isPresent();
  }

  private boolean asks(int port) {
    return isOpen() && hands.isAnywhere("wants to reach port " + port + " of this machine itself");
  }

  private boolean isReady(String selector) {
    return hands.find(selector, Node.class).filter(n -> !n.isDisabled()).isPresent();
  }

  /** Two connections, one after the other, and what came of each; then it stays to be looked at. */
  private static String command(int one, int two) {
    return "bash -c '"
        + "(: </dev/tcp/host.vivarium.internal/"
        + one
        + ") 2>/dev/null && echo first reached; (: </dev/tcp/host.vivarium.internal/"
        + two
        + ") 2>/dev/null || echo second refused; sleep 300'";
  }
}
