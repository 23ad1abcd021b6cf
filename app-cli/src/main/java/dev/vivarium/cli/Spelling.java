package dev.vivarium.cli;

import java.util.List;
import java.util.Optional;

/** Finds what a mistyped word meant. */
final class Spelling {
  private Spelling() {}

  /** The closest candidate, at most two edits away; fewer for short words. */
  static Optional<String> closest(String typed, List<String> candidates) {
    int limit = typed.length() < 3 ? 0 : typed.length() < 6 ? 1 : 2;
    String best = null;
    for (String candidate : candidates) {
      int distance = distance(typed, candidate);
      if (distance <= limit) {
        best = candidate;
        limit = distance - 1;
      }
    }
    return Optional.ofNullable(best);
  }

  /** How many insertions, deletions, changes and swaps of neighbours make one out of the other. */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1), d[i - 1][j - 1] + change);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
