package dev.vivarium.image.view;

import dev.vivarium.image.erofs.ErofsImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Layers merged by overlayfs's rules. Holds no tree: every look goes to the mapped files. */
final class MergedView implements RootView {
  private final List<ErofsImage> images;
  private final List<Path> paths;

  /** What to add to a layer's nids to make inode numbers that are unique in the view. */
  private final long[] inoBase;

  private final RootNode root;

  MergedView(List<ErofsImage> images) {
    this.images = List.copyOf(images);
    this.paths = this.images.stream().map(ErofsImage::path).toList();
    this.inoBase = new long[images.size()];
    long base = 1;
    List<MergedNode.Part> parts = new ArrayList<>();
    for (int i = 0; i < inoBase.length; i++) {
      inoBase[i] = base;
      base += images.get(i).nidBound() + 1;
    }
    for (int i = inoBase.length - 1; i >= 0; i--) {
      parts.add(new MergedNode.Part(i, images.get(i).root()));
    }
    this.root = parts.isEmpty() ? new EmptyRoot() : new MergedNode(this, MergedNode.merge(parts));
  }

  @Override
  public List<Path> layers() {
    return paths;
  }

  @Override
  public RootNode root() {
    return root;
  }

  @Override
  public void close() {
    images.forEach(ErofsImage::close);
  }

  ErofsImage image(int layer) {
    return images.get(layer);
  }

  long ino(MergedNode.Part part) {
    return inoBase[part.layer()] + part.inode().nid();
  }
}
