package dev.vivarium.cli.screen;

import dev.vivarium.cli.output.Text;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/**
 * One line of a screen. Whatever it says, it moves no cursor and is as wide as it seems to be.
 *
 * @param text what it says
 * @param look how
 */
public record Line(String text, Look look) {
  /** How a line is shown. */
  public enum Look {
    PLAIN,
    /** A title. */
    BOLD,
    /** The names of columns; the line that is chosen. */
    INVERSE,
    /** Something that failed. */
    RED,
    /** What matters less. */
    FAINT
  }

  public Line {
    text = Text.printable(text);
  }

  /** One that looks as any. */
  public static Line of(String text) {
    return new Line(text, Look.PLAIN);
  }

  /** For a terminal of this width; an inverse one is so wide in any case. */
  String ansi(int columns, boolean colours) {
    AttributedString whole = new AttributedString(text, style(colours));
    AttributedString cut = whole.columnSubSequence(0, columns);
    if (look == Look.INVERSE && cut.columnLength() < columns) {
      cut =
          new AttributedStringBuilder()
              .append(cut)
              .append(" ".repeat(columns - cut.columnLength()), style(colours))
              .toAttributedString();
    }
    return cut.toAnsi();
  }

  private AttributedStyle style(boolean colours) {
    return switch (look) {
      case PLAIN -> AttributedStyle.DEFAULT;
      case BOLD -> AttributedStyle.BOLD;
      case INVERSE -> AttributedStyle.INVERSE;
      case FAINT -> AttributedStyle.DEFAULT.faint();
      case RED ->
          colours ? AttributedStyle.DEFAULT.foreground(AttributedStyle.RED) : AttributedStyle.BOLD;
    };
  }
}
