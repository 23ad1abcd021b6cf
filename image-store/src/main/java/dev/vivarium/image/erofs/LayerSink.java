package dev.vivarium.image.erofs;

import dev.vivarium.image.tar.TarReader;
import java.io.IOException;

/**
 * Hears what the tar of a layer was made of, in order: raw bytes, and contents that are in the
 * EROFS file. Together they give the tar back.
 */
public interface LayerSink extends TarReader.RawSink {
  /** Content of a regular file is next in the tar, and stands at this offset of the EROFS file. */
  void content(long offset, long length) throws IOException;

  /** The tar is complete. */
  void end() throws IOException;
}
