package dev.vivarium.engine.watch.calls;

import dev.vivarium.engine.watch.Escape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The layout of a struct of the kernel's interface, and how it is shown. */
public final class Struct {
  private record Field(String name, char type, int offset, int size, @Nullable NameSet set) {}

  private final String name;
  private final List<Field> fields = new ArrayList<>();
  private final int size;
  private final NameSet signals;

  Struct(String[] words, Map<String, NameSet> sets) {
    this.name = words[1];
    this.signals = CallTable.require(sets, "sig");
    int at = 0;
    for (int i = 2; i < words.length; i++) {
      String word = words[i];
      if (word.startsWith("pad")) {
        at += Integer.parseInt(word.substring(3));
        continue;
      }
      String[] parts = word.split(":");
      String type = parts[1].equals("dev") ? "V" : parts[1];
      char letter = type.charAt(0);
      int length =
          switch (letter) {
            case 'd', 'u', 'x', 'o', 'f', 'W', 'S' -> 4;
            case 'D', 'U', 'X', 'V', 'F', 'L', 'M', 'O', 'Q', 'G', 'E' -> 8;
            case 'h', 'H' -> 2;
            case 'b' -> 1;
            case 's' -> Integer.parseInt(type.substring(1));
            default -> throw new IllegalArgumentException("type of " + word);
          };
      if (parts.length > 2) {
        fields.add(new Field(parts[0], letter, at, length, CallTable.require(sets, parts[2])));
      } else {
        fields.add(new Field(parts[0], letter, at, length, null));
      }
      at += length;
    }
    size = at;
  }

  /** In bytes. */
  public int size() {
    return size;
  }

  public String name() {
    return name;
  }

  /** Whether it is one number and shown as that. */
  private boolean isScalar() {
    return fields.size() == 1 && name.matches("int|uint|long|ptr|status|sigset|getcpu|comm");
  }

  /** Shows one that begins at a place; what is not there is left out. */
  String show(byte[] bytes, int from) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (isScalar()) {
      Field only = fields.get(0);
      return from + only.size > bytes.length ? "?" : value(only, in, bytes, from);
    }
    StringBuilder out = new StringBuilder(name.equals("fdpair") ? "[" : "{");
    String separator = "";
    for (Field f : fields) {
      int at = from + f.offset;
      if (at + f.size > bytes.length) {
        break;
      }
      out.append(separator);
      if (!name.equals("fdpair")) {
        out.append(f.name).append('=');
      }
      out.append(value(f, in, bytes, at));
      separator = ", ";
    }
    return out.append(name.equals("fdpair") ? ']' : '}').toString();
  }

  private String value(Field f, ByteBuffer in, byte[] bytes, int at) {
    if (f.set != null && f.type != 'f' && f.type != 'F' && f.type != 'H') {
      return f.set.value(
          switch (f.size) {
            case 1 -> bytes[at] & 0xff;
            case 2 -> in.getShort(at) & 0xffff;
            default -> in.getInt(at);
          });
    }
    return switch (f.type) {
      case 'd' -> Integer.toString(in.getInt(at));
      case 'u' -> Integer.toUnsignedString(in.getInt(at));
      case 'x' -> "0x" + Integer.toHexString(in.getInt(at));
      case 'o' -> "0" + Integer.toOctalString(in.getInt(at));
      case 'O' -> "0" + Long.toOctalString(in.getLong(at));
      case 'D' -> Long.toString(in.getLong(at));
      case 'U' -> Long.toUnsignedString(in.getLong(at));
      case 'X' -> hex(in.getLong(at));
      case 'E' ->
          "{u32="
              + Integer.toUnsignedString(in.getInt(at))
              + ", u64="
              + Long.toUnsignedString(in.getLong(at))
              + "}";
      case 'V' -> CallFormatter.device(in.getLong(at));
      case 'L' -> limit(in.getLong(at));
      case 'Q' ->
          in.getLong(at) == 0 ? "SIG_DFL" : in.getLong(at) == 1 ? "SIG_IGN" : hex(in.getLong(at));
      case 'G' -> in.getLong(at) == 0 ? "0" : signals.value(in.getLong(at));
      case 'S' -> signals.value(in.getInt(at));
      case 'M' -> mask(in.getLong(at));
      case 'W' -> status(in.getInt(at));
      case 'h' -> Integer.toString(in.getShort(at) & 0xffff);
      case 'H' -> set(f).bits(in.getShort(at) & 0xffff);
      case 'f' -> set(f).bits(Integer.toUnsignedLong(in.getInt(at)));
      case 'F' -> set(f).bits(in.getLong(at));
      case 'b' -> Integer.toString(bytes[at] & 0xff);
      case 's' -> {
        int end = at;
        while (end < at + f.size && bytes[end] != 0) {
          end++;
        }
        yield Escape.quoted(new String(bytes, at, end - at, StandardCharsets.ISO_8859_1));
      }
      default -> "?";
    };
  }

  private static String limit(long value) {
    if (value == -1) {
      return "RLIM64_INFINITY";
    }
    return value > 1024 && value % 1024 == 0
        ? value / 1024 + "*1024"
        : Long.toUnsignedString(value);
  }

  private static NameSet set(Field f) {
    if (f.set == null) {
      throw new IllegalArgumentException("no names for " + f.name);
    }
    return f.set;
  }

  private static String hex(long value) {
    return value == 0 ? "NULL" : "0x" + Long.toHexString(value);
  }

  private String mask(long mask) {
    boolean most = Long.bitCount(mask) > 32;
    long bits = most ? ~mask : mask;
    StringBuilder out = new StringBuilder(most ? "~[" : "[");
    String separator = "";
    for (int signo = 1; signo <= 64; signo++) {
      if ((bits >> (signo - 1) & 1) != 0) {
        String text = signo < 32 ? signals.value(signo).substring(3) : "RT_" + (signo - 32);
        out.append(separator).append(text);
        separator = " ";
      }
    }
    return out.append(']').toString();
  }

  /** A wait status, as {@code wait4} gives it. */
  String status(int status) {
    if ((status & 0x7f) == 0) {
      return "[{WIFEXITED(s) && WEXITSTATUS(s) == " + (status >> 8 & 0xff) + "}]";
    }
    if ((status & 0xff) == 0x7f) {
      return status == 0xffff
          ? "[{WIFCONTINUED(s)}]"
          : "[{WIFSTOPPED(s) && WSTOPSIG(s) == " + signals.value(status >> 8 & 0xff) + "}]";
    }
    return "[{WIFSIGNALED(s) && WTERMSIG(s) == "
        + signals.value(status & 0x7f)
        + ((status & 0x80) != 0 ? " && WCOREDUMP(s)" : "")
        + "}]";
  }
}
