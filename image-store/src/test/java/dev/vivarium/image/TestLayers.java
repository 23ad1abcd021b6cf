package dev.vivarium.image;

import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.layer.LayerConverter;
import dev.vivarium.image.view.RootView;
import dev.vivarium.image.view.RootViews;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Tar streams as a view, without a store. */
public final class TestLayers {
  private TestLayers() {}

  /** The EROFS files of the layers, lowest first. */
  public static List<Path> convert(Path directory, TestTar... layers) throws IOException {
    List<Path> files = new ArrayList<>();
    for (TestTar layer : layers) {
      Path file = Files.createTempFile(directory, "layer", ".erofs");
      LayerConverter.convert(
          new ByteArrayInputStream(layer.end()),
          file,
          Files.createTempFile(directory, "layer", ".tar-split"),
          LayerLimits.standard());
      files.add(file);
    }
    return files;
  }

  public static RootView view(Path directory, TestTar... layers) throws IOException {
    return RootViews.open(convert(directory, layers));
  }
}
