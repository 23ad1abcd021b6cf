package dev.vivarium.sentry.vfs;

import java.lang.ref.ReferenceQueue;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the recently used dentries of one file system: a ring with a clock hand, so that a use
 * costs one flag. Those that fall out are found again as long as somebody else holds them.
 */
public final class DentryCache {
  private static final int START = 64;

  private final int capacity;
  private final ReferenceQueue<Dentry> collected = new ReferenceQueue<>();
  private @Nullable Dentry[] ring = new Dentry[START];
  private int size;
  private int hand;

  public DentryCache(int capacity) {
    this.capacity = capacity;
  }

  ReferenceQueue<Dentry> collected() {
    return collected;
  }

  void keep(Dentry d) {
    if (size < ring.length) {
      ring[size++] = d;
      return;
    }
    if (size < capacity) {
      ring = Arrays.copyOf(ring, Math.min(capacity, size * 2));
      ring[size++] = d;
      return;
    }
    for (; ; ) {
      Dentry victim = ring[hand];
      if (victim == null || !victim.referenced) {
        ring[hand] = d;
        hand = (hand + 1) % size;
        return;
      }
      victim.referenced = false;
      hand = (hand + 1) % size;
    }
  }

  /** Takes what the garbage collector has found unused out of the parents' maps. */
  void forgetCollected() {
    for (var r = collected.poll(); r != null; r = collected.poll()) {
      ((Dentry.Ref) r).forget();
    }
  }

  /** Lets go of every dentry (umount). */
  void clear() {
    Arrays.fill(ring, null);
    size = 0;
    hand = 0;
  }
}
