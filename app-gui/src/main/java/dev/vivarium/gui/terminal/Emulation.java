package dev.vivarium.gui.terminal;

import com.techsenger.jeditermfx.core.Color;
import com.techsenger.jeditermfx.core.CursorShape;
import com.techsenger.jeditermfx.core.RequestOrigin;
import com.techsenger.jeditermfx.core.TerminalColor;
import com.techsenger.jeditermfx.core.TerminalDataStream;
import com.techsenger.jeditermfx.core.TerminalDisplay;
import com.techsenger.jeditermfx.core.TerminalOutputStream;
import com.techsenger.jeditermfx.core.TextStyle;
import com.techsenger.jeditermfx.core.emulator.JediEmulator;
import com.techsenger.jeditermfx.core.emulator.mouse.MouseFormat;
import com.techsenger.jeditermfx.core.emulator.mouse.MouseMode;
import com.techsenger.jeditermfx.core.model.JediTerminal;
import com.techsenger.jeditermfx.core.model.StyleState;
import com.techsenger.jeditermfx.core.model.TerminalSelection;
import com.techsenger.jeditermfx.core.model.TerminalTextBuffer;
import com.techsenger.jeditermfx.core.util.CharUtils;
import com.techsenger.jeditermfx.core.util.TermSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A screen that bytes are written to. The emulator runs on a thread of its own and waits for
 * characters there; whoever draws takes the buffer's lock.
 */
final class Emulation implements AutoCloseable {
  private static final int HISTORY = 10_000;
  private static final int QUEUE = 64;

  private final StyleState style = new StyleState();
  private final TerminalTextBuffer buffer;
  private final JediTerminal terminal;
  private final Display display = new Display();
  private final BlockingQueue<char[]> queue = new ArrayBlockingQueue<>(QUEUE);
  private final AtomicLong changes = new AtomicLong();
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private ByteBuffer rest = ByteBuffer.allocate(0);
  private final Thread thread;

  /**
   * @param answers hears what the terminal itself says (where its cursor is, and the like)
   */
  Emulation(int columns, int rows, Consumer<byte[]> answers) {
    style.setDefaultStyle(new TextStyle(TerminalColor.WHITE, TerminalColor.BLACK));
    buffer = new TerminalTextBuffer(columns, rows, style, HISTORY, null);
    terminal = new JediTerminal(display, buffer, style);
    terminal.setTerminalOutput(
        new TerminalOutputStream() {
          @Override
          public void sendBytes(byte[] bytes, boolean user) {
            answers.accept(bytes);
          }

          @Override
          public void sendString(String text, boolean user) {
            answers.accept(text.getBytes(StandardCharsets.UTF_8));
          }
        });
    buffer.addModelListener(changes::incrementAndGet);
    thread = new Thread(this::run, "terminal-emulator");
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    JediEmulator emulator = new JediEmulator(new Stream(), terminal);
    while (!Thread.currentThread().isInterrupted()) {
      try {
        while (emulator.hasNext()) {
          emulator.next();
          changes.incrementAndGet();
        }
        return;
      } catch (IOException e) {
        return;
      } catch (RuntimeException e) {
        // What a guest sends may be nonsense: the rest of it is shown all the same.
        changes.incrementAndGet();
      }
    }
  }

  /** Takes output; waits while the emulator has not kept up. */
  void write(byte[] bytes) throws InterruptedException {
    ByteBuffer in =
        ByteBuffer.allocate(rest.remaining() + bytes.length).put(rest).put(bytes).flip();
    CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
    decoder.decode(in, out, false);
    rest = ByteBuffer.allocate(in.remaining()).put(in).flip();
    char[] chars = new char[out.flip().remaining()];
    out.get(chars);
    if (chars.length > 0) {
      queue.put(chars);
    }
  }

  JediTerminal terminal() {
    return terminal;
  }

  TerminalTextBuffer buffer() {
    return buffer;
  }

  Display display() {
    return display;
  }

  /** Grows with each change of the screen. */
  long changes() {
    return changes.get();
  }

  void resize(int columns, int rows) {
    terminal.resize(new TermSize(columns, rows), RequestOrigin.User);
    changes.incrementAndGet();
  }

  @Override
  public void close() {
    thread.interrupt();
  }

  /** What the emulator tells of its screen. Read by whoever draws. */
  static final class Display implements TerminalDisplay {
    private static final int MOST_TITLE = 80;

    volatile int cursorX;
    volatile int cursorY = 1;
    volatile boolean cursorVisible = true;
    volatile boolean bracketedPaste;
    volatile MouseMode mouse = MouseMode.MOUSE_REPORTING_NONE;
    volatile String title = "";

    @Override
    public void setCursor(int x, int y) {
      cursorX = x;
      cursorY = y;
    }

    @Override
    public void setCursorShape(@Nullable CursorShape shape) {}

    @Override
    public void beep() {}

    @Override
    public void scrollArea(int top, int size, int dy) {}

    @Override
    public void setCursorVisible(boolean visible) {
      cursorVisible = visible;
    }

    @Override
    public void useAlternateScreenBuffer(boolean use) {}

    @Override
    public String getWindowTitle() {
      return title;
    }

    @Override
    public void setWindowTitle(String text) {
      title = text.substring(0, Math.min(MOST_TITLE, text.length()));
    }

    @Override
    public @Nullable TerminalSelection getSelection() {
      return null;
    }

    @Override
    public void terminalMouseModeSet(MouseMode mode) {
      mouse = mode;
    }

    @Override
    public void setMouseFormat(MouseFormat format) {}

    @Override
    public boolean ambiguousCharsAreDoubleWidth() {
      return false;
    }

    @Override
    public void setBracketedPasteMode(boolean on) {
      bracketedPaste = on;
    }

    @Override
    public Color getWindowForeground() {
      return new Color(201, 209, 217);
    }

    @Override
    public Color getWindowBackground() {
      return new Color(13, 17, 23);
    }
  }

  /** Characters out of the queue, as the emulator takes them. */
  private final class Stream implements TerminalDataStream {
    private char[] part = new char[0];
    private int at;

    private void fill() throws IOException {
      try {
        while (at >= part.length) {
          part = queue.take();
          at = 0;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new TerminalDataStream.EOF();
      }
    }

    @Override
    public char getChar() throws IOException {
      fill();
      return part[at++];
    }

    @Override
    public void pushChar(char c) {
      if (at > 0) {
        part[--at] = c;
      } else {
        pushBackBuffer(new char[] {c}, 1);
      }
    }

    @Override
    public String readNonControlCharacters(int most) throws IOException {
      fill();
      String text = CharUtils.getNonControlCharacters(most, part, at, part.length - at);
      at += text.length();
      return text;
    }

    @Override
    public void pushBackBuffer(char[] chars, int length) {
      char[] whole = new char[length + part.length - at];
      System.arraycopy(chars, 0, whole, 0, length);
      System.arraycopy(part, at, whole, length, part.length - at);
      part = whole;
      at = 0;
    }

    @Override
    public boolean isEmpty() {
      return at >= part.length && queue.isEmpty();
    }
  }
}
