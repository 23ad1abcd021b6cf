package dev.vivarium.gui.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProgramTest {
  @Test
  void wordsAreSplitAsAShellDoes() {
    assertEquals(
        List.of("sh", "-c", "echo \"a b\"; exit", "", "x y", "it's"),
        Program.words("sh -c 'echo \"a b\"; exit' '' x\\ y \"it's\""));
    assertEquals(List.of(), Program.words("   "));
  }

  @Test
  void aQuoteThatIsNotClosedIsSaid() {
    assertThrows(IllegalArgumentException.class, () -> Program.words("echo 'a"));
  }

  @Test
  void whatIsShownCanBePastedIntoAShell() {
    List<String> words = List.of("run", "host", "sh", "-c", "echo it's $HOME");
    assertEquals("viv run host sh -c 'echo it'\\''s $HOME'", Program.asCommand(words));
  }

  @Test
  void aLineForTheUserIsSplitIntoWhatIsWrongAndWhatToDo() {
    Problem problem = Problem.ofLine("viv: no such image here: x; fetch it with viv pull x");
    assertEquals(new Problem("No such image here: x", "Fetch it with viv pull x"), problem);
  }

  @Test
  void whatAGuestWritesHasNoControlCharactersWhenItIsShown() {
    assertEquals("a\ufffdb\ufffd…", Format.line("a\u001bb\u202ecdef", 4));
  }
}
