package dev.vivarium.cli.run;

import dev.vivarium.cli.Context;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Asks a person on the terminal. */
final class Question {
  private static final int LONGEST = 4096;

  private Question() {}

  /** Whether there is a person to ask. */
  static boolean canAsk() {
    return Terminal.isTerminal(0) && Terminal.isTerminal(2);
  }

  /** Asks, and waits for a line; an end of input is an empty one. */
  static String ask(Context context, String question) throws IOException {
    context.out().flush();
    context.err().print(question + " ");
    context.err().flush();
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    byte[] one = new byte[1];
    while (line.size() < LONGEST && context.input().read(one, 1, () -> false) > 0) {
      if (one[0] == '\n' || one[0] == '\r') {
        break;
      }
      line.write(one[0]);
    }
    return line.toString(StandardCharsets.UTF_8).strip();
  }
}
