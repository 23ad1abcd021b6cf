package dev.vivarium.engine.watch.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class UnifiedDiffTest {
  @Test
  void aChangedLineStandsBetweenThreeOthersOfEachSide() {
    assertEquals(
        """
        @@ -2,7 +2,7 @@
         2
         3
         4
        -5
        +five
         6
         7
         8
        """,
        UnifiedDiff.of("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"));
  }

  @Test
  void whatIsFarApartHasHunksOfItsOwn() {
    String before = "a\n" + "x\n".repeat(7) + "b\n";
    String after = "A\n" + "x\n".repeat(7) + "B\n";
    assertEquals(
        "@@ -1,4 +1,4 @@\n-a\n+A\n x\n x\n x\n@@ -6,4 +6,4 @@\n x\n x\n x\n-b\n+B\n",
        UnifiedDiff.of(before, after));
    assertEquals(
        "@@ -1,8 +1,8 @@\n-a\n+A\n x\n x\n x\n x\n x\n x\n-b\n+B\n",
        UnifiedDiff.of("a\n" + "x\n".repeat(6) + "b\n", "A\n" + "x\n".repeat(6) + "B\n"));
  }

  @Test
  void emptyTextsAndMissingLineEndsAreTold() {
    assertEquals("", UnifiedDiff.of("a\n", "a\n"));
    assertEquals("@@ -0,0 +1 @@\n+a\n", UnifiedDiff.of("", "a\n"));
    assertEquals("@@ -1,2 +0,0 @@\n-a\n-b\n", UnifiedDiff.of("a\nb\n", ""));
    assertEquals("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", UnifiedDiff.of("a", "a\n"));
  }

  @Test
  void nothingOfATextReachesTheTerminal() {
    assertEquals(
        "@@ -1 +1 @@\n-\\33[2J\\377 \"q\"\n+\\tb\\\\\n",
        UnifiedDiff.of("\33[2J\377 \"q\"\n", "\tb\\\n"));
  }

  @Test
  void itIsRightForAnyTexts() {
    Random random = new Random(7);
    for (int round = 0; round < 400; round++) {
      String before = text(random);
      String after = random.nextInt(4) == 0 ? text(random) : edited(before, random);
      assertEquals(after, applied(before, UnifiedDiff.of(before, after)), before + "->" + after);
    }
  }

  @Test
  void textsThatHaveNothingInCommonEndSoon() {
    StringBuilder before = new StringBuilder();
    StringBuilder after = new StringBuilder();
    for (int i = 0; i < 30_000; i++) {
      before.append((char) ('a' + i % 13)).append('\n');
      after.append((char) ('n' + i % 13)).append('\n');
    }
    String diff = UnifiedDiff.of(before.toString(), after.toString());
    assertTrue(diff.endsWith("...\n") && diff.length() < 10_000, diff.substring(0, 100));
    String line = "y".repeat(60_000);
    assertTrue(UnifiedDiff.of("", line).length() < 1000);
  }

  private static String text(Random random) {
    StringBuilder out = new StringBuilder();
    for (int i = random.nextInt(40); i > 0; i--) {
      out.append((char) ('a' + random.nextInt(4))).append('\n');
    }
    return out.toString();
  }

  private static String edited(String text, Random random) {
    List<String> lines = new ArrayList<>(List.of(text.split("(?<=\n)")));
    for (int i = random.nextInt(4); i > 0; i--) {
      int at = random.nextInt(lines.size());
      if (random.nextBoolean() && lines.size() > 1) {
        lines.remove(at);
      } else {
        lines.add(at, "new" + i + "\n");
      }
    }
    return String.join("", lines);
  }

  /** As patch does it. */
  private static String applied(String before, String diff) {
    List<String> lines = before.isEmpty() ? List.of() : List.of(before.split("(?<=\n)"));
    StringBuilder out = new StringBuilder();
    int at = 0;
    Pattern head = Pattern.compile("@@ -(\\d+)(,(\\d+))? .*");
    for (String line : diff.isEmpty() ? new String[0] : diff.split("\n")) {
      Matcher m = head.matcher(line);
      if (m.matches()) {
        int count = m.group(3) == null ? 1 : Integer.parseInt(m.group(3));
        int from = Integer.parseInt(m.group(1)) - (count == 0 ? 0 : 1);
        while (at < from) {
          out.append(lines.get(at++));
        }
        continue;
      }
      String content = line.substring(1) + "\n";
      if (line.charAt(0) != '+') {
        assertEquals(lines.get(at++), content);
      }
      if (line.charAt(0) != '-') {
        out.append(content);
      }
    }
    while (at < lines.size()) {
      out.append(lines.get(at++));
    }
    return out.toString();
  }
}
