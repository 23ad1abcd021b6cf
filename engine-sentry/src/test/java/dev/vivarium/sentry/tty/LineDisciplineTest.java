package dev.vivarium.sentry.tty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Termios;
import dev.vivarium.sentry.memory.Uio;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LineDisciplineTest {
  private final List<Integer> signals = new ArrayList<>();
  private final LineDiscipline tty =
      new LineDiscipline(
          new LineDiscipline.Listener() {
            @Override
            public void signalTyped(int signo) {
              signals.add(signo);
            }

            @Override
            public void flowChanged(boolean stopped) {}
          });

  @BeforeEach
  void utf8() {
    change(a -> a.input |= Termios.IUTF8);
  }

  private void type(String s) {
    for (byte b : s.getBytes(StandardCharsets.UTF_8)) {
      tty.receive(b);
    }
  }

  private String shown() {
    byte[] b = new byte[20_000];
    long n = tty.output.read(Uio.of(b, 0, b.length));
    return new String(b, 0, (int) n, StandardCharsets.UTF_8);
  }

  private String line(int max) {
    byte[] b = new byte[max];
    long n = tty.readLine(Uio.of(b, 0, max));
    return n < 0 ? "EOF" : new String(b, 0, (int) n, StandardCharsets.UTF_8);
  }

  private void change(Consumer<TerminalAttributes> edit) {
    TerminalAttributes a = new TerminalAttributes();
    a.decode(tty.attributes.encode());
    edit.accept(a);
    tty.setAttributes(a.encode());
  }

  private void raw() {
    change(a -> {
      a.local &= ~(Termios.ICANON | Termios.ECHO | Termios.ISIG | Termios.IEXTEN);
      a.input &= ~(Termios.ICRNL | Termios.IXON);
      a.output &= ~Termios.OPOST;
    });
  }

  /** What is typed, what a program then reads, what the terminal shows; ~ stands for no line. */
  @ParameterizedTest
  @CsvSource({
    "'ab\\r', 'ab\\n', 'ab\\r\\n'",
    "'abx\\x7f\\r', 'ab\\n', 'abx\\b \\b\\r\\n'",
    "'\\x7f\\x7fa\\r', 'a\\n', 'a\\r\\n'",
    "'one two\\x17\\r', 'one \\n', 'one two\\b \\b\\b \\b\\b \\b\\r\\n'",
    "'abc\\x15d\\r', 'd\\n', 'abc\\b \\b\\b \\b\\b \\bd\\r\\n'",
    "'a\\x01\\r', 'a\\x01\\n', 'a^A\\r\\n'",
    "'a\\x01\\x7f\\r', 'a\\n', 'a^A\\b \\b\\b \\b\\r\\n'",
    "'\\x16\\x03\\r', '\\x03\\n', '^\\b^C\\r\\n'",
    "'é\\x7fe\\r', 'e\\n', 'é\\b \\be\\r\\n'",
    "'a\\tb\\x7f\\x7fc\\r', 'ac\\n', 'a\\tb\\b \\b\\b\\b\\b\\b\\b\\b\\bc\\r\\n'",
    "'ab\\x12c\\r', 'abc\\n', 'ab^R\\r\\nabc\\r\\n'",
    "'a\\x04', 'a', 'a'",
    "'ab', '', 'ab'",
  })
  void editing(String typed, String read, String shown) {
    type(unescape(typed));
    assertEquals(unescape(read), line(100));
    assertEquals(unescape(shown), shown());
  }

  private static String unescape(String s) {
    StringBuilder b = new StringBuilder();
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c != '\\') {
        b.append(c);
        continue;
      }
      switch (s.charAt(++i)) {
        case 'r' -> b.append('\r');
        case 'n' -> b.append('\n');
        case 't' -> b.append('\t');
        case 'b' -> b.append('\b');
        default -> {
          b.append((char) Integer.parseInt(s.substring(i + 1, i + 3), 16));
          i += 2;
        }
      }
    }
    return b.toString();
  }

  @Test
  void aReadGetsOneLineAndTheRestStays() {
    type("one\rtwo\r");
    assertEquals("one\n", line(100));
    assertEquals("tw", line(2));
    assertEquals("o\n", line(100));
    assertFalse(tty.readable());
  }

  @Test
  void endOfFileOnAnEmptyLineIsTheEnd() {
    type("\u0004");
    assertTrue(tty.readable());
    assertEquals("EOF", line(10));
  }

  @Test
  void anEndOfFileRightBehindWhatWasReadIsNotReadAgain() {
    type("ab\u0004");
    assertEquals("ab", line(2));
    assertFalse(tty.readable());
  }

  @Test
  void aLineIsReadableOnlyWhenItIsComplete() {
    type("abc");
    assertFalse(tty.readable());
    assertEquals(0, tty.available());
    type("\r");
    assertTrue(tty.readable());
    assertEquals(4, tty.available());
  }

  @Test
  void keyboardSignalsGoOutAndDropTheLine() {
    type("abc\u0003def\r");
    assertEquals(List.of(Signals.SIGINT), signals);
    assertEquals("def\n", line(100));
    type("\u001c\u001a");
    assertEquals(List.of(Signals.SIGINT, Signals.SIGQUIT, Signals.SIGTSTP), signals);
  }

  @Test
  void withNoflshASignalKeepsTheLine() {
    change(a -> a.local |= Termios.NOFLSH);
    type("abc\u0003d\r");
    assertEquals("abcd\n", line(100));
  }

  @Test
  void rawModePassesEverything() {
    raw();
    type("a\u0003\r\u0004\u007f");
    byte[] b = new byte[10];
    assertEquals(5, tty.readRaw(Uio.of(b, 0, 10)));
    assertEquals("", shown());
    assertEquals(List.of(), signals);
  }

  @Test
  void rawModeIsReadableFromVminOn() {
    raw();
    change(a -> a.cc[Termios.VMIN] = 3);
    type("ab");
    assertFalse(tty.readable());
    type("c");
    assertTrue(tty.readable());
  }

  @Test
  void whatWasTypedBeforeRawModeCanBeReadInIt() {
    type("ab");
    raw();
    byte[] b = new byte[10];
    assertEquals(2, tty.readRaw(Uio.of(b, 0, 10)));
  }

  @Test
  void whatWasTypedInRawModeBecomesALine() {
    raw();
    type("ab");
    change(a -> a.local |= Termios.ICANON);
    assertEquals("ab", line(10));
  }

  @Test
  void stopHoldsOutputAndStartLetsItGo() {
    type("\u0013");
    assertEquals(0, tty.write(Uio.of(new byte[] {'a'}, 0, 1)));
    type("\u0011");
    assertEquals(1, tty.write(Uio.of(new byte[] {'a'}, 0, 1)));
  }

  @Test
  void outputProcessingTurnsNewlinesAndTabs() {
    change(a -> a.output |= Termios.XTABS);
    byte[] b = "ab\tc\n".getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(5, tty.write(Uio.of(b, 0, 5)));
    assertEquals("ab      c\r\n", shown());
  }

  @Test
  void programOutputLeavesRoomForEcho() {
    byte[] b = new byte[100_000];
    long n = tty.write(Uio.of(b, 0, b.length));
    assertTrue(n < b.length);
    assertFalse(tty.hasOutputRoom());
    int before = tty.output.used();
    type("x");
    assertEquals(before + 1, tty.output.used());
  }

  @Test
  void anOverlongLineKeepsRoomForItsEnd() {
    type("x".repeat(10_000));
    type("\u007f\r");
    assertEquals(4094, line(10_000).length());
  }
}
