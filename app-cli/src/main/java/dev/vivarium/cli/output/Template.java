package dev.vivarium.cli.output;

import dev.vivarium.cli.CliException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A line with places to be filled in, in Docker's spelling: {@code {{.name}}}, {@code {{json
 * .command}}}, {@code {{index .command 0}}}, {@code {{join .command " "}}}, {@code {{len .x}}},
 * {@code {{upper .x}}}, {@code {{lower .x}}}. Names are those of the JSON output, in any case of
 * letters.
 */
public final class Template {
  private static final Pattern PLACE = Pattern.compile("\\{\\{-?\\s*(.*?)\\s*-?\\}\\}");
  private static final Pattern WORD = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"|(\\S+)");

  private final String text;

  /** Takes a template; whether it is one shows when it is filled in. */
  public Template(String text) {
    this.text = text.replace("\\t", "\t").replace("\\n", "\n");
  }

  /** Whether a value of {@code --format} is one. */
  public static boolean is(String format) {
    return format.contains("{{");
  }

  /**
   * Fills it in.
   *
   * @throws CliException if it asks for what there is not
   */
  public String fill(Map<String, ?> values) throws CliException {
    StringBuilder line = new StringBuilder();
    Matcher place = PLACE.matcher(text);
    int at = 0;
    while (place.find()) {
      line.append(text, at, place.start()).append(value(place.group(1), values));
      at = place.end();
    }
    if (text.indexOf("{{", at) >= 0) {
      throw wrong("a {{ without its }}");
    }
    return line.append(text.substring(at)).toString();
  }

  private CliException wrong(String what) {
    return new CliException(CliException.USAGE, "template: " + what + ": " + text);
  }

  private String value(String expression, Map<String, ?> values) throws CliException {
    List<String> words = new ArrayList<>();
    Matcher word = WORD.matcher(expression);
    while (word.find()) {
      words.add(word.group(1) == null ? word.group(2) : word.group(1));
    }
    if (words.isEmpty()) {
      throw wrong("nothing between {{ and }}");
    }
    if (words.get(0).startsWith(".")) {
      return words.size() == 1 ? plain(find(words.get(0), values)) : tooMany(words);
    }
    if (words.size() < 2) {
      throw wrong("not a name that begins with a dot: " + words.get(0));
    }
    @Nullable Object of = find(words.get(1), values);
    String last = words.size() == 3 ? words.get(2) : "";
    return switch (words.get(0)) {
      case "json" -> Listing.json(of);
      case "upper" -> plain(of).toUpperCase(java.util.Locale.ROOT);
      case "lower" -> plain(of).toLowerCase(java.util.Locale.ROOT);
      case "len" ->
          String.valueOf(
              of instanceof Collection<?> c
                  ? c.size()
                  : of instanceof Map<?, ?> m ? m.size() : plain(of).length());
      case "join" ->
          of instanceof Collection<?> c
              ? c.stream().map(Template::plain).collect(Collectors.joining(last))
              : plain(of);
      case "index" -> plain(index(of, last));
      default -> throw wrong("no such function: " + words.get(0));
    };
  }

  private String tooMany(List<String> words) throws CliException {
    throw wrong("one value at a time, or a function first: " + String.join(" ", words));
  }

  private @Nullable Object index(@Nullable Object of, String key) throws CliException {
    if (of instanceof List<?> list && key.matches("[0-9]{1,6}")) {
      int i = Integer.parseInt(key);
      if (i < list.size()) {
        return list.get(i);
      }
      throw wrong("there are only " + list.size());
    }
    return of instanceof Map<?, ?> map ? map.get(key) : null;
  }

  private @Nullable Object find(String path, Map<String, ?> values) throws CliException {
    @Nullable Object at = values;
    for (String name : path.substring(1).split("\\.")) {
      if (name.isEmpty()) {
        continue;
      }
      if (!(at instanceof Map<?, ?> map)) {
        throw wrong("there is nothing named " + name + " in it");
      }
      at = member(map, name);
    }
    return at;
  }

  private @Nullable Object member(Map<?, ?> map, String name) throws CliException {
    if (map.containsKey(name)) {
      return map.get(name);
    }
    for (Map.Entry<?, ?> e : map.entrySet()) {
      if (String.valueOf(e.getKey()).equalsIgnoreCase(name)) {
        return e.getValue();
      }
    }
    String names = map.keySet().stream().map(String::valueOf).collect(Collectors.joining(", "));
    throw wrong("there is no " + name + " (there are " + names + ")");
  }

  private static String plain(@Nullable Object value) {
    if (value == null) {
      return "";
    }
    return value instanceof Map || value instanceof Collection
        ? Listing.json(value)
        : Text.printable(value.toString());
  }
}
