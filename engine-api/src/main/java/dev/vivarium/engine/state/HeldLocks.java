package dev.vivarium.engine.state;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.Set;

/**
 * Which sandboxes' locks are held, as the kernel lists them all at once: to try each lock costs
 * more than all else that a listing does. What is not found here is not free for that: some file
 * systems number devices in another way there, and a container may not show the holders outside of
 * it.
 */
final class HeldLocks {
  /** More than any machine holds; what lies beyond is tried lock by lock. */
  private static final int MAX_BYTES = 1 << 20;

  /** As a file's key writes itself: device and inode. */
  private final Set<String> keys;

  private HeldLocks(Set<String> keys) {
    this.keys = keys;
  }

  /** The list on its way: the kernel waits for all processors (RCU) before it shows it. */
  static final class Look {
    private final Thread thread;
    private HeldLocks held = new HeldLocks(Set.of());

    private Look() {
      thread = new Thread(() -> held = now(), "locks");
      thread.setDaemon(true);
      thread.start();
    }

    /** Waits for it; nothing is held as far as is known if this thread is interrupted. */
    HeldLocks join() {
      try {
        thread.join();
        return held;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return new HeldLocks(Set.of());
      }
    }
  }

  /** Begins to ask for what is held. */
  static Look look() {
    return new Look();
  }

  /** What is held now; nothing where the kernel has no such list. */
  static HeldLocks now() {
    try (var in = new FileInputStream("/proc/locks")) {
      return of(new String(in.readNBytes(MAX_BYTES), StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      return new HeldLocks(Set.of());
    }
  }

  /**
   * Lines as {@code 1: POSIX ADVISORY WRITE 3275 fe:00:2253427 0 EOF}; those who wait have an
   * arrow.
   */
  static HeldLocks of(String list) {
    Set<String> keys = new HashSet<>();
    int end;
    for (int start = 0; (end = list.indexOf('\n', start)) >= 0; start = end + 1) {
      int inode = list.lastIndexOf(':', end);
      int minor = list.lastIndexOf(':', inode - 1);
      int major = list.lastIndexOf(' ', minor);
      int after = list.indexOf(' ', inode);
      if (major <= start || after < 0 || after > end || list.startsWith("->", after(list, start))) {
        continue;
      }
      try {
        long device = device(hex(list, major + 1, minor), hex(list, minor + 1, inode));
        keys.add(key(device, list.substring(inode + 1, after)));
      } catch (NumberFormatException e) {
        // Not a line as we know them.
      }
    }
    return new HeldLocks(keys);
  }

  private static int after(String list, int start) {
    int colon = list.indexOf(": ", start);
    return colon < 0 ? start : colon + 2;
  }

  private static int hex(String list, int from, int to) {
    return Integer.parseInt(list, from, to, 16);
  }

  /** As {@code stat} composes it. */
  private static long device(int major, int minor) {
    return (major & 0xfffL) << 8
        | minor & 0xffL
        | (minor & 0xfff00L) << 12
        | (major & 0xfffff000L) << 32;
  }

  private static String key(long device, String inode) {
    return "(dev=" + Long.toHexString(device) + ",ino=" + inode + ")";
  }

  /** Whether the process of this sandbox is known to live. */
  boolean has(RunDirectory run) {
    if (keys.isEmpty()) {
      return false;
    }
    try {
      Object key = Files.readAttributes(run.lock(), BasicFileAttributes.class).fileKey();
      return key != null && keys.contains(key.toString());
    } catch (IOException e) {
      return false;
    }
  }
}
