package dev.vivarium.engine.watch.report;

import dev.vivarium.engine.watch.Escape;
import java.util.ArrayList;
import java.util.List;

/**
 * What differs between two texts, as {@code diff -u} writes it, escaped line by line. Both come
 * from a guest or an image: the work and the length of what comes out are bounded. Differences are
 * found as Myers describes it ("An O(ND) Difference Algorithm", 1986).
 */
final class UnifiedDiff {
  private static final int CONTEXT = 3;
  private static final int MOST_LINES = 200;
  private static final int MOST_OF_A_LINE = 400;

  /** More insertions and deletions than these are told of as everything being replaced. */
  private static final int MOST_EDITS = 600;

  private static final int SAME = 0;
  private static final int GONE = 1;
  private static final int NEW = 2;

  /** One line of the result before it is cut into hunks. */
  private record Step(int kind, int before, int after) {}

  private final List<String> before;
  private final List<String> after;
  private final boolean beforeOpen;
  private final boolean afterOpen;

  private UnifiedDiff(String before, String after) {
    this.before = lines(before);
    this.after = lines(after);
    this.beforeOpen = !before.isEmpty() && !before.endsWith("\n");
    this.afterOpen = !after.isEmpty() && !after.endsWith("\n");
  }

  /** The hunks, without the two lines of names before them; empty if there is no difference. */
  static String of(String before, String after) {
    return before.equals(after) ? "" : new UnifiedDiff(before, after).hunks();
  }

  private static List<String> lines(String text) {
    List<String> lines = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      int end = text.indexOf('\n', at);
      int next = end < 0 ? text.length() : end + 1;
      lines.add(text.substring(at, next)); // with its end, so that a missing last one is a change
      at = next;
    }
    return lines;
  }

  private List<Step> steps() {
    int start = 0;
    int most = Math.min(before.size(), after.size());
    while (start < most && before.get(start).equals(after.get(start))) {
      start++;
    }
    int end = 0;
    while (end < most - start
        && before.get(before.size() - 1 - end).equals(after.get(after.size() - 1 - end))) {
      end++;
    }
    List<Step> steps = new ArrayList<>();
    for (int i = 0; i < start; i++) {
      steps.add(new Step(SAME, i, i));
    }
    steps.addAll(middle(start, before.size() - end, start, after.size() - end));
    for (int i = end; i > 0; i--) {
      steps.add(new Step(SAME, before.size() - i, after.size() - i));
    }
    return steps;
  }

  /** The shortest way from one to the other; V of each round is kept to go back along it. */
  private List<Step> middle(int fromA, int toA, int fromB, int toB) {
    int n = toA - fromA;
    int m = toB - fromB;
    List<int[]> rounds = new ArrayList<>();
    int[] v = new int[2 * MOST_EDITS + 3];
    int zero = MOST_EDITS + 1;
    for (int d = 0; d <= Math.min(n + m, MOST_EDITS); d++) {
      rounds.add(java.util.Arrays.copyOfRange(v, zero - d - 1, zero + d + 2));
      for (int k = -d; k <= d; k += 2) {
        boolean down = k == -d || k != d && v[zero + k - 1] < v[zero + k + 1];
        int x = down ? v[zero + k + 1] : v[zero + k - 1] + 1;
        int y = x - k;
        while (x < n && y < m && before.get(fromA + x).equals(after.get(fromB + y))) {
          x++;
          y++;
        }
        v[zero + k] = x;
        if (x >= n && y >= m) {
          return back(rounds, fromA, fromB, n, m);
        }
      }
    }
    List<Step> all = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      all.add(new Step(GONE, fromA + i, fromB));
    }
    for (int i = 0; i < m; i++) {
      all.add(new Step(NEW, toA, fromB + i));
    }
    return all;
  }

  private static List<Step> back(List<int[]> rounds, int fromA, int fromB, int n, int m) {
    List<Step> steps = new ArrayList<>();
    int x = n;
    int y = m;
    for (int d = rounds.size() - 1; d >= 0; d--) {
      int[] v = rounds.get(d); // of k from -d - 1 to d + 1
      int k = x - y;
      int at = k + d + 1;
      boolean down = k == -d || k != d && v[at - 1] < v[at + 1];
      // Where the round began, and where it stood after its one edit.
      int x0 = d == 0 ? 0 : down ? v[at + 1] : v[at - 1];
      int y0 = d == 0 ? 0 : x0 - (down ? k + 1 : k - 1);
      int x1 = d == 0 || down ? x0 : x0 + 1;
      int y1 = d == 0 || !down ? y0 : y0 + 1;
      while (x > x1 && y > y1) {
        x--;
        y--;
        steps.add(new Step(SAME, fromA + x, fromB + y));
      }
      if (d > 0) {
        steps.add(new Step(down ? NEW : GONE, fromA + x0, fromB + y0));
      }
      x = x0;
      y = y0;
    }
    return steps.reversed();
  }

  private String hunks() {
    List<Step> steps = steps();
    StringBuilder out = new StringBuilder();
    int written = 0;
    int i = 0;
    while (i < steps.size()) {
      if (steps.get(i).kind == SAME) {
        i++;
        continue;
      }
      int start = Math.max(0, i - CONTEXT);
      int end = i;
      int same = 0;
      while (end < steps.size() && same <= 2 * CONTEXT) {
        same = steps.get(end).kind == SAME ? same + 1 : 0;
        end++;
      }
      end -= Math.max(0, same - CONTEXT);
      if (written >= MOST_LINES) {
        return out.append("...\n").toString();
      }
      head(out, steps.subList(start, end));
      for (Step s : steps.subList(start, end)) {
        if (written++ == MOST_LINES) {
          return out.append("...\n").toString();
        }
        line(out, s);
      }
      i = end;
    }
    return out.toString();
  }

  private static void head(StringBuilder out, List<Step> hunk) {
    int gone = 0;
    int added = 0;
    for (Step s : hunk) {
      gone += s.kind == NEW ? 0 : 1;
      added += s.kind == GONE ? 0 : 1;
    }
    Step first = hunk.getFirst();
    out.append("@@ -").append(range(first.before, gone));
    out.append(" +").append(range(first.after, added)).append(" @@\n");
  }

  private static String range(int from, int count) {
    // A range of nothing is named by the line before it.
    int shown = count == 0 ? from : from + 1;
    return count == 1 ? Integer.toString(shown) : shown + "," + count;
  }

  private void line(StringBuilder out, Step s) {
    String text = s.kind == NEW ? after.get(s.after) : before.get(s.before);
    String whole = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    boolean cut = whole.length() > MOST_OF_A_LINE;
    out.append(s.kind == SAME ? ' ' : s.kind == GONE ? '-' : '+')
        .append(escape(cut ? whole.substring(0, MOST_OF_A_LINE) : whole))
        .append(cut ? "...\n" : "\n");
    boolean last =
        s.kind == NEW
            ? afterOpen && s.after == after.size() - 1
            : beforeOpen && s.before == before.size() - 1;
    if (last) {
      out.append("\\ No newline at end of file\n");
    }
  }

  /** As {@link Escape#c}, but quotes need nothing in a line of their own. */
  static String escape(String line) {
    return Escape.c(line).replace("\\\"", "\"");
  }
}
