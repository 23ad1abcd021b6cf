package dev.vivarium.microvm.files;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files that a guest's kernel knows, by the numbers it calls them. A file is known by what it
 * is on the host, and found by the last of its names that was looked up. Methods may be called from
 * any thread.
 */
final class NodeTable {
  /** Each costs about 200 bytes here and a kilobyte in the guest. */
  private static final int MOST = 1_000_000;

  private static final int MAX_PATH = 4095;
  private static final int MAX_DEPTH = 2048;

  /** What a file is on the host; a number that is used again is another file. */
  record Identity(long device, long inode, long birth, int type) {}

  /** One file. What may change is the table's to change. */
  static final class Node {
    final long id;
    final Identity identity;
    final HostPolicy.Zone zone;
    final long mount;

    /** Its mode when it was looked up last. */
    volatile int mode;

    private @Nullable Node parent;
    private String name;
    private long lookups;

    private Node(
        long id,
        Identity identity,
        HostPolicy.Zone zone,
        long mount,
        int mode,
        @Nullable Node parent,
        String name) {
      this.id = id;
      this.identity = identity;
      this.zone = zone;
      this.mount = mount;
      this.mode = mode;
      this.parent = parent;
      this.name = name;
    }
  }

  /** A name in a directory. */
  private record Place(long directory, String name) {}

  private final Map<Place, Node> byPlace = new HashMap<>();
  private final Map<Long, Node> byId = new HashMap<>();
  private final Map<Identity, Node> byIdentity = new HashMap<>();
  private long last = Fuse.ROOT_ID;

  /**
   * @param name of the root below the directory that paths are opened from; empty for that itself
   */
  NodeTable(String name, Identity identity, HostPolicy.Zone zone, long mount, int mode) {
    Node root = new Node(Fuse.ROOT_ID, identity, zone, mount, mode, null, name);
    root.lookups = 1;
    byId.put(root.id, root);
    byIdentity.put(identity, root);
  }

  synchronized @Nullable Node get(long id) {
    return byId.get(id);
  }

  /** The file that was found under a name, with one more lookup; null if there are too many. */
  synchronized @Nullable Node found(
      Node parent, String name, Identity identity, HostPolicy.Zone zone, long mount, int mode) {
    Node node = byIdentity.get(identity);
    if (node == null || node.zone != zone) {
      if (byId.size() >= MOST) {
        return null;
      }
      node = new Node(++last, identity, zone, mount, mode, parent, name);
      byId.put(node.id, node);
      byIdentity.put(identity, node);
      byPlace.put(new Place(parent.id, name), node);
    } else if (node.parent != parent || !node.name.equals(name)) {
      move(node, parent, name);
    }
    node.mode = mode;
    node.lookups++;
    return node;
  }

  private void move(Node node, Node parent, String name) {
    Node old = node.parent;
    if (old == null || isBelow(parent, node)) {
      return;
    }
    byPlace.remove(new Place(old.id, node.name), node);
    node.parent = parent;
    node.name = name;
    byPlace.put(new Place(parent.id, name), node);
  }

  private static boolean isBelow(Node node, Node other) {
    int depth = 0;
    for (Node n = node; n != null; n = n.parent) {
      if (n == other || ++depth > MAX_DEPTH) {
        return true;
      }
    }
    return false;
  }

  /**
   * The kernel forgets so many lookups.
   *
   * @return whether it does not know the file any more
   */
  synchronized boolean forget(long id, long count) {
    Node node = byId.get(id);
    if (node == null || id == Fuse.ROOT_ID || count < 0) {
      return false;
    }
    node.lookups -= Math.min(count, node.lookups);
    if (node.lookups == 0) {
      byId.remove(id);
      byIdentity.remove(node.identity, node);
      if (node.parent != null) {
        byPlace.remove(new Place(node.parent.id, node.name), node);
      }
    }
    return node.lookups == 0;
  }

  /** The name was given to another directory or changed. */
  synchronized void renamed(Node from, String name, Node to, String newName) {
    Node node = byPlace.get(new Place(from.id, name));
    if (node != null) {
      move(node, to, newName);
    }
  }

  /**
   * A node's path from the directory that paths are opened from; null if it is too long.
   *
   * @param name of something in it, or empty
   */
  synchronized @Nullable String path(Node node, String name) {
    StringBuilder path = new StringBuilder(name);
    int depth = 0;
    for (Node n = node; n != null; n = n.parent) {
      if (!n.name.isEmpty()) {
        if (!path.isEmpty()) {
          path.insert(0, '/');
        }
        path.insert(0, n.name);
      }
      if (path.length() > MAX_PATH || ++depth > MAX_DEPTH) {
        return null;
      }
    }
    return path.isEmpty() ? "." : path.toString();
  }
}
