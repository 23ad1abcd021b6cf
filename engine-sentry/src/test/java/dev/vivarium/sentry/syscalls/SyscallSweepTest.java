package dev.vivarium.sentry.syscalls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.syscalls.SyscallTable.Support;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every implemented call's errors are compared with Linux's: the programs {@code sweep_*.c} of the
 * differential test go through its arguments, but for the few calls named here.
 */
class SyscallSweepTest {
  private static final Path PROGRAMS = Path.of("src", "test", "c");

  /**
   * {@code SWEEP_FD(dup3, ...}, {@code sweep("dup3", ...} or, in a list, {@code {"dup3",
   * SYS_dup3}}.
   */
  private static final Pattern SWEPT =
      Pattern.compile("(?:SWEEP(?:_GOOD|_FD)?\\(|sweep\\(\"|\\{\"(?=\\w+\", SYS_))(\\w+)[,)\"]");

  /** Calls without arguments to get wrong: another program shows what they do. */
  private static final Map<String, String> SHOWN_ELSEWHERE =
      Map.ofEntries(
          Map.entry("brk", "sweep_memory"),
          Map.entry("exit", "threads_life"),
          Map.entry("exit_group", "threads_life"),
          Map.entry("fork", "proc_wait"),
          Map.entry("vfork", "proc_exec"),
          Map.entry("pause", "interrupted"),
          Map.entry("rt_sigreturn", "signals_basic"));

  /** Calls whose answers natively depend on the machine, its modules or who runs the test. */
  private static final Set<String> DEPENDS_ON_THE_HOST =
      Set.of(
          "bpf",
          "delete_module",
          "fanotify_init",
          "finit_module",
          "init_module",
          "ioperm",
          "iopl",
          "kexec_file_load",
          "kexec_load",
          "lsm_get_self_attr",
          "lsm_list_modules",
          "lsm_set_self_attr",
          "map_shadow_stack",
          "open_by_handle_at",
          "perf_event_open",
          "pkey_alloc",
          "pkey_free",
          "quotactl",
          "restart_syscall",
          "syslog",
          "uretprobe");

  @Test
  void theErrorsOfEveryImplementedCallAreCompared() throws IOException {
    String text = text("sweep_");
    Set<String> swept =
        SWEPT
            .matcher(text)
            .results()
            .map(found -> found.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    TreeSet<String> missing = implemented();
    missing.removeAll(swept);
    missing.removeAll(SHOWN_ELSEWHERE.keySet());
    missing.removeAll(DEPENDS_ON_THE_HOST);
    assertEquals(Set.of(), missing, "add a sweep of their arguments to a sweep_*.c");
  }

  @Test
  void exemptCallsExist() {
    TreeSet<String> unknown = new TreeSet<>(DEPENDS_ON_THE_HOST);
    unknown.addAll(SHOWN_ELSEWHERE.keySet());
    unknown.removeAll(implemented());
    assertEquals(Set.of(), unknown);
  }

  @Test
  void callsWithoutArgumentsAreShownWhereItIsSaid() throws IOException {
    for (Map.Entry<String, String> shown : SHOWN_ELSEWHERE.entrySet()) {
      assertTrue(Files.exists(PROGRAMS.resolve(shown.getValue() + ".c")), shown.toString());
    }
  }

  private static TreeSet<String> implemented() {
    return SyscallTables.linux().entries().stream()
        .filter(row -> row.support() == Support.FULL || row.support() == Support.PARTIAL)
        .map(SyscallTable.Entry::name)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String text(String prefix) throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.list(PROGRAMS)) {
      List<Path> wanted =
          files.filter(file -> file.getFileName().toString().startsWith(prefix)).sorted().toList();
      for (Path file : wanted) {
        all.append(Files.readString(file));
      }
    }
    return all.toString();
  }
}
