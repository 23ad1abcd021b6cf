package dev.vivarium.engine.state;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What is kept of one sandbox until {@code viv rm}: spec, state, log, and recorded output. */
public final class StateEntry extends Entry {
  StateEntry(Path parent, String id) {
    super(parent, id);
  }

  /** Of this sandbox, whether it is there or not. */
  public static StateEntry of(Directories directories, String id) {
    return new StateEntry(parent(directories), id);
  }

  static Path parent(Directories directories) {
    return directories.state().resolve("sandboxes");
  }

  /** Makes it. */
  public StateEntry create() throws IOException {
    // A process that is confined already may make files in it, and no directories.
    if (!exists()) {
      Files.createDirectories(path());
    }
    return this;
  }

  /** What a sandbox with recorded output wrote; see {@link OutputRecord}. */
  public Path output() {
    return path().resolve("output");
  }

  /** Its figures at its end, as {@link dev.vivarium.engine.watch.Statistics} encodes them. */
  public Path statistics() {
    return path().resolve("statistics");
  }

  /** Keeps the report of its run. */
  public void writeReport(byte[] json) throws IOException {
    writeWhole(report(), json);
  }

  /** The report of its run, as JSON. */
  public Path report() {
    return path().resolve("report.json");
  }

  /** What it changed in its root, as the tar of a layer; there only when it is complete. */
  public Path changes() {
    return path().resolve("changes.tar");
  }
}
