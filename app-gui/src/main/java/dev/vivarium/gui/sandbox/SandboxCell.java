package dev.vivarium.gui.sandbox;

import java.util.function.Consumer;
import javafx.beans.InvalidationListener;
import javafx.beans.WeakInvalidationListener;
import javafx.scene.Node;
import javafx.scene.control.TableCell;
import org.jspecify.annotations.Nullable;

/**
 * A cell that shows one thing of a sandbox. What is in it is made once and then shows whichever
 * sandbox is scrolled or filtered to its place, since making controls is what takes time; and it
 * hears of that sandbox alone.
 */
final class SandboxCell extends TableCell<SandboxItem, SandboxItem> {
  private final Face face;
  private final InvalidationListener changed = o -> show();
  private final WeakInvalidationListener weakly = new WeakInvalidationListener(changed);
  private @Nullable SandboxItem heard;

  /** What is in a cell. */
  interface Face {
    Node node();

    /** Shows a sandbox as it is now. */
    void show(SandboxItem item);
  }

  SandboxCell(Face face) {
    this.face = face;
  }

  static Face face(Node node, Consumer<SandboxItem> show) {
    return new Face() {
      @Override
      public Node node() {
        return node;
      }

      @Override
      public void show(SandboxItem item) {
        show.accept(item);
      }
    };
  }

  @Override
  protected void updateItem(@Nullable SandboxItem item, boolean none) {
    super.updateItem(item, none);
    SandboxItem wanted = none ? null : item;
    if (heard != wanted) {
      if (heard != null) {
        heard.stateProperty().removeListener(weakly);
        heard.figuresProperty().removeListener(weakly);
        heard.historyProperty().removeListener(weakly);
      }
      heard = wanted;
      if (wanted != null) {
        wanted.stateProperty().addListener(weakly);
        wanted.figuresProperty().addListener(weakly);
        wanted.historyProperty().addListener(weakly);
      }
    }
    if (wanted == null) {
      setGraphic(null);
    } else {
      show();
      if (getGraphic() != face.node()) {
        setGraphic(face.node());
      }
    }
  }

  private void show() {
    if (heard != null) {
      face.show(heard);
    }
  }
}
