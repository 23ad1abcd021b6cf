package dev.vivarium.gui.frame;

import java.util.Optional;
import javafx.scene.input.KeyCombination;

/**
 * Something that the user can have done: the palette, the keys and the buttons come from it.
 *
 * @param id stable, such as {@code sandbox.stop}
 * @param title as it is shown
 * @param keys that do it from anywhere
 * @param run does it, on the JavaFX thread
 */
public record Action(String id, String title, Optional<KeyCombination> keys, Runnable run) {
  /**
   * One whose title is the message {@code action.ID}.
   *
   * @param keys as {@link KeyCombination#valueOf} reads them; empty for none
   */
  public static Action of(String id, String keys, Runnable run) {
    return new Action(
        id,
        Messages.text("action." + id),
        keys.isEmpty() ? Optional.empty() : Optional.of(KeyCombination.valueOf(keys)),
        run);
  }

  /** One about a thing that has a name of its own. */
  public static Action titled(String id, String title, Runnable run) {
    return new Action(id, title, Optional.empty(), run);
  }

  /** The keys as people write them. */
  public String keysText() {
    return keys.map(KeyCombination::getDisplayText).orElse("");
  }
}
