package dev.vivarium.gui.compare;

import dev.vivarium.engine.compare.Preset;
import dev.vivarium.gui.frame.Program;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is to be compared, as the form has it.
 *
 * @param preset work that is known; empty for a command of the user's own
 * @param command as one types it into a shell; not looked at if there is a preset
 * @param calls whether each engine has one run more whose system calls are counted
 */
record CompareRequest(
    String image,
    Optional<Preset> preset,
    String command,
    List<String> engines,
    int runs,
    boolean calls) {

  /** Those that there are, as the command line has them. */
  static final List<String> ENGINES = List.of("native", "sentry", "microvm");

  private static final int USUAL_RUNS = 5;

  /**
   * What is run under each.
   *
   * @throws IllegalArgumentException if a quote is not closed
   */
  List<String> work() {
    return preset.map(Preset::command).orElseGet(() -> Program.words(command));
  }

  /** Whether there is something to run, and something to run it under. */
  boolean isComplete() {
    return !image.isBlank() && !engines.isEmpty() && !work().isEmpty();
  }

  /** How many runs there will be in all, unless an engine drops out. */
  int allRuns() {
    long watched = engines.stream().filter(e -> !e.equals("native")).count();
    return engines.size() * (runs + 1) + (calls ? (int) watched : 0);
  }

  /**
   * The words of the command that does the same.
   *
   * @throws IllegalArgumentException if a quote is not closed
   */
  List<String> words() {
    List<String> words = new ArrayList<>(List.of("compare"));
    if (!engines.equals(ENGINES)) {
      words.addAll(List.of("--engines", String.join(",", engines)));
    }
    if (runs != USUAL_RUNS) {
      words.addAll(List.of("--runs", String.valueOf(runs)));
    }
    if (!calls) {
      words.add("--no-calls");
    }
    preset.ifPresent(p -> words.addAll(List.of("--preset", p.word())));
    words.add(image.strip());
    if (preset.isEmpty()) {
      words.add("--");
      words.addAll(work());
    }
    return words;
  }
}
