package dev.vivarium.gui.terminal;

import com.techsenger.jeditermfx.core.input.InputEvent;
import com.techsenger.jeditermfx.core.model.JediTerminal;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;

/** From keys to the bytes that a terminal sends for them. */
final class Keys {
  private static final Map<KeyCode, Integer> CODES =
      Map.ofEntries(
          Map.entry(KeyCode.ENTER, com.techsenger.jeditermfx.core.input.KeyEvent.VK_ENTER),
          Map.entry(
              KeyCode.BACK_SPACE, com.techsenger.jeditermfx.core.input.KeyEvent.VK_BACK_SPACE),
          Map.entry(KeyCode.TAB, com.techsenger.jeditermfx.core.input.KeyEvent.VK_TAB),
          Map.entry(KeyCode.ESCAPE, com.techsenger.jeditermfx.core.input.KeyEvent.VK_ESCAPE),
          Map.entry(KeyCode.INSERT, com.techsenger.jeditermfx.core.input.KeyEvent.VK_INSERT),
          Map.entry(KeyCode.DELETE, com.techsenger.jeditermfx.core.input.KeyEvent.VK_DELETE),
          Map.entry(KeyCode.PAGE_UP, com.techsenger.jeditermfx.core.input.KeyEvent.VK_PAGE_UP),
          Map.entry(KeyCode.PAGE_DOWN, com.techsenger.jeditermfx.core.input.KeyEvent.VK_PAGE_DOWN),
          Map.entry(KeyCode.HOME, com.techsenger.jeditermfx.core.input.KeyEvent.VK_HOME),
          Map.entry(KeyCode.END, com.techsenger.jeditermfx.core.input.KeyEvent.VK_END),
          Map.entry(KeyCode.LEFT, com.techsenger.jeditermfx.core.input.KeyEvent.VK_LEFT),
          Map.entry(KeyCode.RIGHT, com.techsenger.jeditermfx.core.input.KeyEvent.VK_RIGHT),
          Map.entry(KeyCode.UP, com.techsenger.jeditermfx.core.input.KeyEvent.VK_UP),
          Map.entry(KeyCode.DOWN, com.techsenger.jeditermfx.core.input.KeyEvent.VK_DOWN),
          Map.entry(KeyCode.F1, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F1),
          Map.entry(KeyCode.F2, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F2),
          Map.entry(KeyCode.F3, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F3),
          Map.entry(KeyCode.F4, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F4),
          Map.entry(KeyCode.F5, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F5),
          Map.entry(KeyCode.F6, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F6),
          Map.entry(KeyCode.F7, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F7),
          Map.entry(KeyCode.F8, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F8),
          Map.entry(KeyCode.F9, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F9),
          Map.entry(KeyCode.F10, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F10),
          Map.entry(KeyCode.F11, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F11),
          Map.entry(KeyCode.F12, com.techsenger.jeditermfx.core.input.KeyEvent.VK_F12));

  private Keys() {}

  /** For a key that was pressed; empty if it says nothing, or what it types says it. */
  static Optional<byte[]> pressed(KeyEvent e, JediTerminal terminal) {
    if (e.isControlDown() && !e.isAltDown() && e.getCode().isLetterKey()) {
      return Optional.of(new byte[] {(byte) (e.getCode().getCode() & 0x1f)});
    }
    if (e.isControlDown() && e.getCode() == KeyCode.SPACE) {
      return Optional.of(new byte[] {0});
    }
    Integer code = CODES.get(e.getCode());
    if (code == null) {
      return Optional.empty();
    }
    int modifiers =
        (e.isShiftDown() ? InputEvent.SHIFT_MASK : 0)
            | (e.isControlDown() ? InputEvent.CTRL_MASK : 0)
            | (e.isAltDown() ? InputEvent.ALT_MASK : 0);
    byte[] bytes = terminal.getCodeForKey(code, modifiers);
    return switch (e.getCode()) {
      case ENTER -> Optional.of(bytes == null ? new byte[] {'\r'} : bytes);
      case BACK_SPACE -> Optional.of(new byte[] {0x7f});
      case TAB ->
          Optional.of(
              e.isShiftDown() ? "\u001b[Z".getBytes(StandardCharsets.US_ASCII) : new byte[] {'\t'});
      case ESCAPE -> Optional.of(new byte[] {0x1b});
      default -> Optional.ofNullable(bytes);
    };
  }

  /** For what a key typed. */
  static Optional<byte[]> typed(KeyEvent e) {
    String text = e.getCharacter();
    if (e.isControlDown() || text.isEmpty() || text.charAt(0) < ' ' || text.charAt(0) == 0x7f) {
      return Optional.empty();
    }
    String all = e.isAltDown() ? "\u001b" + text : text;
    return Optional.of(all.getBytes(StandardCharsets.UTF_8));
  }
}
