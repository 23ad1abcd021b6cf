package dev.vivarium.gui;

import dev.vivarium.engine.state.Directories;
import dev.vivarium.gui.frame.Colors;
import dev.vivarium.gui.frame.Frame;
import dev.vivarium.gui.frame.Settings;
import dev.vivarium.gui.frame.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import javafx.application.Platform;
import javafx.scene.Scene;

/**
 * What is in the window. It is made before there is one, and not on the JavaFX thread, which reads
 * the theme meanwhile.
 */
record Content(Workbench bench, Scene scene, Appearance appearance, Screens screens) {

  /**
   * Makes it; not on the JavaFX thread, since it waits for that.
   *
   * @throws IOException if there is no place for what is kept between two starts
   */
  static Content make(Map<String, String> environment) throws IOException, InterruptedException {
    Settings settings = Settings.read(environment);
    Directories directories = Directories.of(environment);
    // Before the first control, which would load JavaFX's own style sheet, to be replaced at once.
    Appearance.load(settings);
    CountDownLatch loaded = new CountDownLatch(1);
    Platform.runLater(loaded::countDown);
    Workbench bench =
        new Workbench(
            environment, directories, Path.of(System.getProperty("vivarium.home", ".")), settings);
    Appearance appearance = new Appearance(bench);
    Screens screens = new Screens(bench);
    screens.build();
    // With all its rules before anything is in it, so that they are looked up once.
    Frame frame = bench.frame();
    Scene scene = new Scene(frame.root(), settings.width(), settings.height());
    scene.getStylesheets().add(sheet());
    scene.fillProperty().bind(bench.colors().map(Colors::background));
    loaded.await();
    frame.root().applyCss();
    frame.root().resize(scene.getWidth(), scene.getHeight());
    frame.root().layout();
    return new Content(bench, scene, appearance, screens);
  }

  /** Where our own rules are. */
  static String sheet() {
    return Objects.requireNonNull(Frame.class.getResource("desktop.css")).toExternalForm();
  }

  /** The window is there: from now on its figures are true. */
  void begin() {
    appearance.begin();
    screens.begin();
  }
}
