package dev.vivarium.gui;

import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Settings;
import java.io.File;
import java.io.IOException;
import javafx.application.Application;
import javafx.scene.Scene;
import javafx.scene.control.Label;
import javafx.scene.layout.StackPane;
import javafx.stage.Stage;
import org.jspecify.annotations.Nullable;

/** The application: puts the screens into the window. */
public final class Desktop extends Application {
  private final @Nullable File first;
  private @Nullable Content content;
  private @Nullable IOException failure;

  /** One that is launched; the program's argument may be a file to open. */
  public Desktop() {
    first = null;
  }

  /** One that opens a file first. */
  public Desktop(File file) {
    first = file;
  }

  /** Not on the JavaFX thread: what must be there before there is a window. */
  @Override
  public void init() throws InterruptedException {
    try {
      content = Content.make(System.getenv());
    } catch (IOException e) {
      failure = e;
    }
  }

  @Override
  public void start(Stage stage) {
    stage.setTitle(Messages.text("app.name"));
    Content c = content;
    if (c == null) {
      String why = failure == null ? "" : String.valueOf(failure.getMessage());
      stage.setScene(new Scene(new StackPane(new Label(why)), 720, 120));
      stage.show();
      return;
    }
    Scene scene = c.scene();
    stage.setMinWidth(860);
    stage.setMinHeight(520);
    stage.setScene(scene);
    Settings settings = c.bench().settings();
    stage.setOnHidden(e -> {
      settings.setSize(scene.getWidth(), scene.getHeight());
      settings.writer().run();
    });
    stage.show();
    c.begin();
    Startup.shown(c.bench().frame().tour());
    if (first != null) {
      c.screens().openFile(first);
    } else if (getParameters() != null) {
      // As "viv open --gui" gives it; a test that makes one by itself gives nothing.
      getParameters().getRaw().stream().findFirst().map(File::new).ifPresent(c.screens()::openFile);
    }
  }

  @Override
  public void stop() {
    if (content != null) {
      content.bench().background().close();
    }
  }
}
