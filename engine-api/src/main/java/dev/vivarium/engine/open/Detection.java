package dev.vivarium.engine.open;

import java.util.List;

/**
 * What was found out about a file. All texts come from the file or its name: bounded, not escaped.
 *
 * @param kind what it is
 * @param mediaType the same, as a media type
 * @param detail for which processor, which interpreter, how it is packed; may be empty
 * @param interpreter of a script, as its first line has it (program first), or by its name; of a
 *     program, its dynamic loader; empty if there is none
 * @param entries of an archive, an installer's the likeliest first; of a wheel, its modules
 * @param runnable whether it says by itself how it is started: a program for this machine, a Java
 *     archive with a main class
 */
public record Detection(
    Kind kind,
    String mediaType,
    String detail,
    List<String> interpreter,
    List<String> entries,
    boolean runnable) {
  public Detection {
    interpreter = List.copyOf(interpreter);
    entries = List.copyOf(entries);
  }

  /** In a few words, for people. */
  public String summary() {
    return kind == Kind.UNKNOWN
        ? mediaType
        : kind.description() + (detail.isEmpty() ? "" : ", " + detail);
  }
}
