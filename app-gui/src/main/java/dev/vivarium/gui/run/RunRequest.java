package dev.vivarium.gui.run;

import dev.vivarium.gui.frame.Program;
import java.util.ArrayList;
import java.util.List;

/**
 * What a run is to be, as the form has it.
 *
 * @param command as one types it into a shell; empty for the image's own
 * @param profile its name, or empty
 * @param engine auto, sentry or microvm; empty for what the profile says
 * @param network empty for what the profile says
 * @param allow hosts, between commas or spaces
 * @param terminal whether it gets a terminal
 * @param record whether its report is kept
 */
record RunRequest(
    String image,
    String command,
    String name,
    String profile,
    String engine,
    String network,
    String allow,
    List<Mount> mounts,
    String memory,
    String cpus,
    String timeout,
    boolean terminal,
    boolean record) {

  /** A folder or file of this machine, shown inside. */
  record Mount(String source, String target, boolean writable) {}

  /**
   * The words of the command that does it.
   *
   * @throws IllegalArgumentException if a quote is not closed
   */
  List<String> words() {
    List<String> words = new ArrayList<>(List.of("run", "--detach"));
    if (terminal) {
      words.addAll(List.of("-i", "-t"));
    }
    if (record) {
      words.add("--record");
    }
    option(words, "--name", name);
    option(words, "--profile", profile);
    option(words, "--engine", engine);
    option(words, "--net", network);
    for (String host : allow.split("[,\\s]+")) {
      option(words, "--allow", host);
    }
    for (Mount m : mounts) {
      option(words, "-v", m.source + ":" + m.target + (m.writable ? ":rw" : ""));
    }
    option(words, "--memory", memory);
    option(words, "--cpus", cpus);
    option(words, "--timeout", timeout);
    words.add(image.strip());
    words.addAll(Program.words(command));
    return words;
  }

  private static void option(List<String> words, String option, String value) {
    if (!value.isBlank()) {
      words.add(option);
      words.add(value.strip());
    }
  }
}
