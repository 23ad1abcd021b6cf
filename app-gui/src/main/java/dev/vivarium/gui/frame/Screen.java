package dev.vivarium.gui.frame;

import java.util.List;
import javafx.scene.Node;

/** One place of the desktop that fills the window beside the navigation. */
public interface Screen {
  Node node();

  /** It is in the window from now on. */
  default void shown() {}

  /** It is not any more: it asks nothing of anybody meanwhile. */
  default void hidden() {}

  /** The user wants to look for something in it. */
  default void find() {}

  /** What can be done here, for the palette. */
  default List<Action> actions() {
    return List.of();
  }
}
