package dev.vivarium.cli.output;

import dev.vivarium.image.store.Progress;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Shows on standard error how far a pull is: on a terminal one line that is rewritten, elsewhere a
 * line at the beginning and one per layer.
 */
public final class PullProgress implements Progress {
  private static final long REDRAW_NANOS = 100_000_000;

  /** How progress is shown. */
  public enum Style {
    /** One line, rewritten. */
    LINE,
    /** Lines that stay. */
    PLAIN,
    /** JSON objects, one per line. */
    JSON
  }

  private final PrintStream err;
  private final Style style;
  private final Map<String, Layer> layers = new LinkedHashMap<>();
  private final Map<String, Long> got = new LinkedHashMap<>();
  private String name = "";
  private int done;
  private long lastDrawn;
  private boolean drawn;

  /** Makes one for one image. */
  public PullProgress(PrintStream err, Style style) {
    this.err = err;
    this.style = style;
  }

  @Override
  public void started(String image, List<Layer> all) {
    name = Text.printable(image);
    layers.clear();
    got.clear();
    done = 0;
    long toFetch = 0;
    for (Layer layer : all) {
      layers.put(layer.digest(), layer);
      if (layer.present()) {
        done++;
      } else {
        toFetch += layer.size();
      }
    }
    switch (style) {
      case JSON ->
          event(Map.of("event", "started", "image", image, "layers", all.size(), "bytes", toFetch));
      case PLAIN ->
          err.println(
              "Fetching "
                  + name
                  + ": "
                  + (all.size() - done)
                  + " of "
                  + all.size()
                  + " layers, "
                  + Text.bytes(toFetch));
      case LINE -> draw(true);
    }
  }

  @Override
  public void advanced(String digest, long bytes) {
    got.put(digest, bytes);
    if (style == Style.LINE) {
      draw(false);
    }
  }

  @Override
  public void finished(String digest) {
    Layer layer = layers.get(digest);
    if (layer == null || layer.present()) {
      return;
    }
    got.put(digest, layer.size());
    done++;
    switch (style) {
      case JSON -> event(Map.of("event", "layer", "digest", digest, "bytes", layer.size()));
      case PLAIN ->
          err.println("  layer " + done + "/" + layers.size() + " " + Text.bytes(layer.size()));
      case LINE -> draw(true);
    }
  }

  private void event(Map<String, Object> event) {
    err.println(Listing.json(new java.util.TreeMap<>(event)));
  }

  private void draw(boolean now) {
    long time = System.nanoTime();
    if (!now && time - lastDrawn < REDRAW_NANOS) {
      return;
    }
    lastDrawn = time;
    drawn = true;
    long total = 0;
    for (Layer layer : layers.values()) {
      total += layer.present() ? 0 : layer.size();
    }
    long bytes = 0;
    for (long part : got.values()) {
      bytes += part;
    }
    err.print(
        "\r\u001b[K"
            + name
            + ": layer "
            + done
            + "/"
            + layers.size()
            + (total > 0 ? ", " + Text.bytes(bytes) + " of " + Text.bytes(total) : ""));
    err.flush();
  }

  /** Takes the rewritten line away. */
  public void close() {
    if (drawn) {
      err.print("\r\u001b[K");
      err.flush();
      drawn = false;
    }
  }
}
