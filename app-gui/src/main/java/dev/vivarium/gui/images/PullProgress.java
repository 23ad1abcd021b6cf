package dev.vivarium.gui.images;

import dev.vivarium.image.store.Progress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Hears of progress on the pull's threads, and tells a view of it on its own thread, a few times a
 * second. Once the view has done with the pull it hears nothing more of it, however much was on its
 * way.
 */
final class PullProgress implements Progress {
  private static final long FRAME_NANOS = 50_000_000;

  /** What shows it; called on its thread alone. */
  interface View {
    void layers(List<Layer> all);

    void advanced(String digest, long bytes);

    void finished(String digest);
  }

  private final View view;
  private final Consumer<Runnable> later;
  private final Map<String, Long> last = new HashMap<>();

  /** Read and written on the view's thread alone. */
  private boolean over;

  /**
   * @param later does something on the view's thread
   */
  PullProgress(View view, Consumer<Runnable> later) {
    this.view = view;
    this.later = later;
  }

  /** The view has done with it; on the view's thread. */
  void end() {
    over = true;
  }

  /** Whether the view has done with it. */
  boolean isOver() {
    return over;
  }

  private void tell(Runnable news) {
    later.accept(() -> {
      if (!over) {
        news.run();
      }
    });
  }

  @Override
  public void started(String what, List<Layer> all) {
    tell(() -> view.layers(all));
  }

  @Override
  public void advanced(String digest, long bytes) {
    long now = System.nanoTime();
    Long before = last.get(digest);
    if (before == null || now - before > FRAME_NANOS) {
      last.put(digest, now);
      tell(() -> view.advanced(digest, bytes));
    }
  }

  @Override
  public void finished(String digest) {
    tell(() -> view.finished(digest));
  }
}
