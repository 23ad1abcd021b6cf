package dev.vivarium.image.store;

import java.util.List;

/** One call at a time, for listeners that are not made for many threads. */
final class SerializedProgress implements Progress {
  private final Progress progress;

  SerializedProgress(Progress progress) {
    this.progress = progress;
  }

  @Override
  public synchronized void started(String name, List<Layer> layers) {
    progress.started(name, layers);
  }

  @Override
  public synchronized void advanced(String digest, long bytes) {
    progress.advanced(digest, bytes);
  }

  @Override
  public synchronized void finished(String digest) {
    progress.finished(digest);
  }
}
