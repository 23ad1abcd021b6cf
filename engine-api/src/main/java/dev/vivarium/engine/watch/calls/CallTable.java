package dev.vivarium.engine.watch.calls;

import dev.vivarium.engine.watch.calls.Kind.Type;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The table in {@code calls.txt}. Read when somebody watches for the first time. */
public final class CallTable {
  /** No call of Linux has this number or a higher one. */
  public static final int MOST = 512;

  private static final class Holder {
    static final CallTable TABLE = new CallTable();
  }

  /**
   * One system call.
   *
   * @param arguments what they are; fewer than six if it has fewer
   * @param addressResult whether its result is an address
   * @param cases what they are if some of them have certain values
   */
  public record Call(
      int number, String name, List<Kind> arguments, boolean addressResult, List<Case> cases) {
    public Call {
      arguments = List.copyOf(arguments);
    }

    /** What the arguments are that have these values. Allocates nothing. */
    public List<Kind> arguments(long[] values) {
      for (int i = 0; i < cases.size(); i++) {
        if (cases.get(i).holds(values)) {
          return cases.get(i).arguments();
        }
      }
      return arguments;
    }
  }

  private record Errno(String name, String text) {}

  private final @Nullable Call[] calls = new Call[MOST];
  private final Map<String, Call> byName = new HashMap<>();
  private final Map<String, NameSet> sets = new HashMap<>();
  private final Map<String, Struct> structs = new HashMap<>();
  private final Map<Integer, Errno> errnos = new HashMap<>();

  private CallTable() {
    try (InputStream in = CallTable.class.getResourceAsStream("calls.txt")) {
      if (in == null) {
        throw new IllegalStateException("the table of system calls is missing");
      }
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
      String line;
      while ((line = lines.readLine()) != null) {
        add(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The one that there is. */
  public static CallTable get() {
    return Holder.TABLE;
  }

  /** The row of a number; null for a number that Linux does not have. */
  public @Nullable Call row(int number) {
    return number >= 0 && number < MOST ? calls[number] : null;
  }

  /** The row of a number; empty for a number that Linux does not have. */
  public Optional<Call> call(int number) {
    return number >= 0 && number < MOST ? Optional.ofNullable(calls[number]) : Optional.empty();
  }

  public Optional<Call> call(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /** The layout of a struct. */
  Struct struct(String name) {
    return require(structs, name);
  }

  /** The names of one kind of bits or values. */
  Optional<NameSet> set(String name) {
    return Optional.ofNullable(sets.get(name));
  }

  /** Every row, by number. */
  public List<Call> all() {
    List<Call> rows = new ArrayList<>();
    for (Call c : calls) {
      if (c != null) {
        rows.add(c);
      }
    }
    return rows;
  }

  /** Its name, or "syscall_N". */
  public String name(int number) {
    Call row = row(number);
    return row != null ? row.name : "syscall_" + Integer.toUnsignedString(number);
  }

  /** ENOENT and the like. */
  public String errnoName(int errno) {
    Errno e = errnos.get(errno);
    return e == null ? "errno " + errno : e.name;
  }

  /** In words. */
  public String errnoText(int errno) {
    Errno e = errnos.get(errno);
    return e == null ? "" : e.text;
  }

  /** SIGTERM and the like. */
  public String signal(int signo) {
    return signo >= 32 && signo <= 64 ? "SIGRT_" + (signo - 32) : require(sets, "sig").value(signo);
  }

  /** A wait status in words. */
  public String status(int status) {
    return require(structs, "status").status(status);
  }

  private void add(String line) {
    String[] words = line.split(" +");
    switch (words[0]) {
      case "set" -> sets.put(words[1], new NameSet(words, 2));
      case "struct" -> structs.put(words[1], new Struct(words, sets));
      case "errno" -> {
        String[] parts = line.split(" ", 4);
        errnos.put(Integer.parseInt(parts[1]), new Errno(parts[2], parts[3]));
      }
      case "call" -> {
        int number = Integer.parseInt(words[1]);
        List<Kind> kinds = new ArrayList<>();
        boolean address = false;
        for (int i = 3; i < words.length; i++) {
          if (words[i].equals("=x")) {
            address = true;
          } else {
            kinds.add(kind(words[i]));
          }
        }
        Call call = new Call(number, words[2], kinds, address, new ArrayList<>(0));
        calls[number] = call;
        byName.put(call.name, call);
      }
      case "case" -> {
        List<Kind> kinds = new ArrayList<>();
        for (int i = 3; i < words.length; i++) {
          kinds.add(kind(words[i]));
        }
        require(byName, words[1]).cases.add(Case.of(words[2], kinds, this));
      }
      default -> {
        if (!line.isEmpty() && !line.startsWith("#")) {
          throw new IllegalStateException("calls.txt: " + line);
        }
      }
    }
  }

  static <T> T require(Map<String, T> map, String name) {
    T value = map.get(name);
    if (value == null) {
      throw new IllegalStateException("calls.txt: nothing is called " + name);
    }
    return value;
  }

  private Kind kind(String word) {
    if (word.startsWith("f:") || word.startsWith("e:")) {
      Type type = word.charAt(0) == 'f' ? Type.FLAGS : Type.ENUM;
      return new Kind(type, false, false, 1, require(sets, word.substring(2)), null);
    }
    int both = word.indexOf("<>");
    int arrow = both >= 0 ? both : Math.max(word.indexOf('<'), word.indexOf('>'));
    if (arrow >= 0) {
      return pointer(word, arrow);
    }
    Type type =
        switch (word) {
          case "d" -> Type.INT;
          case "u" -> Type.UINT;
          case "D" -> Type.LONG;
          case "U" -> Type.ULONG;
          case "x" -> Type.HEX;
          case "X" -> Type.HEX_NUMBER;
          case "o" -> Type.OCTAL;
          case "dev" -> Type.DEVICE;
          case "fd" -> Type.FD;
          case "at" -> Type.DIRECTORY_FD;
          case "pid" -> Type.PID;
          case "uid" -> Type.UID;
          case "sig" -> Type.SIGNAL;
          case "path" -> Type.PATH;
          case "str" -> Type.STRING;
          case "strs" -> Type.STRINGS;
          case "env" -> Type.ENVIRONMENT;
          case "-" -> Type.NONE;
          default -> throw new IllegalStateException("calls.txt: kind " + word);
        };
    return new Kind(
        type,
        switch (type) {
          case PATH, STRING, STRINGS, ENVIRONMENT -> true;
          default -> false;
        },
        false,
        1,
        null,
        null);
  }

  private Kind pointer(String word, int arrow) {
    boolean in = word.charAt(arrow) == '<';
    boolean both = word.startsWith("<>", arrow);
    boolean out = both || !in;
    String rest = word.substring(arrow + (both ? 2 : 1));
    Type type =
        switch (word.substring(0, arrow)) {
          case "buf" -> Type.BYTES;
          case "sa" -> Type.SOCKET_ADDRESS;
          case "iov" -> Type.IO_VECTOR;
          case "msg" -> Type.MESSAGE;
          case "mmsg" -> Type.MESSAGES;
          case "fds" -> Type.FD_SET;
          default -> Type.STRUCT;
        };
    if (type != Type.STRUCT) {
      return new Kind(type, in, out, count(rest), null, null);
    }
    int bracket = rest.indexOf('[');
    if (bracket < 0) {
      return new Kind(type, in, out, 1, null, require(structs, rest));
    }
    String many = rest.substring(bracket + 1, rest.length() - 1);
    return new Kind(
        type,
        in,
        out,
        many.startsWith("=") ? Integer.parseInt(many.substring(1)) : count(many),
        null,
        require(structs, rest.substring(0, bracket)));
  }

  private static int count(String word) {
    return word.equals("r") ? Kind.RESULT : -1 - Integer.parseInt(word);
  }
}
