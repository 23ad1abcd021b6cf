package dev.vivarium.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.cli.CliException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateTest {
  private static final Map<String, Object> VALUES =
      Map.of(
          "name",
          "web",
          "command",
          List.of("sh", "-c"),
          "spec",
          Map.of("limits", Map.of("pids", 7)),
          "evil",
          "a\033[31m\nb");

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "{{.name}}:{{.Name}}!web:web",
        "{{ json .command }}![\"sh\",\"-c\"]",
        "{{index .command 1}}!-c",
        "{{join .command \" + \"}}!sh + -c",
        "{{len .command}}!2",
        "{{.spec.limits.pids}}!7",
        "{{upper .name}} x!WEB x",
        "{{.evil}}!a?[31m?b"
      })
  void placesAreFilledIn(String template, String line) throws CliException {
    assertEquals(line, new Template(template).fill(VALUES));
  }

  @ParameterizedTest
  @CsvSource({"{{.nope}}", "{{.name", "{{}}", "{{name}}", "{{what .name}}", "{{.name.more}}"})
  void whatIsNotThereIsSaid(String template) {
    CliException e = assertThrows(CliException.class, () -> new Template(template).fill(VALUES));
    assertEquals(CliException.USAGE, e.exitCode());
  }

  @Test
  void filtersOfOneNameAddUpAndThoseOfSeveralNarrow() throws CliException {
    Filters<String> filters =
        new Filters<String>().on("is", String::equals).on("has", String::contains);
    assertTrue(filters.given("is=a", "is=b").pass("b"));
    assertTrue(!filters.given("has=z").pass("b"));
    assertThrows(CliException.class, () -> filters.given("was=a"));
    assertTrue(Filters.matches("a*.c?", "a.b.cd"));
    assertTrue(!Filters.matches("a.c", "abc"));
  }

  @Test
  void whatAGuestWritesIsShownAsLetters() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    GuestText text = new GuestText(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    byte[] euro = "€".getBytes(StandardCharsets.UTF_8);
    text.write("a\033[2J\r\nb\rc".getBytes(StandardCharsets.UTF_8));
    text.write(new byte[] {euro[0], euro[1]});
    text.write(new byte[] {euro[2], (byte) 0xff, '\n'});
    text.write("\u202e\u0085\tx".getBytes(StandardCharsets.UTF_8));
    text.end();
    assertEquals("| a^[[2J\n| b\n| c€\ufffd\n| ??\tx\n", bytes.toString(StandardCharsets.UTF_8));
  }
}
