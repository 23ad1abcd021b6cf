package dev.vivarium.engine.watch.report;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.FileAction;
import java.util.ArrayList;
import java.util.List;

/**
 * How much happened when: at most 240 pieces of time, which double in length as the run goes on.
 */
final class Timeline {
  private static final int PIECES = 240;

  private long pieceNanos = 1_000_000;
  private final long[] calls = new long[PIECES];
  private final long[] files = new long[PIECES];
  private final long[] network = new long[PIECES];
  private int used;

  void add(Event e) {
    long at = Math.clamp(e.timeNanos(), 0, Long.MAX_VALUE / 4);
    while (at / pieceNanos >= PIECES) {
      halve(calls);
      halve(files);
      halve(network);
      used = (used + 1) / 2;
      pieceNanos *= 2;
    }
    int piece = (int) (at / pieceNanos);
    used = Math.max(used, piece + 1);
    if (e.kind() == EventKind.SYSCALL) {
      calls[piece]++;
    } else if (e.kind() == EventKind.FILE && e.number() != FileAction.CLOSE.ordinal()) {
      files[piece]++;
    } else if (e.kind() == EventKind.NETWORK) {
      network[piece]++;
    }
  }

  private static void halve(long[] pieces) {
    for (int i = 0; i < PIECES; i++) {
      pieces[i] = 2 * i + 1 < PIECES ? pieces[2 * i] + pieces[2 * i + 1] : 0;
    }
  }

  long pieceNanos() {
    return pieceNanos;
  }

  List<Long> calls() {
    return list(calls);
  }

  List<Long> files() {
    return list(files);
  }

  List<Long> network() {
    return list(network);
  }

  private List<Long> list(long[] pieces) {
    List<Long> all = new ArrayList<>();
    for (int i = 0; i < used; i++) {
      all.add(pieces[i]);
    }
    return all;
  }
}
