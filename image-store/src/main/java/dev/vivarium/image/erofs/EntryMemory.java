package dev.vivarium.image.erofs;

import java.util.concurrent.atomic.AtomicLong;

/** The memory that the trees of all layers on their way together may take. */
public final class EntryMemory {
  private final long most;
  private final AtomicLong used = new AtomicLong();

  public EntryMemory(long most) {
    this.most = most;
  }

  /** Takes some; false if that would be too much. */
  boolean take(long bytes) {
    if (used.addAndGet(bytes) <= most) {
      return true;
    }
    used.addAndGet(-bytes);
    return false;
  }

  void give(long bytes) {
    used.addAndGet(-bytes);
  }

  long most() {
    return most;
  }
}
