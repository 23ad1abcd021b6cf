package dev.vivarium.cli.screen;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * From the bytes that a terminal sends to keys (ECMA-48 control sequences, as xterm and its kin
 * send them). Bytes come in pieces; an escape byte that ends a piece is the Escape key, since a
 * terminal sends a sequence as a whole.
 */
final class KeyDecoder {
  private static final int ESC = 0x1b;
  private static final int LONGEST = 16;

  private final byte[] pending = new byte[4];
  private int have;

  /** The keys of these bytes. */
  List<Key> decode(byte[] bytes, int length) {
    List<Key> keys = new ArrayList<>();
    int at = 0;
    while (at < length) {
      int b = bytes[at] & 0xff;
      if (b == ESC && have == 0) {
        at += sequence(bytes, at, length, keys);
      } else {
        at++;
        plain(b, keys);
      }
    }
    return keys;
  }

  private void plain(int b, List<Key> keys) {
    if (b >= 0x80 || have > 0) {
      part(b, keys);
      return;
    }
    switch (b) {
      case 3 -> keys.add(Key.of(Key.Name.INTERRUPT));
      case '\r', '\n' -> keys.add(Key.of(Key.Name.ENTER));
      case 8, 0x7f -> keys.add(Key.of(Key.Name.BACKSPACE));
      default -> keys.add(b < ' ' ? Key.of(Key.Name.OTHER) : Key.typed(b));
    }
  }

  /** A byte of a character of several (UTF-8). */
  private void part(int b, List<Key> keys) {
    boolean begins = b >= 0xc0;
    if (begins || b < 0x80) {
      // The one before was none.
      have = 0;
      if (!begins) {
        plain(b, keys);
        return;
      }
    } else if (have == 0) {
      return;
    }
    pending[have++] = (byte) b;
    int first = pending[0] & 0xff;
    int wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (have == wanted) {
      String text = new String(pending, 0, have, StandardCharsets.UTF_8);
      have = 0;
      if (text.codePointAt(0) != 0xfffd) {
        keys.add(Key.typed(text.codePointAt(0)));
      }
    }
  }

  /** What begins with an escape byte; returns how long it is. */
  private static int sequence(byte[] bytes, int at, int length, List<Key> keys) {
    if (at + 1 >= length) {
      keys.add(Key.of(Key.Name.ESCAPE));
      return 1;
    }
    int second = bytes[at + 1];
    if (second != '[' && second != 'O') {
      // Alt and a key.
      keys.add(Key.of(second == ESC ? Key.Name.ESCAPE : Key.Name.OTHER));
      return second == ESC ? 1 : 2;
    }
    int end = at + 2;
    while (end < length && end - at < LONGEST && (bytes[end] < 0x40 || bytes[end] > 0x7e)) {
      end++;
    }
    if (end >= length || end - at >= LONGEST) {
      keys.add(Key.of(Key.Name.OTHER));
      return end - at;
    }
    String parameters = new String(bytes, at + 2, end - at - 2, StandardCharsets.ISO_8859_1);
    keys.add(Key.of(name((char) bytes[end], parameters)));
    return end - at + 1;
  }

  private static Key.Name name(char last, String parameters) {
    return switch (last) {
      case 'A' -> Key.Name.UP;
      case 'B' -> Key.Name.DOWN;
      case 'C' -> Key.Name.RIGHT;
      case 'D' -> Key.Name.LEFT;
      case 'H' -> Key.Name.HOME;
      case 'F' -> Key.Name.END;
      case '~' ->
          switch (parameters) {
            case "1", "7" -> Key.Name.HOME;
            case "4", "8" -> Key.Name.END;
            case "5" -> Key.Name.PAGE_UP;
            case "6" -> Key.Name.PAGE_DOWN;
            default -> Key.Name.OTHER;
          };
      default -> Key.Name.OTHER;
    };
  }
}
