package dev.vivarium.image.view;

import dev.vivarium.image.erofs.ErofsDirectory;
import dev.vivarium.image.erofs.ErofsInode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One inode of a {@link MergedView}: what the highest layer has under a name and, for a directory,
 * what the layers below add to it.
 */
final class MergedNode implements RootNode {
  private static final String OVERLAY = "trusted.overlay.";
  private static final String OPAQUE = OVERLAY + "opaque";
  private static final String OWN = "trusted.vivarium.";
  private static final String IMPLIED = OWN + "implied";
  private static final long NANOS = 1_000_000_000L;

  private final MergedView view;

  /** Highest layer first; more than one only for a directory. Never empty. */
  private final List<Part> parts;

  /** The part that gives attributes: the highest whose layer really has an entry for it. */
  private final Part main;

  MergedNode(MergedView view, List<Part> parts) {
    this.view = view;
    this.parts = parts;
    Part described = parts.getFirst();
    if (parts.size() > 1) {
      for (Part part : parts) {
        if (!implied(part)) {
          described = part;
          break;
        }
      }
    }
    this.main = described;
  }

  /** An inode of one layer. */
  record Part(int layer, ErofsInode inode) {}

  /**
   * What overlayfs shows for a name that these layers have, highest first: nothing for a whiteout,
   * one part for what is no directory, and for a directory all parts down to an opaque one or to
   * what is no directory.
   */
  static List<Part> merge(List<Part> found) {
    List<Part> parts = new ArrayList<>(found.size());
    for (Part part : found) {
      if (!part.inode().isDirectory()) {
        if (parts.isEmpty() && !part.inode().isWhiteout()) {
          parts.add(part);
        }
        break;
      }
      parts.add(part);
      if (opaque(part)) {
        break;
      }
    }
    return parts;
  }

  private static boolean opaque(Part part) {
    byte[] value = part.inode().hasXattrs() ? part.inode().xattrs().get(OPAQUE) : null;
    return value != null && value.length == 1 && value[0] == 'y';
  }

  private static boolean implied(Part part) {
    return part.inode().hasXattrs() && part.inode().xattrs().containsKey(IMPLIED);
  }

  @Override
  public long ino() {
    // The highest part names the node: it is the one that is there for as long as the name is.
    return view.ino(parts.getFirst());
  }

  @Override
  public int mode() {
    return main.inode().mode();
  }

  @Override
  public int uid() {
    return main.inode().uid();
  }

  @Override
  public int gid() {
    return main.inode().gid();
  }

  @Override
  public int nlink() {
    // As overlayfs: how many directories a merged one holds is not known without reading it.
    return parts.size() > 1 ? 1 : main.inode().nlink();
  }

  @Override
  public long rdev() {
    return main.inode().rdev() & 0xffff_ffffL;
  }

  @Override
  public long size() {
    return main.inode().size();
  }

  @Override
  public long mtimeNanos() {
    long seconds = main.inode().mtimeSeconds();
    if (seconds >= Long.MAX_VALUE / NANOS) {
      return Long.MAX_VALUE;
    }
    if (seconds <= Long.MIN_VALUE / NANOS) {
      return Long.MIN_VALUE;
    }
    return seconds * NANOS + Math.clamp(main.inode().mtimeNanos(), 0, NANOS - 1);
  }

  @Override
  public @Nullable RootNode lookup(String name) {
    if (name.equals(".") || name.equals("..")) {
      throw new IllegalArgumentException("the caller resolves " + name);
    }
    if (!main.inode().isDirectory()) {
      throw new IllegalStateException("not a directory");
    }
    if (parts.size() == 1) {
      long nid = main.inode().directory().lookup(name);
      return nid < 0 ? null : only(main.layer(), nid);
    }
    List<Part> found = new ArrayList<>(parts.size());
    for (Part part : parts) {
      long nid = part.inode().directory().lookup(name);
      if (nid >= 0) {
        found.add(new Part(part.layer(), view.image(part.layer()).inode(nid)));
      }
    }
    return node(found);
  }

  @Override
  public void readdir(DirectoryVisitor visitor) {
    if (!main.inode().isDirectory()) {
      throw new IllegalStateException("not a directory");
    }
    int count = parts.size();
    ErofsDirectory.Cursor[] cursors = new ErofsDirectory.Cursor[count];
    @Nullable String[] names = new @Nullable String[count];
    for (int i = 0; i < count; i++) {
      cursors[i] = parts.get(i).inode().directory().cursor();
      names[i] = cursors[i].advance() ? cursors[i].name() : null;
    }
    while (true) {
      String least = null;
      for (String name : names) {
        if (name != null && (least == null || name.compareTo(least) < 0)) {
          least = name;
        }
      }
      if (least == null) {
        return;
      }
      List<Part> found = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        if (least.equals(names[i])) {
          int layer = parts.get(i).layer();
          found.add(new Part(layer, view.image(layer).inode(cursors[i].nid())));
          names[i] = cursors[i].advance() ? cursors[i].name() : null;
        }
      }
      RootNode node = node(found);
      if (node != null) {
        visitor.entry(least, node);
      }
    }
  }

  @Override
  public String readlink() {
    return main.inode().readlink();
  }

  @Override
  public Map<String, byte[]> xattrs() {
    if (!main.inode().hasXattrs()) {
      return Map.of();
    }
    Map<String, byte[]> xattrs = new TreeMap<>(main.inode().xattrs());
    xattrs.keySet().removeIf(name -> name.startsWith(OVERLAY) || name.startsWith(OWN));
    return xattrs;
  }

  @Override
  public int layer() {
    return main.layer();
  }

  @Override
  public long dataOffset() {
    return main.inode().contentOffset();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof MergedNode node && node.view == view && node.ino() == ino();
  }

  @Override
  public int hashCode() {
    return Long.hashCode(ino());
  }

  private @Nullable MergedNode only(int layer, long nid) {
    Part part = new Part(layer, view.image(layer).inode(nid));
    return part.inode().isWhiteout() ? null : new MergedNode(view, List.of(part));
  }

  private @Nullable MergedNode node(List<Part> found) {
    List<Part> parts = merge(found);
    return parts.isEmpty() ? null : new MergedNode(view, parts);
  }
}
