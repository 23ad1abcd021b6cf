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
  /** What shows it; called on its thread alone. */
  interface View {
    void layers(List<Layer> all);

    void advanced(String digest, long bytes);

    void finished(String digest);
  }

  private final View view;
  private final Consumer<Runnable> later;
  private final Consumer<Runnable> soon;

  /** How far layers are that the view was not told of yet. Guarded by itself. */
  private final Map<String, Long> news = new HashMap<>();

  /** Read and written on the view's thread alone. */
  private boolean over;

  /**
   * @param later does something on the view's thread
   * @param soon the same, some time after: what comes meanwhile is told of together
   */
  PullProgress(View view, Consumer<Runnable> later, Consumer<Runnable> soon) {
    this.view = view;
    this.later = later;
    this.soon = soon;
  }

  /** The view has done with it; on the view's thread. */
  void end() {
    over = true;
  }

  /** Whether the view has done with it. */
  boolean isOver() {
    return over;
  }

  private Runnable unlessOver(Runnable told) {
    return () -> {
      if (!over) {
        told.run();
      }
    };
  }

  private void tellNews() {
    Map<String, Long> all;
    synchronized (news) {
      all = Map.copyOf(news);
      news.clear();
    }
    all.forEach(view::advanced);
  }

  @Override
  public void started(String what, List<Layer> all) {
    later.accept(unlessOver(() -> view.layers(all)));
  }

  @Override
  public void advanced(String digest, long bytes) {
    boolean first;
    synchronized (news) {
      first = news.isEmpty();
      news.put(digest, bytes);
    }
    if (first) {
      soon.accept(unlessOver(this::tellNews));
    }
  }

  @Override
  public void finished(String digest) {
    synchronized (news) {
      news.remove(digest); // it would come after
    }
    later.accept(unlessOver(() -> view.finished(digest)));
  }
}
