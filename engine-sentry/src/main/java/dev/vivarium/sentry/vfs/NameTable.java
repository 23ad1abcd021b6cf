package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.memory.GuestMemory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The paths that calls gave of late and their components, so that one that comes again is neither
 * read into a new string nor cut again, and is found in a directory by being the same object.
 * Bounded; not for several threads.
 */
public final class NameTable {
  private static final int SLOTS = 512;

  /** Longer paths are read each time: what a guest can have kept here is bounded. */
  private static final int LONGEST = 256;

  private static final int WORD = Long.BYTES;

  private record Known(long[] words, PathName path) {}

  private final @Nullable Known[] paths = new Known[SLOTS];
  private final @Nullable String[] names = new String[SLOTS];
  private final long[] words = new long[LONGEST / WORD];

  /** Copies in the path at an address; null and {@link GuestMemory#error()} if that fails. */
  public @Nullable PathName read(GuestMemory memory, long address) {
    int count = memory.copyInWords(address, words);
    if (count < 0) {
      String text = memory.copyInString(address, PathWalker.PATH_MAX - 1);
      return text == null ? null : PathName.of(text);
    }
    long hash = count;
    for (int i = 0; i < count; i++) {
      hash = (hash ^ words[i]) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 32;
    }
    int slot = (int) hash & SLOTS - 1;
    Known known = paths[slot];
    if (known == null || !isSame(known.words, count)) {
      known = new Known(Arrays.copyOf(words, count), PathName.of(text(count)).shared(this));
      paths[slot] = known;
    }
    return known.path;
  }

  private boolean isSame(long[] other, int count) {
    if (other.length != count) {
      return false;
    }
    for (int i = 0; i < count; i++) {
      if (other[i] != words[i]) {
        return false;
      }
    }
    return true;
  }

  /** The text that the words are, up to its NUL. */
  private String text(int count) {
    byte[] bytes = new byte[count * WORD];
    for (int i = 0; i < count; i++) {
      Bytes.putLong(bytes, i * WORD, words[i]);
    }
    int length = bytes.length;
    while (length > 0 && bytes[length - 1] == 0) {
      length--;
    }
    return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
  }

  /** The one object that is kept of a name. */
  String shared(String name) {
    int hash = name.hashCode();
    int slot = (hash ^ hash >>> 16) & SLOTS - 1;
    String known = names[slot];
    if (known != null && known.equals(name)) {
      return known;
    }
    names[slot] = name;
    return name;
  }
}
