package dev.vivarium.gui.watch;

import java.util.HashMap;
import java.util.Map;
import javafx.scene.Group;
import javafx.scene.SnapshotParameters;
import javafx.scene.image.PixelReader;
import javafx.scene.image.WritableImage;
import javafx.scene.paint.Color;
import javafx.scene.text.Font;
import javafx.scene.text.FontSmoothingType;
import javafx.scene.text.Text;
import javafx.scene.transform.Scale;

/**
 * The letters of a font whose letters are all as wide, as the pixels that they cover. JavaFX lays
 * out and shapes each text that a canvas draws, which for a page of calls that is another one in
 * each frame takes most of a processor; to put known letters where they belong takes far less.
 */
final class Letters {
  private static final char FIRST = ' ';
  private static final char LAST = '~';

  /** So many others are kept: what a guest calls its files is bounded by nobody. */
  private static final int MOST_OTHERS = 200;

  private static final char[] OWN = {'…', 'µ'};

  private final Font font;
  private final double scale;
  private final int width;
  private final int height;
  private final int baseline;
  private final int[][] plain = new int[LAST - FIRST + 1][];
  private final Map<Character, int[]> others = new HashMap<>();

  /**
   * Makes them; on the JavaFX thread.
   *
   * @param scale pixels of the screen to one of the window
   * @param height of a row, in pixels of the screen
   * @param baseline where letters stand in it, the same
   */
  Letters(Font font, double scale, int height, int baseline) {
    this.font = font;
    this.scale = scale;
    this.height = height;
    this.baseline = baseline;
    Text one = new Text("MMMMMMMMMM");
    one.setFont(font);
    width = (int) Math.max(1, Math.round(one.getLayoutBounds().getWidth() / 10 * scale));
    char[] all = new char[plain.length + OWN.length];
    for (int i = 0; i < plain.length; i++) {
      all[i] = (char) (FIRST + i);
    }
    System.arraycopy(OWN, 0, all, plain.length, OWN.length);
    int[][] made = make(all);
    System.arraycopy(made, 0, plain, 0, plain.length);
    for (int i = 0; i < OWN.length; i++) {
      others.put(OWN[i], made[plain.length + i]);
    }
  }

  /** How wide each is, in pixels of the screen. */
  int width() {
    return width;
  }

  int height() {
    return height;
  }

  /** How many pixels of the screen there are to one of the window. */
  double scale() {
    return scale;
  }

  /**
   * The pixels that a letter covers: the row in the upper 12 bits, the column in the next 12, and
   * how much of it is covered in the last 8.
   */
  int[] covered(char letter) {
    if (letter >= FIRST && letter <= LAST) {
      return plain[letter - FIRST];
    }
    int[] found = others.get(letter);
    if (found == null) {
      found = others.size() < MOST_OTHERS ? make(new char[] {letter})[0] : plain['?' - FIRST];
      if (others.size() < MOST_OTHERS) {
        others.put(letter, found);
      }
    }
    return found;
  }

  private int[][] make(char[] all) {
    Group group = new Group();
    for (int i = 0; i < all.length; i++) {
      Text text = new Text(i * width / scale, baseline / scale, String.valueOf(all[i]));
      text.setFont(font);
      text.setFill(Color.WHITE);
      text.setFontSmoothingType(FontSmoothingType.GRAY);
      double wide = text.getLayoutBounds().getWidth() * scale;
      if (wide > width + 1) {
        // Of another font, where this one does not have it.
        text.getTransforms().add(new Scale(width / wide, 1, text.getX(), 0));
      }
      group.getChildren().add(text);
    }
    SnapshotParameters how = new SnapshotParameters();
    how.setFill(Color.BLACK);
    how.setTransform(new Scale(scale, scale));
    how.setViewport(new javafx.geometry.Rectangle2D(0, 0, all.length * width, height));
    WritableImage image =
        group.snapshot(how, new WritableImage(Math.max(1, all.length * width), height));
    PixelReader pixels = image.getPixelReader();
    int[][] made = new int[all.length][];
    int[] found = new int[width * height];
    for (int i = 0; i < all.length; i++) {
      int n = 0;
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          int much = pixels.getArgb(i * width + x, y) & 0xff;
          if (much != 0) {
            found[n++] = y << 20 | x << 8 | much;
          }
        }
      }
      made[i] = java.util.Arrays.copyOf(found, n);
    }
    return made;
  }
}
