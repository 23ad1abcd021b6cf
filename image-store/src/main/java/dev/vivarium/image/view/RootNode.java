package dev.vivarium.image.view;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One inode of a {@link RootView}. The same node object (or an equal one) is returned for all links
 * to it.
 */
public interface RootNode {
  /** Unique within the view, and stable for an image. */
  long ino();

  /** Type and permission bits, as in {@code st_mode}. */
  int mode();

  int uid();

  int gid();

  int nlink();

  /** Device number in Linux's {@code makedev} encoding, for device nodes. */
  long rdev();

  /** Length in bytes: of the content, the link target, or the directory as stored. */
  long size();

  long mtimeNanos();

  /** The child of this directory, whiteouts applied; null if there is none. */
  @Nullable RootNode lookup(String name);

  /**
   * Calls the visitor with every child's name and node, whiteouts applied, in byte order of the
   * names; not for "." and "..".
   */
  void readdir(DirectoryVisitor visitor);

  /** The target of a symbolic link. */
  String readlink();

  /** Extended attributes by full name; those that only make the overlay work are left out. */
  Map<String, byte[]> xattrs();

  /** Which of {@link RootView#layers} holds the content of this regular file. */
  int layer();

  /**
   * Page-aligned offset of the content of this regular file in its layer's file; bytes past {@link
   * #size} up to the page's end are zero.
   */
  long dataOffset();

  /** Takes the entries of a directory. */
  interface DirectoryVisitor {
    void entry(String name, RootNode node);
  }
}
