package dev.vivarium.gui.frame;

import javafx.scene.AccessibleRole;
import javafx.scene.Node;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.layout.Region;

/**
 * A canvas that is as large as its place, in a thin frame; it leaves the frame's round corners
 * free.
 */
public final class Plot extends Region {
  private static final int FRAME = 2;

  private final Canvas canvas = new Canvas();
  private Runnable resized = () -> {};

  /**
   * Makes an empty one.
   *
   * @param key of the message that names it for those who do not see it
   */
  public Plot(String key) {
    getChildren().add(canvas);
    getStyleClass().add("canvas-frame");
    setAccessibleRole(AccessibleRole.IMAGE_VIEW);
    setAccessibleText(Messages.text(key));
    setMinHeight(60);
  }

  /** Lays something over what is drawn, at a place of it. */
  public void add(Node over, double x, double y) {
    over.relocate(FRAME + x, FRAME + y);
    getChildren().add(over);
  }

  /** Called whenever it has another size, to be drawn anew. */
  public void onResized(Runnable drawing) {
    resized = drawing;
  }

  /** What is drawn with. */
  public GraphicsContext graphics() {
    return canvas.getGraphicsContext2D();
  }

  /** Of what can be drawn on. */
  public double width() {
    return canvas.getWidth();
  }

  /** Of what can be drawn on. */
  public double height() {
    return canvas.getHeight();
  }

  @Override
  protected void layoutChildren() {
    canvas.relocate(FRAME, FRAME);
    canvas.setWidth(Math.max(0, getWidth() - 2 * FRAME));
    canvas.setHeight(Math.max(0, getHeight() - 2 * FRAME));
    resized.run();
  }
}
