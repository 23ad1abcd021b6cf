package dev.vivarium.cli.shell;

import dev.vivarium.cli.Context;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What other shells ask when Tab is pressed behind {@code viv}. */
public final class Completion {
  private Completion() {}

  /**
   * The words that may stand where the line ends, each whole.
   *
   * @param line up to the cursor, with the program's own name
   */
  public static List<String> of(String line, Context context) {
    List<String> words;
    try {
      words = new ArrayList<>(Words.of(line, name -> "$" + name).words());
    } catch (Words.Incomplete e) {
      return List.of();
    }
    if (line.endsWith(" ") || words.isEmpty()) {
      words.add("");
    }
    if (words.size() < 2) {
      return List.of();
    }
    List<String> asked = words.subList(1, words.size());
    String typed = asked.getLast();
    return new Candidates(context, Map.of(), Map.of(), List.of("help"))
        .at(asked).stream().filter(word -> word.startsWith(typed)).sorted().distinct().toList();
  }
}
