package dev.vivarium.microvm.files;

import dev.vivarium.microvm.files.NodeTable.Node;
import dev.vivarium.microvm.files.OpenFiles.OpenFile;
import dev.vivarium.microvm.host.HostCalls;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files that a guest reads without saying that it opens or closes them: of those that it read
 * last, the descriptors are kept. Methods may be called from any thread.
 */
final class ReadFiles {
  /** As many as a guest may well read in turn; what each is of stays on the host's disk. */
  static final int MOST = 32;

  private final HostTree tree;
  private final OpenFiles open;
  private final LinkedHashMap<Long, Long> byNode = new LinkedHashMap<>(2 * MOST, 0.75f, true);

  ReadFiles(HostTree tree, OpenFiles open) {
    this.tree = tree;
    this.open = open;
  }

  boolean isKept(long node) {
    synchronized (byNode) {
      return byNode.containsKey(node);
    }
  }

  /** The descriptor that is kept of a node, for the caller to leave; null if there is none. */
  @Nullable OpenFile kept(long node) {
    Long number;
    synchronized (byNode) {
      number = byNode.get(node);
    }
    return number == null ? null : open.use(number);
  }

  /**
   * Opens a file and keeps it.
   *
   * @return 0 or a negative errno
   */
  int open(Node node, HostCalls calls) {
    int fd = tree.open(node, HostCalls.O_RDONLY, calls);
    if (fd < 0) {
      return fd;
    }
    long number = open.add(fd, false);
    if (number < 0) {
      calls.close(fd);
      return -Fuse.ENFILE;
    }
    Long before;
    Long last = null;
    synchronized (byNode) {
      before = byNode.put(node.id, number);
      if (byNode.size() > MOST) {
        Map.Entry<Long, Long> eldest = byNode.entrySet().iterator().next();
        last = eldest.getValue();
        byNode.remove(eldest.getKey());
      }
    }
    release(before, calls);
    release(last, calls);
    return 0;
  }

  /** The guest does not know the file any more. */
  void forget(long node, HostCalls calls) {
    Long number;
    synchronized (byNode) {
      number = byNode.remove(node);
    }
    release(number, calls);
  }

  private void release(@Nullable Long number, HostCalls calls) {
    if (number != null) {
      open.release(number, calls);
    }
  }
}
