package dev.vivarium.gui.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.PickResult;
import javafx.scene.input.ScrollEvent;
import org.junit.jupiter.api.Test;

class TerminalMouseTest {
  private final BlockingQueue<String> said = new LinkedBlockingQueue<>();

  private Emulation emulation(String modes) throws Exception {
    Emulation emulation =
        new Emulation(80, 24, bytes -> said.add(new String(bytes, StandardCharsets.US_ASCII)));
    // The question for the cursor's place is answered after what stands before it was understood.
    emulation.write((modes + "\u001b[6n").getBytes(StandardCharsets.US_ASCII));
    assertEquals("\u001b[1;1R", said.poll(30, TimeUnit.SECONDS));
    return emulation;
  }

  private static MouseEvent press() {
    return new MouseEvent(
        MouseEvent.MOUSE_PRESSED,
        0,
        0,
        0,
        0,
        MouseButton.PRIMARY,
        1,
        false,
        false,
        false,
        false,
        true,
        false,
        false,
        false,
        false,
        true,
        new PickResult(null, 0, 0));
  }

  private static ScrollEvent turn(double by) {
    return new ScrollEvent(
        ScrollEvent.SCROLL,
        0,
        0,
        0,
        0,
        false,
        false,
        false,
        false,
        false,
        false,
        0,
        by,
        0,
        by,
        ScrollEvent.HorizontalTextScrollUnits.NONE,
        0,
        ScrollEvent.VerticalTextScrollUnits.NONE,
        0,
        0,
        new PickResult(null, 0, 0));
  }

  @Test
  void aProgramThatAskedIsToldOfButtonsAndTheWheel() throws Exception {
    try (Emulation emulation = emulation("\u001b[?1000h\u001b[?1006h")) {
      TerminalMouse mouse = new TerminalMouse(emulation);
      assertTrue(mouse.isProgram(false));
      mouse.pressed(press(), 4, 2);
      assertEquals("\u001b[<0;5;3M", said.poll());
      mouse.released(press(), 4, 2);
      assertEquals("\u001b[<0;5;3m", said.poll());
      mouse.turned(turn(40), 0, 0);
      assertEquals("\u001b[<64;1;1M", said.poll());
      mouse.turned(turn(-80), 0, 0);
      assertEquals("\u001b[<65;1;1M", said.poll());
      assertEquals("\u001b[<65;1;1M", said.poll());
      mouse.moved(press(), 5, 5);
      assertTrue(said.isEmpty());
    }
  }

  @Test
  void itIsTheUsersWithShiftOrWhereNobodyAsked() throws Exception {
    try (Emulation emulation = emulation("")) {
      TerminalMouse mouse = new TerminalMouse(emulation);
      assertFalse(mouse.isProgram(false));
      mouse.pressed(press(), 4, 2);
      assertTrue(said.isEmpty());
    }
    try (Emulation emulation = emulation("\u001b[?1002h")) {
      assertFalse(new TerminalMouse(emulation).isProgram(true));
    }
  }
}
