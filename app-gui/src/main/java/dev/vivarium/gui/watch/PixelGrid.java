package dev.vivarium.gui.watch;

import java.nio.IntBuffer;
import java.util.Arrays;
import javafx.scene.Node;
import javafx.scene.image.Image;
import javafx.scene.image.PixelBuffer;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;
import javafx.scene.paint.Color;
import org.jspecify.annotations.Nullable;

/**
 * A surface of pixels that is filled anew for each frame. There are two, so that one is filled
 * while the other is still on its way to the screen.
 */
final class PixelGrid {
  private record Sheet(
      int width, int height, int[] pixels, PixelBuffer<IntBuffer> buffer, Image image) {
    static Sheet of(int width, int height) {
      int[] pixels = new int[width * height];
      PixelBuffer<IntBuffer> buffer =
          new PixelBuffer<>(
              width, height, IntBuffer.wrap(pixels), PixelFormat.getIntArgbPreInstance());
      return new Sheet(width, height, pixels, buffer, new WritableImage(buffer));
    }
  }

  /** How many pixels of the screen there are to one of the window that something is in. */
  static double scale(Node shown) {
    return shown.getScene() == null || shown.getScene().getWindow() == null
        ? 1
        : Math.max(1, shown.getScene().getWindow().getRenderScaleX());
  }

  private Sheet front = Sheet.of(1, 1);
  private @Nullable Sheet back;

  /** Begins a frame. */
  void begin(int width, int height) {
    Sheet next = back;
    back = front;
    front =
        next != null && next.width == width && next.height == height
            ? next
            : Sheet.of(width, height);
  }

  /** Ends it: what is to be shown. */
  Image end() {
    front.buffer.updateBuffer(b -> null);
    return front.image;
  }

  /** A colour as {@link #fill} and {@link #text} take it. */
  static int argb(Color c) {
    return (int) Math.round(c.getOpacity() * 255) << 24
        | (int) Math.round(c.getRed() * 255) << 16
        | (int) Math.round(c.getGreen() * 255) << 8
        | (int) Math.round(c.getBlue() * 255);
  }

  /** Fills a rectangle, as far as it is inside. */
  void fill(int left, int top, int width, int height, int argb) {
    int from = Math.max(0, left);
    int wide = Math.min(front.width, left + width) - from;
    int begin = Math.max(0, top) * front.width + from;
    int end = Math.min(front.height, top + height) * front.width;
    if (wide <= 0 || begin >= end) {
      return;
    }
    int[] p = front.pixels;
    int much = argb >>> 24;
    if (much == 255) {
      Arrays.fill(p, begin, begin + wide, argb);
      for (int row = begin + front.width; row < end; row += front.width) {
        System.arraycopy(p, begin, p, row, wide);
      }
      return;
    }
    for (int row = begin; row < end; row += front.width) {
      for (int i = row; i < row + wide; i++) {
        p[i] = mix(p[i], argb, much);
      }
    }
  }

  /** A colour to write in, with what most of it will lie on: these mixtures are made once. */
  record Ink(int argb, int background, int[] mixtures) {
    static Ink of(Color c, Color background) {
      int[] mixtures = new int[256];
      for (int i = 0; i < mixtures.length; i++) {
        mixtures[i] = mix(PixelGrid.argb(background), PixelGrid.argb(c), i);
      }
      return new Ink(PixelGrid.argb(c), PixelGrid.argb(background), mixtures);
    }
  }

  /** Writes a text, one letter beside the other; those that are not wholly inside are left out. */
  void text(Letters letters, String text, int left, int top, Ink ink) {
    int wide = letters.width();
    if (top < 0 || left < 0 || top >= front.height) {
      return;
    }
    int[] p = front.pixels;
    int rows = front.height - top;
    int stride = front.width;
    int most = Math.min(text.length(), (stride - left) / wide);
    int at = top * stride + left;
    for (int i = 0; i < most; i++) {
      char letter = text.charAt(i);
      if (letter != ' ') {
        for (int spot : letters.covered(letter)) {
          int row = spot >>> 20;
          if (row >= rows) {
            break;
          }
          int place = at + row * stride + (spot >> 8 & 0xfff);
          int under = p[place];
          int much = spot & 0xff;
          p[place] = under == ink.background ? ink.mixtures[much] : mix(under, ink.argb, much);
        }
      }
      at += wide;
    }
  }

  /** Puts the same line of pixels, as long as a row, into so many rows. */
  void lines(int[] line, int top, int rows) {
    for (int row = top; row < top + rows; row++) {
      System.arraycopy(line, 0, front.pixels, row * front.width, front.width);
    }
  }

  /** So much of 255 of a colour over an opaque one. */
  static int mix(int under, int over, int much) {
    int rest = 255 - much;
    // Two of the three at once, with room for the product between them.
    int outer = (under & 0xff00ff) * rest + (over & 0xff00ff) * much;
    int inner = (under >> 8 & 0xff) * rest + (over >> 8 & 0xff) * much;
    return 0xff000000
        | outer + 0x800080 + (outer >>> 8 & 0xff00ff) >>> 8 & 0xff00ff
        | inner + 0x80 + (inner >>> 8) & 0xff00;
  }

  /** For tests. */
  int pixel(int x, int y) {
    return front.pixels[y * front.width + x];
  }
}
