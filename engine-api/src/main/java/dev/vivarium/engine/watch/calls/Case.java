package dev.vivarium.engine.watch.calls;

import java.util.ArrayList;
import java.util.List;

/** What the arguments of a call are if some of them have certain values. */
final class Case {
  private record Condition(int argument, long mask, long[] values) {
    boolean holds(long[] arguments) {
      long bits = arguments[argument] & mask;
      for (long value : values) {
        if (bits == value) {
          return true;
        }
      }
      return false;
    }
  }

  private final Condition[] conditions;
  private final List<Kind> arguments;

  private Case(List<Condition> conditions, List<Kind> arguments) {
    this.conditions = conditions.toArray(new Condition[0]);
    this.arguments = List.copyOf(arguments);
  }

  /** Of a text such as {@code 1:sol=SOL_SOCKET,2:so=SO_TYPE|SO_ERROR}. */
  static Case of(String text, List<Kind> arguments, CallTable table) {
    List<Condition> conditions = new ArrayList<>();
    for (String part : text.split(",")) {
      int colon = part.indexOf(':');
      int equals = part.indexOf('=');
      NameSet set = table.set(part.substring(colon + 1, equals)).orElseThrow();
      String[] names = part.substring(equals + 1).split("\\|");
      long mask = set.maskOf(names[0]);
      long[] values = new long[names.length];
      for (int i = 0; i < names.length; i++) {
        if (set.maskOf(names[i]) != mask) {
          throw new IllegalStateException("calls.txt: values of different bits: " + part);
        }
        values[i] = set.valueOf(names[i]) & mask;
      }
      conditions.add(new Condition(Integer.parseInt(part.substring(0, colon)), mask, values));
    }
    return new Case(conditions, arguments);
  }

  /** Allocates nothing. */
  boolean holds(long[] values) {
    for (Condition c : conditions) {
      if (!c.holds(values)) {
        return false;
      }
    }
    return true;
  }

  List<Kind> arguments() {
    return arguments;
  }
}
