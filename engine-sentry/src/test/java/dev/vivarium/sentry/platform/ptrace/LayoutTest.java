package dev.vivarium.sentry.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tracer and the sentry must mean the same bytes. */
class LayoutTest {
  @TempDir Path folder;

  @Test
  void javaAndTheCompilerAgreeOnEveryOffsetAndValue() throws Exception {
    Path program = folder.resolve("layout");
    run(List.of("gcc", "-o", program.toString(), "src/test/layout/trace_layout.c"));
    String[] lines = run(List.of(program.toString())).split("\n");
    assertTrue(lines.length > 40);
    for (String line : lines) {
      String[] words = line.split(" ");
      Field field = Layout.class.getDeclaredField(words[0]);
      assertEquals(Long.parseLong(words[1]), ((Number) field.get(null)).longValue(), words[0]);
    }
  }

  private static String run(List<String> command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }
}
