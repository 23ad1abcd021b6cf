package dev.vivarium.image.archive;

import java.io.IOException;
import java.io.InputStream;

/** The files of a layout, wherever they are: in a directory or inside an archive. */
interface BlobFiles extends AutoCloseable {
  /**
   * The content of a file.
   *
   * @param path relative, with slashes
   * @throws java.nio.file.NoSuchFileException if there is none
   */
  InputStream open(String path) throws IOException;

  long size(String path) throws IOException;

  @Override
  void close();
}
