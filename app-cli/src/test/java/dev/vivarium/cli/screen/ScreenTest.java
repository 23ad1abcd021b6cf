package dev.vivarium.cli.screen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ScreenTest {
  private static String keys(String bytes) {
    byte[] b = bytes.getBytes(StandardCharsets.UTF_8);
    return text(new KeyDecoder().decode(b, b.length));
  }

  private static String text(List<Key> keys) {
    StringBuilder out = new StringBuilder();
    for (Key key : keys) {
      if (key.name() == Key.Name.CHARACTER) {
        out.appendCodePoint(key.character());
      } else {
        out.append('<').append(key.name()).append('>');
      }
    }
    return out.toString();
  }

  @Test
  void keysAreWhatTerminalsSend() {
    assertEquals("aä日😀", keys("aä日😀"));
    assertEquals("<UP><DOWN><RIGHT><LEFT>", keys("\u001b[A\u001b[B\u001b[C\u001bOD"));
    assertEquals("<HOME><END><HOME><END>", keys("\u001b[H\u001b[F\u001b[1~\u001b[4~"));
    assertEquals("<PAGE_UP><PAGE_DOWN>x", keys("\u001b[5~\u001b[6~x"));
    assertEquals("<ENTER><BACKSPACE><INTERRUPT><OTHER>", keys("\r\u007f\u0003\u0001"));
    assertEquals("<OTHER>x<UP>", keys("\u001b[1;5~x\u001b[1;2A"));
    assertEquals("<ESCAPE>", keys("\u001b"));
    assertEquals("<ESCAPE><UP>", keys("\u001b\u001b[A"));
    assertEquals("<OTHER>x", keys("\u001bax"));
  }

  @Test
  void charactersMayComeInPiecesAndWrongBytesAreNone() {
    KeyDecoder decoder = new KeyDecoder();
    byte[] whole = "日".getBytes(StandardCharsets.UTF_8);
    assertEquals("", text(decoder.decode(new byte[] {whole[0]}, 1)));
    assertEquals("日", text(decoder.decode(new byte[] {whole[1], whole[2]}, 2)));
    assertEquals("a", text(decoder.decode(new byte[] {(byte) 0x80, (byte) 0xff, 'a'}, 3)));
    assertEquals("b", text(decoder.decode(new byte[] {(byte) 0xe6, 'b'}, 2)));
    byte[] endless = new byte[100];
    java.util.Arrays.fill(endless, (byte) '1');
    endless[0] = 0x1b;
    endless[1] = '[';
    assertTrue(decoder.decode(endless, endless.length).size() < endless.length);
  }

  @Test
  void theChosenRowIsAlwaysSeen() {
    Choice choice = new Choice();
    List<Line> all = IntStream.range(0, 20).mapToObj(i -> Line.of("row " + i)).toList();
    assertEquals(new Line("row 0", Line.Look.INVERSE), choice.seen(all, 5).get(0));
    for (int i = 0; i < 7; i++) {
      assertTrue(choice.move(Key.of(Key.Name.DOWN)));
    }
    List<Line> seen = choice.seen(all, 5);
    assertEquals("row 3", seen.get(0).text());
    assertEquals(new Line("row 7", Line.Look.INVERSE), seen.get(4));
    choice.move(Key.of(Key.Name.END));
    assertEquals("row 19", choice.seen(all, 5).get(4).text());
    // The list has become shorter.
    assertEquals("row 2", choice.seen(all.subList(0, 3), 5).get(2).text());
    assertEquals(2, choice.row());
    assertEquals(List.of(), choice.seen(List.of(), 5));
    assertFalse(choice.move(Key.typed('x')));
  }

  @Test
  void columnsAreAsWideAsWhatIsInThem() {
    Columns columns = new Columns("NAME", "N");
    columns.add("日本\u001b[2J", "12");
    columns.add("a", "3");
    assertEquals(List.of("NAME       N", "日本?[2J  12", "a          3"), columns.lines());
  }

  @Test
  void linesMoveNoCursorAndFit() {
    assertEquals("a?[2J", new Line("a\u001b[2J", Line.Look.PLAIN).ansi(80, true));
    assertEquals("日", Line.of("日本").ansi(3, true).strip());
    assertTrue(new Line("x", Line.Look.INVERSE).ansi(3, true).contains("x  "));
    assertEquals(
        new Line("x", Line.Look.BOLD).ansi(3, false), new Line("x", Line.Look.RED).ansi(3, false));
  }

  @Test
  void keysChangeTheOrder() {
    Order<String> order =
        new Order<>(
            List.of(
                new Order.Column<>("name", Comparator.comparing(s -> s)),
                new Order.Column<>("length", Comparator.comparingInt(String::length))),
            0);
    List<String> rows = new ArrayList<>(List.of("ccc", "a", "bb"));
    order.sort(rows);
    assertEquals(List.of("a", "bb", "ccc"), rows);
    assertTrue(order.change(Key.typed('>')));
    assertTrue(order.change(Key.typed('r')));
    order.sort(rows);
    assertEquals(List.of("ccc", "bb", "a"), rows);
    assertEquals("by length (reversed)", order.text());
    assertFalse(order.change(Key.typed('x')));
  }
}
