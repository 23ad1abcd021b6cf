package dev.vivarium.engine.watch.calls;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Names of bits, or of values, as the kernel's headers have them. */
public final class NameSet {
  private record Name(String name, long value, long mask) {}

  /** What some bits are called. */
  private record Shown(long value, String text) {}

  private static final int REMEMBERED = 64;

  private final List<Name> names = new ArrayList<>();

  /** Few combinations are used, and these again and again. Any thread may put one here. */
  private final @Nullable Shown[] shown = new Shown[REMEMBERED];

  NameSet(String[] words, int from) {
    for (int i = from; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      String[] value = words[i].substring(equals + 1).split("/");
      long bits = number(value[0]);
      names.add(
          new Name(words[i].substring(0, equals), bits, value.length > 1 ? number(value[1]) : 0));
    }
  }

  private static long number(String text) {
    return Long.decode(text);
  }

  /** As one of several values; in hexadecimal if it has no name. */
  public String value(long value) {
    for (Name n : names) {
      if (n.mask == 0 && n.value == value) {
        return n.name;
      }
    }
    return value >= 0 && value < 10 ? Long.toString(value) : "0x" + Long.toHexString(value);
  }

  /** The value with this name; -1 if there is none. */
  public long valueOf(String name) {
    for (Name n : names) {
      if (n.name.equals(name)) {
        return n.value;
      }
    }
    return -1;
  }

  /** The bits of which the value with this name is one; all unless it is a value within bits. */
  long maskOf(String name) {
    for (Name n : names) {
      if (n.name.equals(name)) {
        return n.mask == 0 ? 0xffffffffL : n.mask;
      }
    }
    throw new IllegalStateException("calls.txt: nothing is called " + name);
  }

  /** As bits, joined by {@code |}; what is left over in hexadecimal. */
  public String bits(long value) {
    int slot = (int) (value ^ value >> 6 ^ value >> 12 ^ value >> 18) & REMEMBERED - 1;
    Shown known = shown[slot];
    if (known == null || known.value != value) {
      known = new Shown(value, join(value));
      shown[slot] = known;
    }
    return known.text;
  }

  private String join(long value) {
    StringBuilder out = new StringBuilder();
    long rest = value;
    for (Name n : names) {
      if (n.mask != 0 && (value & n.mask) == n.value && (n.value != 0 || n.mask != 0)) {
        add(out, n.name);
        rest &= ~n.mask;
      }
    }
    // Names of several bits come before those of the bits that they have.
    for (Name n : names) {
      if (n.mask == 0 && n.value != 0 && (rest & n.value) == n.value) {
        add(out, n.name);
        rest &= ~n.value;
      }
    }
    if (rest != 0) {
      add(out, "0x" + Long.toHexString(rest));
    }
    if (out.isEmpty()) {
      for (Name n : names) {
        if (n.mask == 0 && n.value == 0) {
          return n.name;
        }
      }
      return "0";
    }
    return out.toString();
  }

  private static void add(StringBuilder out, String name) {
    if (!out.isEmpty()) {
      out.append('|');
    }
    out.append(name);
  }
}
