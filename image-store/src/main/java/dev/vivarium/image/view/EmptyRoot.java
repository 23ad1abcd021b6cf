package dev.vivarium.image.view;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The root of an image without layers. */
final class EmptyRoot implements RootNode {
  private static final int DIRECTORY_0755 = 040755;

  @Override
  public long ino() {
    return 1;
  }

  @Override
  public int mode() {
    return DIRECTORY_0755;
  }

  @Override
  public int uid() {
    return 0;
  }

  @Override
  public int gid() {
    return 0;
  }

  @Override
  public int nlink() {
    return 2;
  }

  @Override
  public long rdev() {
    return 0;
  }

  @Override
  public long size() {
    return 0;
  }

  @Override
  public long mtimeNanos() {
    return 0;
  }

  @Override
  public @Nullable RootNode lookup(String name) {
    return null;
  }

  @Override
  public void readdir(DirectoryVisitor visitor) {}

  @Override
  public String readlink() {
    throw new IllegalStateException("not a symbolic link");
  }

  @Override
  public Map<String, byte[]> xattrs() {
    return Map.of();
  }

  @Override
  public int layer() {
    throw new IllegalStateException("not a regular file");
  }

  @Override
  public long dataOffset() {
    throw new IllegalStateException("not a regular file");
  }
}
