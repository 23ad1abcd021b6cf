package dev.vivarium.desktop;

import dev.vivarium.gui.Desktop;
import java.io.File;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javafx.application.Platform;
import javafx.stage.Stage;
import org.testfx.api.FxToolkit;

/**
 * Clicks through the desktop as a user does, with the real engine, in a window on a real X server.
 * Prints "ok" or "FAIL" for each step, and keeps pictures. A program and not a test class, since
 * the X server's name must be in the environment before the JVM starts: {@code
 * tools/end-to-end/desktop} starts both.
 */
public final class DesktopJourneys {
  private DesktopJourneys() {}

  /**
   * The arguments say where pictures go, and which file the desktop is told to open; {@code
   * vivarium.desktop.only} which journeys are made, if not all.
   */
  public static void main(String[] arguments) throws Exception {
    List<String> only =
        List.of(System.getProperty("vivarium.desktop.only", "").split(",")).stream()
            .filter(name -> !name.isEmpty())
            .toList();
    Stage stage = FxToolkit.registerPrimaryStage();
    boolean opens = only.isEmpty() || only.contains("open");
    FxToolkit.setupApplication(() -> opens ? new Desktop(new File(arguments[1])) : new Desktop());
    Hands hands = new Hands(stage, Path.of(arguments[0]));
    SandboxJourney sandbox = new SandboxJourney(hands);
    PlacesJourney places = new PlacesJourney(hands);
    CompareJourney compare = new CompareJourney(hands);
    Map<String, Hands.Step> journeys = new LinkedHashMap<>();
    journeys.put("open", sandbox::open);
    journeys.put("watch", sandbox::watch);
    journeys.put("ask", new AskJourney(hands)::run);
    journeys.put("compare", compare::run);
    journeys.put("profiles", new ProfilesJourney(hands)::run);
    journeys.put("places", places::goAround);
    if (PullJourney.isPossible()) {
      journeys.put("pull", new PullJourney(hands)::run);
    }
    // The last: once its other window is closed, TestFX types no more.
    journeys.put("drop", new DropJourney(hands, Path.of(arguments[1]))::run);
    if (only.contains("load")) {
      journeys.put("load", new LoadJourney(hands)::run);
    }
    try {
      for (Map.Entry<String, Hands.Step> journey : journeys.entrySet()) {
        if (only.isEmpty() || only.contains(journey.getKey())) {
          journey.getValue().run();
        }
      }
    } finally {
      FxToolkit.hideStage();
      Platform.exit();
    }
    System.out.println(hands.failures() == 0 ? "# all steps passed" : "# some steps failed");
  }
}
