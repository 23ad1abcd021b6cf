package dev.vivarium.cli.output;

import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Shows what a program of unknown origin writes: every line begins with a bar, so that it cannot
 * pass for one of ours, and what a terminal would obey is shown as letters.
 */
public final class GuestText {
  private static final String BAR = "| ";
  private static final int LONGEST_LINE = 4096;

  private final PrintStream out;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final ByteBuffer pending = ByteBuffer.allocate(8);
  private int column;
  private boolean afterReturn;

  /** Makes one for one stream. */
  public GuestText(PrintStream out) {
    this.out = out;
  }

  /** Some bytes more. */
  public void write(byte[] bytes) {
    ByteBuffer in = ByteBuffer.allocate(pending.position() + bytes.length);
    in.put(pending.flip()).put(bytes).flip();
    CharBuffer chars = CharBuffer.allocate(in.remaining() + 1);
    decoder.decode(in, chars, false);
    pending.clear();
    pending.put(in);
    StringBuilder text = new StringBuilder();
    chars.flip().codePoints().forEach(c -> add(text, c));
    out.print(text);
    out.flush();
  }

  /** The last line ends here. */
  public void end() {
    if (column > 0) {
      out.println();
      out.flush();
      column = 0;
    }
  }

  private void add(StringBuilder text, int c) {
    boolean ended = afterReturn;
    afterReturn = c == '\r';
    if (c == '\n' && ended) {
      // Its line ended already.
      return;
    }
    if (column == 0) {
      text.append(BAR);
    }
    if (c == '\n' || c == '\r' || column >= LONGEST_LINE) {
      text.append('\n');
      column = 0;
      if (c == '\n' || c == '\r') {
        return;
      }
      text.append(BAR);
    }
    column++;
    if (c == '\t') {
      text.append('\t');
    } else if (c < ' ' || c == 0x7f) {
      text.append('^').append((char) (c ^ 0x40));
    } else if (Character.isISOControl(c)
        || Character.getType(c) == Character.FORMAT
        || Character.getType(c) == Character.SURROGATE
        || c == 0x2028
        || c == 0x2029) {
      text.append('?');
    } else {
      text.appendCodePoint(c);
    }
  }
}
