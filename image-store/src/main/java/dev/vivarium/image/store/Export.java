package dev.vivarium.image.store;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.archive.ArchiveWriter;
import dev.vivarium.image.layer.TarSplit;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Gives images back as archives. */
final class Export {
  private final ImageStore store;
  private final LayerFiles files;

  Export(ImageStore store, LayerFiles files) {
    this.store = store;
    this.files = files;
  }

  void save(List<ImageRecord> images, SaveFormat format, Path file, Progress progress)
      throws ImageException {
    List<ArchiveWriter.Image> contents = new ArrayList<>();
    Map<String, Progress.Layer> layers = new LinkedHashMap<>();
    for (ImageRecord image : images) {
      if (format == SaveFormat.DOCKER_ARCHIVE) {
        image.needImage(image.shortId());
      }
      contents.add(
          new ArchiveWriter.Image(
              image.tags(),
              store.config(image.id()),
              image.layers().stream()
                  .map(layer ->
                      new ArchiveWriter.Layer(
                          LayerFiles.digest(layer.diffId()), layer.tarSize(), layer.diffId()))
                  .toList(),
              image.artifactType().isPresent()));
      image
          .layers()
          .forEach(layer ->
              layers.put(
                  layer.diffId(), new Progress.Layer(layer.diffId(), layer.tarSize(), false)));
    }
    progress.started(file.toString(), List.copyOf(layers.values()));
    ArchiveWriter.Tars tars =
        (key, out) -> {
          if (LayerFiles.isBlob(key)) {
            Files.copy(files.blob(key), out);
          } else {
            tar(key, out);
          }
          progress.finished(key);
        };
    Path target = file.toAbsolutePath();
    Path temporary =
        target.resolveSibling("." + target.getFileName() + "." + Owner.create().text());
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 20);
        switch (format) {
          case OCI_ARCHIVE -> ArchiveWriter.writeOci(contents, tars, out);
          case DOCKER_ARCHIVE -> ArchiveWriter.writeDocker(contents, tars, out);
        }
        out.flush();
        channel.force(true);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new ImageException(
          Kind.STORE,
          "cannot save: "
              + file
              + ": "
              + e.getMessage()
              + "; check the directory and the space on its disk",
          e);
    } finally {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        // moved away, or never there
      }
    }
  }

  /** The exact tar that the layer was. */
  void tar(String diffId, OutputStream out) throws IOException {
    try (FileChannel erofs = FileChannel.open(files.erofs(diffId), StandardOpenOption.READ);
        InputStream split = Files.newInputStream(files.split(diffId))) {
      TarSplit.join(split, erofs, out);
    }
  }
}
