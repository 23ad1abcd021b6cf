package dev.vivarium.gui;

import javafx.application.Application;

/** {@code viv gui}. Not the application itself: the launcher insists on modules for that. */
public final class Main {
  private Main() {}

  /** Opens the window, and returns when it is closed. */
  public static void main(String[] args) {
    Startup.chooseRenderer();
    Startup.warmUp();
    Application.launch(Desktop.class, args);
  }
}
