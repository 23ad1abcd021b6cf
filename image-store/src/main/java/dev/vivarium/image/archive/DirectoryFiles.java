package dev.vivarium.image.archive;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The files of a layout in a directory. */
final class DirectoryFiles implements BlobFiles {
  private final Path directory;

  DirectoryFiles(Path directory) {
    this.directory = directory;
  }

  @Override
  public InputStream open(String path) throws IOException {
    return Files.newInputStream(file(path));
  }

  @Override
  public long size(String path) throws IOException {
    return Files.size(file(path));
  }

  @Override
  public void close() {}

  private Path file(String path) throws IOException {
    Path file = directory.resolve(path);
    // A FIFO or a device would block or never end.
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(file.toString());
    }
    return file;
  }
}
