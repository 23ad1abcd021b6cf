package dev.vivarium.gui;

import dev.vivarium.engine.state.Directories;
import dev.vivarium.gui.frame.Frame;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Settings;
import dev.vivarium.gui.frame.Workbench;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import javafx.application.Application;
import javafx.scene.Scene;
import javafx.scene.control.Label;
import javafx.scene.layout.StackPane;
import javafx.stage.Stage;
import org.jspecify.annotations.Nullable;

/** The application: puts the screens into the window. */
public final class Desktop extends Application {
  private final @Nullable File first;
  private @Nullable Settings settings;
  private @Nullable Directories directories;
  private @Nullable IOException failure;
  private @Nullable Workbench bench;

  /** One that is launched; the program's argument may be a file to open. */
  public Desktop() {
    first = null;
  }

  /** One that opens a file first. */
  public Desktop(File file) {
    first = file;
  }

  /** Not on the JavaFX thread: what must be read before there is a window. */
  @Override
  public void init() {
    settings = Settings.read(System.getenv());
    try {
      directories = Directories.of(System.getenv());
    } catch (IOException e) {
      failure = e;
    }
  }

  @Override
  public void start(Stage stage) {
    stage.setTitle(Messages.text("app.name"));
    if (directories == null || settings == null) {
      String why = failure == null ? "" : String.valueOf(failure.getMessage());
      stage.setScene(new Scene(new StackPane(new Label(why)), 720, 120));
      stage.show();
      return;
    }
    // Before the first control, which would load JavaFX's own style sheet, to be replaced at once.
    Appearance.load(settings.theme());
    Workbench b =
        new Workbench(
            System.getenv(),
            directories,
            Path.of(System.getProperty("vivarium.home", ".")),
            settings);
    bench = b;
    Frame frame = b.frame();
    Scene scene = new Scene(frame.root(), settings.width(), settings.height());
    scene
        .getStylesheets()
        .add(Objects.requireNonNull(Frame.class.getResource("desktop.css")).toExternalForm());
    Appearance appearance = new Appearance(b, scene);
    appearance.apply();
    Screens screens = new Screens(b);
    screens.build();
    stage.setMinWidth(860);
    stage.setMinHeight(520);
    stage.setScene(scene);
    stage.setOnHidden(e -> {
      b.settings().setSize(scene.getWidth(), scene.getHeight());
      b.settings().writer().run();
    });
    stage.show();
    Startup.shown(frame.tour());
    if (first != null) {
      screens.openFile(first);
    } else if (getParameters() != null) {
      // As "viv open --gui" gives it; a test that makes one by itself gives nothing.
      getParameters().getRaw().stream().findFirst().map(File::new).ifPresent(screens::openFile);
    }
  }

  @Override
  public void stop() {
    if (bench != null) {
      bench.background().close();
    }
  }
}
