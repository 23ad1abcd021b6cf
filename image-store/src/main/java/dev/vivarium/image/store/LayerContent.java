package dev.vivarium.image.store;

import java.io.IOException;
import java.io.OutputStream;

/** Writes a layer: a tar stream, compressed or not, in which whiteouts remove names below. */
public interface LayerContent {
  void writeTo(OutputStream tar) throws IOException;
}
