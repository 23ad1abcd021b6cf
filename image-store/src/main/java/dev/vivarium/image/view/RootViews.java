package dev.vivarium.image.view;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Opens root views from files alone, so that a sandbox needs neither database nor registry. */
public final class RootViews {
  private RootViews() {}

  /**
   * The merged view of EROFS files.
   *
   * @param erofsFiles lowest layer first
   * @throws IOException if a file cannot be read or is not one of ours
   */
  public static RootView open(List<Path> erofsFiles) throws IOException {
    throw new UnsupportedOperationException("open");
  }
}
