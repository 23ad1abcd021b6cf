package dev.vivarium.microvm.files;

import dev.vivarium.microvm.host.HostCalls;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a guest has open, by number. A descriptor is closed only when nobody uses it any more: its
 * number could be another file's by then. Methods may be called from any thread.
 */
final class OpenFiles {
  private static final int MOST = 8192;

  /** One open file or directory; {@link #leave} gives it back. */
  final class OpenFile {
    final int fd;
    final boolean writable;
    private int users = 1;

    private OpenFile(int fd, boolean writable) {
      this.fd = fd;
      this.writable = writable;
    }

    void leave(HostCalls calls) {
      boolean last;
      synchronized (OpenFiles.this) {
        last = --users == 0;
      }
      if (last) {
        calls.close(fd);
      }
    }
  }

  private final Map<Long, OpenFile> files = new HashMap<>();
  private long lastNumber;

  /** Takes over a descriptor; -1 if there are too many: then it is still the caller's. */
  synchronized long add(int fd, boolean writable) {
    if (files.size() >= MOST) {
      return -1;
    }
    files.put(++lastNumber, new OpenFile(fd, writable));
    return lastNumber;
  }

  /** The one with this number, for the caller to {@link OpenFile#leave}; null if there is none. */
  synchronized @Nullable OpenFile use(long number) {
    OpenFile file = files.get(number);
    if (file != null) {
      file.users++;
    }
    return file;
  }

  /** Closes it, as soon as nobody uses it. */
  void release(long number, HostCalls calls) {
    OpenFile file;
    synchronized (this) {
      file = files.remove(number);
    }
    if (file != null) {
      file.leave(calls);
    }
  }

  /** Closes all. */
  void close(HostCalls calls) {
    Map<Long, OpenFile> all;
    synchronized (this) {
      all = new HashMap<>(files);
      files.clear();
    }
    all.values().forEach(file -> file.leave(calls));
  }
}
