package dev.vivarium.gui.compare;

import dev.vivarium.engine.compare.Measurement;
import dev.vivarium.engine.compare.Result;
import dev.vivarium.gui.frame.Format;
import java.util.Locale;
import java.util.function.ToLongFunction;

/** What the bars can show of each run. */
enum Figure {
  WALL(Measurement::wallNanos),
  CPU(Measurement::cpuNanos),
  MEMORY(Measurement::peakBytes);

  private final ToLongFunction<Measurement> of;

  Figure(ToLongFunction<Measurement> of) {
    this.of = of;
  }

  ToLongFunction<Measurement> of() {
    return of;
  }

  /** The figure of an engine: the middle one of times, the most of memory. */
  long value(Result r) {
    return this == MEMORY ? r.greatest(of) : r.median(of);
  }

  /** As people read it; a dash for what was too short to be seen. */
  String text(long value) {
    if (value == 0) {
      return "–";
    }
    return this == MEMORY ? Format.bytes(value) : Format.nanos(value);
  }

  /** The key of its name. */
  String key() {
    return "compare.figure." + name().toLowerCase(Locale.ROOT);
  }
}
