package dev.vivarium.desktop;

import dev.vivarium.gui.Desktop;
import dev.vivarium.gui.frame.Screen;
import dev.vivarium.gui.sandbox.SandboxItem;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javafx.scene.Node;
import javafx.scene.control.TableView;
import javafx.stage.Stage;
import org.testfx.api.FxRobot;
import org.testfx.api.FxToolkit;

/**
 * The desktop's own window as one of the clients of {@code tools/agreement}: a line on standard
 * input names an action of the list and the sandbox to choose for it; "list" says what the window
 * shows. Each answer ends in "done CODE".
 */
public final class AgreementWindow {
  private final FxRobot robot = new FxRobot();
  private final Stage stage;
  private final List<String> wrong = new ArrayList<>();

  private AgreementWindow(Stage stage) {
    this.stage = stage;
  }

  /** Opens the window, and does as it is told until there is no more input. */
  public static void main(String[] arguments) throws Exception {
    AgreementWindow window = new AgreementWindow(FxToolkit.registerPrimaryStage());
    Thread.setDefaultUncaughtExceptionHandler((thread, e) -> window.complain(thread, e));
    FxToolkit.setupApplication(Desktop::new);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      if (words[0].equals("list")) {
        window.shown().forEach(System.out::println);
      } else {
        System.out.println(window.act(words[0], words[1]));
      }
      System.out.println("done " + window.code());
      System.out.flush();
    }
    Runtime.getRuntime().halt(0);
  }

  private synchronized void complain(Thread thread, Throwable e) {
    wrong.add("should not happen: " + thread.getName() + ": " + e);
  }

  private synchronized int code() {
    wrong.forEach(System.out::println);
    boolean any = !wrong.isEmpty();
    wrong.clear();
    return any ? 1 : 0;
  }

  private TableView<?> table() {
    Node found = stage.getScene().lookup("#sandboxes");
    return found instanceof TableView<?> table ? table : new TableView<>();
  }

  private List<String> shown() {
    List<String> lines = new ArrayList<>();
    robot.interact(() -> {
      for (Object row : table().getItems()) {
        if (row instanceof SandboxItem item) {
          lines.add(item.id() + " " + item.state().name() + " " + item.state().status().word());
        }
      }
    });
    return lines;
  }

  /** As a user does it: chooses the row, then the action. */
  private String act(String action, String name) {
    String[] said = {"not in the list: " + name};
    robot.interact(() -> {
      TableView<?> table = table();
      for (int i = 0; i < table.getItems().size(); i++) {
        if (table.getItems().get(i) instanceof SandboxItem item
            && item.state().name().equals(name)) {
          table.getSelectionModel().clearAndSelect(i);
          place().actions().stream()
              .filter(a -> a.id().equals("sandbox." + action))
              .forEach(a -> {
                a.run().run();
                said[0] = action + " " + item.id();
              });
        }
      }
    });
    return said[0];
  }

  private Screen place() {
    Node button =
        stage.getScene().getRoot().lookupAll(".place").stream()
            .filter(n -> "place-go.sandboxes".equals(n.getId()))
            .findFirst()
            .orElseThrow();
    return (Screen) button.getUserData();
  }
}
