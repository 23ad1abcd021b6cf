package dev.vivarium.sentry.syscalls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.syscalls.SyscallTable.Entry;
import dev.vivarium.sentry.syscalls.SyscallTable.Support;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * docs/syscalls.md is the table of system calls, printed. After a change of the table, write it
 * anew with {@code mvn test -pl engine-sentry -am -Dtest=SyscallsPageTest -Dupdate
 * -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class SyscallsPageTest {
  private static final Path PAGE = Path.of("..", "docs", "syscalls.md");

  private final List<Entry> rows = SyscallTables.linux().entries();

  @Test
  void thePageShowsTheTableAsItIs() throws IOException {
    String page = page();
    if (System.getProperty("update") != null) {
      Files.writeString(PAGE, page);
    }
    assertEquals(page, Files.readString(PAGE), "docs/syscalls.md is stale; write it with -Dupdate");
  }

  @Test
  void everyNumberOfLinuxHasARow() throws IllegalAccessException {
    TreeSet<Integer> numbers = new TreeSet<>();
    for (Field f : Sys.class.getFields()) {
      numbers.add(f.getInt(null));
    }
    numbers.remove(Sys.COUNT);
    for (Entry row : rows) {
      numbers.remove(row.number());
    }
    assertTrue(numbers.isEmpty(), "no row for " + numbers);
  }

  @Test
  void everyNoteIsOneSentence() {
    for (Entry row : rows) {
      boolean said = row.note().matches("\\S[^\\n|]*\\.");
      assertTrue(row.support() == Support.FULL || said, row.name() + ": " + row.note());
    }
  }

  private long count(Support support) {
    return rows.stream().filter(row -> row.support() == support).count();
  }

  private String page() {
    List<String> lines = new ArrayList<>();
    lines.add("# System calls");
    lines.add("");
    lines.add("<!-- Printed from the table in the code by SyscallsPageTest; do not edit. -->");
    lines.add("");
    lines.add(
        "What a program in a sandbox of the `sentry` engine gets from each system call of Linux"
            + " 6.12 on x86-64:");
    lines.add("");
    lines.add("| support | calls | meaning |");
    lines.add("| --- | ---: | --- |");
    lines.add(meaning(Support.FULL, "does all that Linux does for it, seen from inside a sandbox"));
    lines.add(meaning(Support.PARTIAL, "works, but for what its note says"));
    lines.add(
        meaning(
            Support.UNSUPPORTED,
            "answers `ENOSYS`, as a kernel built without it; `--trace` shows it, and the end of a"
                + " run names it"));
    lines.add(meaning(Support.ABSENT, "has a number, but Linux itself answers `ENOSYS`"));
    lines.add("");
    lines.add(
        "What a call answers to wrong arguments is compared with Linux's answers by the"
            + " differential test, which goes through every");
    lines.add(
        "argument of each call that is full or partial (`sweep_*.c`), but for some that answer as"
            + " the machine is configured.");
    lines.add("");
    lines.add("| number | call | support | what is missing |");
    lines.add("| ---: | --- | --- | --- |");
    for (Entry row : rows) {
      lines.add(
          "| "
              + row.number()
              + " | `"
              + row.name()
              + "` | "
              + word(row.support())
              + " | "
              + row.note()
              + " |");
    }
    return String.join("\n", lines) + "\n";
  }

  private String meaning(Support support, String meaning) {
    return "| " + word(support) + " | " + count(support) + " | " + meaning + " |";
  }

  private static String word(Support support) {
    return switch (support) {
      case FULL -> "full";
      case PARTIAL -> "partial";
      case UNSUPPORTED -> "unsupported";
      case ABSENT -> "not in Linux";
    };
  }
}
