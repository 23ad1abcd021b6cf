package dev.vivarium.cli.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class WordsTest {
  private static List<String> words(String line) throws Exception {
    return Words.of(line, name -> "<" + name + ">").words();
  }

  @Test
  void aLineIsTakenApartAsByAShell() throws Exception {
    assertEquals(List.of("a", "b c", "d"), words("  a 'b c' d # rest"));
    assertEquals(List.of("a b", "", "cd"), words("\"a b\" '' c\"d\""));
    assertEquals(List.of("a b", "c\"d", "\\e"), words("a\\ b \"c\\\"d\" '\\e'"));
    assertEquals(List.of("a", "b#c"), words("a \\\n b#c"));
    assertEquals(List.of(), words("   # only a comment"));
  }

  @Test
  void variablesAreFilledInButNotInSingleQuotes() throws Exception {
    assertEquals(
        List.of("<x>", "<x>y", "$x", "<?>", "$", "${", "$1"), words("$x ${x}y '$x' $? $ ${ $1"));
    assertEquals(List.of("a <x> b"), words("\"a $x b\""));
    assertEquals(List.of("a|b"), words("'a|b'"));
  }

  @Test
  void whatComesBehindTheFirstPipeIsForTheOtherShell() throws Exception {
    Words w = Words.of("ps -a | grep 'a b' | wc -l", name -> "");
    assertEquals(List.of("ps", "-a"), w.words());
    assertEquals("grep 'a b' | wc -l", w.pipe());
  }

  @Test
  void whatIsOpenIsIncomplete() {
    for (String open : List.of("'a", "\"a", "a \\", "\"a\\\"")) {
      assertThrows(Words.Incomplete.class, () -> words(open), open);
    }
  }

  @Test
  void aSessionKeepsVariablesAliasesAndTheLastCode() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    List<List<String>> run = new ArrayList<>();
    Session session =
        new Session(
            new dev.vivarium.cli.Context(print, print, Map.of("OUTSIDE", "o")),
            (words, context) -> {
              run.add(List.of(words));
              context.out().println("made 123abc");
              return words[0].equals("bad") ? 7 : 0;
            });
    session.run("set X=1 2");
    session.run("alias ps=ps -a");
    session.run("ps $X $OUTSIDE");
    assertEquals(List.of("ps", "-a", "1 2", "o"), run.get(0));
    assertEquals(7, session.run("bad"));
    session.run("run -d image");
    out.reset();
    session.run("echo $? $last");
    assertEquals("0 123abc\n", out.toString(StandardCharsets.UTF_8));
    assertEquals(2, session.run("exit x"));
    assertEquals(3, session.run("exit 3"));
    assertEquals(true, session.hasEnded());
  }
}
