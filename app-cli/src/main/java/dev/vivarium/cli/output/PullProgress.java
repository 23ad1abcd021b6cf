package dev.vivarium.cli.output;

import dev.vivarium.image.store.Progress;
import dev.vivarium.image.store.ProgressMeter;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;

/**
 * Shows on standard error how far a pull is: on a terminal a line for each layer that is coming and
 * one for all, rewritten; elsewhere a line at the beginning and one per layer; or every step as a
 * JSON object.
 */
public final class PullProgress implements Progress {
  private static final long REDRAW_NANOS = 100_000_000;
  private static final int MOST_LINES = 8;
  private static final int BAR = 20;
  private static final int AMOUNT = 20;
  private static final String END_OF_LINE = "\u001b[K\n";

  /** A line that is too long is cut, and stays one line, so that the next drawing covers it. */
  private static final String NO_WRAP = "\u001b[?7l";

  private static final String WRAP = "\u001b[?7h";

  /** How progress is shown. */
  public enum Style {
    /** Lines that are rewritten. */
    LINE,
    /** Lines that stay. */
    PLAIN,
    /** JSON objects, one per line. */
    JSON
  }

  private final PrintStream err;
  private final Style style;
  private final ProgressMeter meter = new ProgressMeter();
  private long lastDrawn;
  private int linesDrawn;

  /** Makes one for one image. */
  public PullProgress(PrintStream err, Style style) {
    this.err = err;
    this.style = style;
  }

  @Override
  public void started(String image, List<Layer> all) {
    meter.started(image, all);
    ProgressMeter.Snapshot now = meter.snapshot();
    switch (style) {
      case JSON ->
          event(
              Map.of(
                  "event", "started", "image", image, "layers", all.size(), "bytes", now.total()));
      case PLAIN ->
          err.println(
              "Fetching "
                  + Text.printable(image)
                  + ": "
                  + (all.size() - now.layersDone())
                  + " of "
                  + all.size()
                  + " layers, "
                  + Text.bytes(now.total()));
      case LINE -> draw();
    }
  }

  @Override
  public void advanced(String digest, long bytes) {
    meter.advanced(digest, bytes);
    long time = System.nanoTime();
    if (style == Style.PLAIN || time - lastDrawn < REDRAW_NANOS) {
      return;
    }
    lastDrawn = time;
    if (style == Style.LINE) {
      draw();
      return;
    }
    ProgressMeter.Snapshot now = meter.snapshot();
    for (ProgressMeter.LayerState layer : now.layers()) {
      if (layer.digest().equals(digest)) {
        event(
            Map.of(
                "event",
                "progress",
                "digest",
                digest,
                "layerBytes",
                layer.bytes(),
                "layerSize",
                layer.size(),
                "bytes",
                now.bytes(),
                "total",
                now.total(),
                "bytesPerSecond",
                now.bytesPerSecond()));
        return;
      }
    }
  }

  @Override
  public void finished(String digest) {
    meter.finished(digest);
    ProgressMeter.Snapshot now = meter.snapshot();
    for (ProgressMeter.LayerState layer : now.layers()) {
      if (!layer.digest().equals(digest) || layer.present()) {
        continue;
      }
      switch (style) {
        case JSON -> event(Map.of("event", "layer", "digest", digest, "bytes", layer.size()));
        case PLAIN ->
            err.println(
                "  layer "
                    + now.layersDone()
                    + "/"
                    + now.layers().size()
                    + " "
                    + Text.bytes(layer.size()));
        case LINE -> draw();
      }
    }
  }

  private void event(Map<String, Object> event) {
    err.println(Listing.json(new java.util.TreeMap<>(event)));
  }

  private void draw() {
    ProgressMeter.Snapshot now = meter.snapshot();
    StringBuilder out = new StringBuilder(NO_WRAP);
    up(out);
    int lines = 0;
    int hidden = 0;
    for (ProgressMeter.LayerState layer : now.layers()) {
      if (layer.done() || layer.bytes() == 0) {
        continue;
      }
      if (lines == MOST_LINES) {
        hidden++;
        continue;
      }
      lines++;
      // What matters most comes first: a narrow terminal shows only the beginning of a line.
      String amount = Text.bytes(layer.bytes()) + " of " + Text.bytes(layer.size());
      out.append("  ")
          .append(shortDigest(layer.digest()))
          .append("  ")
          .append(amount)
          .repeat(' ', Math.max(1, AMOUNT - amount.length()))
          .append(bar(layer.bytes(), layer.size()))
          .append(END_OF_LINE);
    }
    out.append(now.layersDone()).append('/').append(now.layers().size()).append(" layers");
    if (now.total() > 0) {
      out.append(", ")
          .append(Text.bytes(now.bytes()))
          .append(" of ")
          .append(Text.bytes(now.total()));
    }
    if (now.bytesPerSecond() > 0) {
      out.append(", ").append(Text.bytes(now.bytesPerSecond())).append("/s");
    }
    if (hidden > 0) {
      out.append(", ").append(hidden).append(" more at work");
    }
    out.append(": ").append(Text.printable(now.name())).append(END_OF_LINE);
    // Of a drawing that was taller, the rest is old.
    out.append("\u001b[J").append(WRAP);
    linesDrawn = lines + 1;
    err.print(out);
    err.flush();
  }

  private void up(StringBuilder out) {
    if (linesDrawn > 0) {
      out.append("\u001b[").append(linesDrawn).append("A");
    }
    out.append('\r');
  }

  private static String shortDigest(String digest) {
    int colon = digest.indexOf(':');
    return Text.printable(digest.substring(colon + 1, Math.min(digest.length(), colon + 13)));
  }

  private static String bar(long done, long of) {
    int full = of <= 0 ? 0 : (int) Math.min(BAR, done * BAR / of);
    return "[" + "#".repeat(full) + ".".repeat(BAR - full) + "]";
  }

  /** Takes the rewritten lines away. */
  public void close() {
    if (linesDrawn > 0) {
      StringBuilder out = new StringBuilder();
      up(out);
      err.print(out.append("\u001b[J"));
      err.flush();
      linesDrawn = 0;
    }
  }
}
