package dev.vivarium.image.view;

import java.nio.file.Path;
import java.util.List;

/**
 * The root file system of an image: its layers merged as overlayfs would, read-only. Names are
 * Strings with one byte per char (ISO-8859-1). Layers are EROFS files whose file data is
 * page-aligned and contiguous, so that a file's content is one range of one blob. Not thread-safe.
 */
public interface RootView extends AutoCloseable {
  /** The EROFS files, lowest layer first; {@link RootNode#layer} counts from 0 in this list. */
  List<Path> layers();

  RootNode root();

  @Override
  void close();
}
