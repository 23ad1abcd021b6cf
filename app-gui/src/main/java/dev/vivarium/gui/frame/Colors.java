package dev.vivarium.gui.frame;

import javafx.scene.paint.Color;

/**
 * The colours of what is drawn on a canvas, where no style sheet reaches.
 *
 * @param accent of what matters
 * @param heat from few to many; told apart by people who see colours differently
 */
public record Colors(
    boolean dark,
    Color background,
    Color raised,
    Color text,
    Color muted,
    Color line,
    Color accent,
    Color second,
    Color third,
    Color bad,
    Color selection,
    Color[] heat) {

  private static final Color FAINT_DARK = Color.web("#30363d", 0.6);
  private static final Color FAINT_LIGHT = Color.web("#d0d7de", 0.6);

  /** For dark surroundings. */
  public static final Colors DARK =
      new Colors(
          true,
          Color.web("#0d1117"),
          Color.web("#161b22"),
          Color.web("#c9d1d9"),
          Color.web("#8b949e"),
          Color.web("#30363d"),
          Color.web("#58a6ff"),
          Color.web("#3fb950"),
          Color.web("#d29922"),
          Color.web("#ff7b72"),
          Color.web("#1f6feb", 0.28),
          ramp("#16203a", "#3b528b", "#21908d", "#5dc963", "#fde725"));

  /** For light surroundings. */
  public static final Colors LIGHT =
      new Colors(
          false,
          Color.web("#ffffff"),
          Color.web("#f6f8fa"),
          Color.web("#24292f"),
          Color.web("#57606a"),
          Color.web("#d0d7de"),
          Color.web("#0969da"),
          Color.web("#1a7f37"),
          Color.web("#9a6700"),
          Color.web("#cf222e"),
          Color.web("#54aeff", 0.14),
          ramp("#e3f0ee", "#8fd0c5", "#2a9d8f", "#31688e", "#440154"));

  /** Of lines that lie over something. */
  public Color faintLine() {
    return dark ? FAINT_DARK : FAINT_LIGHT;
  }

  private static Color[] ramp(String... stops) {
    Color[] ramp = new Color[64];
    for (int i = 0; i < ramp.length; i++) {
      double at = (double) i / (ramp.length - 1) * (stops.length - 1);
      int low = Math.min(stops.length - 2, (int) at);
      ramp[i] = Color.web(stops[low]).interpolate(Color.web(stops[low + 1]), at - low);
    }
    return ramp;
  }
}
