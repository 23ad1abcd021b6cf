package dev.vivarium.image.view;

import dev.vivarium.image.erofs.ErofsException;
import dev.vivarium.image.erofs.ErofsImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Opens root views from files alone, so that a sandbox needs neither database nor registry. */
public final class RootViews {
  private RootViews() {}

  /**
   * The merged view of EROFS files. Each is mapped; nothing is read but superblocks and roots.
   *
   * @param erofsFiles lowest layer first; none makes an empty root
   * @throws IOException if a file cannot be read or is not one of ours
   */
  public static RootView open(List<Path> erofsFiles) throws IOException {
    List<ErofsImage> images = new ArrayList<>();
    try {
      for (Path file : erofsFiles) {
        images.add(ErofsImage.open(file));
      }
      return new MergedView(images);
    } catch (ErofsException e) {
      images.forEach(ErofsImage::close);
      throw new IOException(e.getMessage(), e);
    } catch (IOException | RuntimeException e) {
      images.forEach(ErofsImage::close);
      throw e;
    }
  }
}
