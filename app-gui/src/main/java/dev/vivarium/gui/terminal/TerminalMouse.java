package dev.vivarium.gui.terminal;

import com.techsenger.jeditermfx.core.emulator.mouse.MouseButtonCodes;
import com.techsenger.jeditermfx.core.emulator.mouse.MouseButtonModifierFlags;
import com.techsenger.jeditermfx.core.emulator.mouse.MouseMode;
import com.techsenger.jeditermfx.core.model.JediTerminal;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.ScrollEvent;

/**
 * Tells a program in the terminal of the mouse, if it has asked for that. With Shift held the mouse
 * stays the user's: to select, and to scroll.
 */
final class TerminalMouse {
  /** How far a wheel turns by one notch. */
  private static final double NOTCH = 40;

  private static final int MOST_NOTCHES = 10;

  private final Emulation emulation;

  TerminalMouse(Emulation emulation) {
    this.emulation = emulation;
  }

  /** Whether a program has the mouse, or Shift gives it to the user. */
  boolean isProgram(boolean shift) {
    return !shift && emulation.display().mouse != MouseMode.MOUSE_REPORTING_NONE;
  }

  void pressed(MouseEvent e, int column, int row) {
    emulation.terminal().mousePressed(column, row, of(e, button(e.getButton())));
  }

  void released(MouseEvent e, int column, int row) {
    emulation.terminal().mouseReleased(column, row, of(e, button(e.getButton())));
  }

  void dragged(MouseEvent e, int column, int row) {
    emulation.terminal().mouseDragged(column, row, of(e, button(e.getButton())));
  }

  void moved(MouseEvent e, int column, int row) {
    emulation.terminal().mouseMoved(column, row, of(e, MouseButtonCodes.NONE));
  }

  void turned(ScrollEvent e, int column, int row) {
    JediTerminal terminal = emulation.terminal();
    int notches = (int) Math.min(MOST_NOTCHES, Math.ceil(Math.abs(e.getDeltaY()) / NOTCH));
    // JediTerm's names are those of what the text does: it goes down when the wheel goes up.
    int code = e.getDeltaY() > 0 ? MouseButtonCodes.SCROLLDOWN : MouseButtonCodes.SCROLLUP;
    int keys = flags(e.isControlDown(), e.isAltDown());
    for (int i = 0; i < notches; i++) {
      terminal.mousePressed(
          column, row, new com.techsenger.jeditermfx.core.input.MouseEvent(code, keys));
    }
  }

  private static com.techsenger.jeditermfx.core.input.MouseEvent of(MouseEvent e, int button) {
    return new com.techsenger.jeditermfx.core.input.MouseEvent(
        button, flags(e.isControlDown(), e.isAltDown()));
  }

  private static int flags(boolean control, boolean alt) {
    return (control ? MouseButtonModifierFlags.MOUSE_BUTTON_CTRL_FLAG : 0)
        | (alt ? MouseButtonModifierFlags.MOUSE_BUTTON_META_FLAG : 0);
  }

  private static int button(MouseButton button) {
    return switch (button) {
      case PRIMARY -> MouseButtonCodes.LEFT;
      case MIDDLE -> MouseButtonCodes.MIDDLE;
      case SECONDARY -> MouseButtonCodes.RIGHT;
      default -> MouseButtonCodes.NONE;
    };
  }
}
