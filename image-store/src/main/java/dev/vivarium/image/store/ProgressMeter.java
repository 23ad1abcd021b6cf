package dev.vivarium.image.store;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * How far a pull, an import or a push is, and how fast: per layer and over all. It hears on one
 * thread and can be looked at from any; a desktop looks once per frame.
 */
public final class ProgressMeter implements Progress {
  private static final long WINDOW_NANOS = 3_000_000_000L;
  private static final long SAMPLE_NANOS = 100_000_000L;

  private final LongSupplier clock;
  private final Map<String, Layer> layers = new LinkedHashMap<>();
  private final Map<String, Long> got = new LinkedHashMap<>();
  private final ArrayDeque<Sample> samples = new ArrayDeque<>();
  private String name = "";
  private long bytes;

  private record Sample(long nanos, long bytes) {}

  public ProgressMeter() {
    this(System::nanoTime);
  }

  /** With another clock, for tests. */
  public ProgressMeter(LongSupplier nanoClock) {
    this.clock = nanoClock;
  }

  /**
   * One layer.
   *
   * @param bytes that have come
   * @param done whether it is in the store, be it that it was there before
   */
  public record LayerState(String digest, long size, long bytes, boolean present, boolean done) {}

  /**
   * What there is to show.
   *
   * @param layers lowest first
   * @param bytes that have come, of {@code total} that are to come
   * @param bytesPerSecond over the last seconds
   */
  public record Snapshot(
      String name, List<LayerState> layers, long bytes, long total, long bytesPerSecond) {
    /** How many layers are in the store. */
    public int layersDone() {
      return (int) layers.stream().filter(LayerState::done).count();
    }
  }

  @Override
  public synchronized void started(String what, List<Layer> all) {
    name = what;
    layers.clear();
    got.clear();
    samples.clear();
    bytes = 0;
    all.forEach(layer -> layers.put(layer.digest(), layer));
    samples.add(new Sample(clock.getAsLong(), 0));
  }

  @Override
  public synchronized void advanced(String digest, long count) {
    Long before = got.put(digest, count);
    bytes += count - (before == null ? 0 : before);
    long now = clock.getAsLong();
    if (samples.isEmpty() || now - samples.getLast().nanos >= SAMPLE_NANOS) {
      samples.add(new Sample(now, bytes));
      while (samples.size() > 1 && now - samples.getFirst().nanos > WINDOW_NANOS) {
        samples.removeFirst();
      }
    }
  }

  @Override
  public synchronized void finished(String digest) {
    Layer layer = layers.get(digest);
    if (layer != null && !layer.present()) {
      advanced(digest, layer.size());
      layers.put(digest, new Layer(digest, layer.size(), true));
      got.put(digest, layer.size());
    }
  }

  /** How it stands now. */
  public synchronized Snapshot snapshot() {
    List<LayerState> states = new ArrayList<>();
    long total = 0;
    for (Layer layer : layers.values()) {
      Long count = got.get(layer.digest());
      boolean here = layer.present() && count == null;
      total += here ? 0 : layer.size();
      states.add(
          new LayerState(
              layer.digest(), layer.size(), count == null ? 0 : count, here, layer.present()));
    }
    long rate = 0;
    if (!samples.isEmpty()) {
      Sample first = samples.getFirst();
      long nanos = clock.getAsLong() - first.nanos;
      rate = nanos < SAMPLE_NANOS ? 0 : (long) ((bytes - first.bytes) * 1e9 / nanos);
    }
    return new Snapshot(name, states, bytes, total, rate);
  }
}
