package dev.vivarium.cli.output;

import dev.vivarium.cli.CliException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;

/**
 * What {@code --filter NAME=VALUE} lets through: for each name that is given, one of its values
 * must fit, as with Docker.
 *
 * @param <T> what is listed
 */
public final class Filters<T> {
  private final Map<String, BiPredicate<T, String>> kinds = new LinkedHashMap<>();
  private final Map<String, List<String>> wanted = new LinkedHashMap<>();

  /** There is a filter of this name; it is asked with the value that was given. */
  public Filters<T> on(String name, BiPredicate<T, String> fits) {
    kinds.put(name, fits);
    return this;
  }

  /** Takes what was given. */
  public Filters<T> given(String... filters) throws CliException {
    for (String filter : filters) {
      int equals = filter.indexOf('=');
      String name = equals < 0 ? filter : filter.substring(0, equals);
      if (equals < 0 || !kinds.containsKey(name)) {
        throw new CliException(
            CliException.USAGE,
            "--filter: not NAME=VALUE with a name that there is: "
                + filter
                + "; there are "
                + String.join(", ", kinds.keySet()));
      }
      wanted.computeIfAbsent(name, n -> new ArrayList<>()).add(filter.substring(equals + 1));
    }
    return this;
  }

  /** Whether it is let through. */
  public boolean pass(T one) {
    for (Map.Entry<String, List<String>> e : wanted.entrySet()) {
      BiPredicate<T, String> fits = kinds.get(e.getKey());
      if (fits != null && e.getValue().stream().noneMatch(value -> fits.test(one, value))) {
        return false;
      }
    }
    return true;
  }

  /** Whether one of this name was given. */
  public boolean has(String name) {
    return wanted.containsKey(name);
  }

  /** As a shell's pattern: * and ?. */
  public static boolean matches(String pattern, String text) {
    StringBuilder regex = new StringBuilder();
    for (char c : pattern.toCharArray()) {
      regex.append(
          c == '*' ? ".*" : c == '?' ? "." : java.util.regex.Pattern.quote(String.valueOf(c)));
    }
    return text.matches(regex.toString());
  }
}
