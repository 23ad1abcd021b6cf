package dev.vivarium.engine.state;

import dev.vivarium.engine.SandboxSpec;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;

/** A directory of one sandbox, be it the run directory or the one that outlives it. */
public sealed class Entry permits RunDirectory, StateEntry {
  private static final int MAX_BYTES = 8 << 20;

  /** The files of a run directory; the lock last, since as long as it is held nobody interferes. */
  private static final List<String> KNOWN =
      List.of(
          "control.sock",
          "part.sock",
          "events.ring.part",
          "events.ring",
          "log",
          "spec.json.part",
          "spec.json",
          "state.json.part",
          "state.json",
          "lock");

  private final Path path;
  private final String id;

  Entry(Path parent, String id) {
    if (!SandboxId.isValid(id)) {
      throw new IllegalArgumentException("not a sandbox id: " + id);
    }
    this.path = parent.resolve(id);
    this.id = id;
  }

  public final Path path() {
    return path;
  }

  public final String id() {
    return id;
  }

  public final boolean exists() {
    return Files.isDirectory(path);
  }

  /** The engine's and our own remarks, line by line. */
  public final Path log() {
    return path.resolve("log");
  }

  public final Path spec() {
    return path.resolve("spec.json");
  }

  public final Path state() {
    return path.resolve("state.json");
  }

  public final void writeSpec(SandboxSpec spec) throws IOException {
    writeWhole(spec(), SpecJson.write(spec));
  }

  public final void writeState(SandboxState state) throws IOException {
    writeWhole(state(), StateJson.write(state));
  }

  /**
   * Reads {@code spec.json}.
   *
   * @throws IOException with the line for the user
   */
  public final SandboxSpec readSpec() throws IOException {
    try {
      return SpecJson.read(readBounded(spec()));
    } catch (IOException e) {
      throw new IOException("cannot read the specification: " + spec() + ": " + words(e), e);
    }
  }

  /**
   * The specification of a sandbox that lives or has ended. While one ends, its run directory may
   * be there and half empty; what outlives it is whole by then.
   *
   * @throws IOException with the line for the user
   */
  public static SandboxSpec specOf(Directories directories, String id) throws IOException {
    try {
      return SpecJson.read(readBounded(RunDirectory.of(directories, id).spec()));
    } catch (NoSuchFileException e) {
      return StateEntry.of(directories, id).readSpec();
    }
  }

  /**
   * Reads {@code state.json}.
   *
   * @return empty if there is none
   * @throws IOException with the line for the user if there is one that cannot be read
   */
  public final Optional<SandboxState> readState() throws IOException {
    try {
      return Optional.of(StateJson.read(readBounded(state())));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new IOException("cannot read the state: " + state() + ": " + words(e), e);
    }
  }

  private static String words(IOException e) {
    return Reason.of(e);
  }

  private static byte[] readBounded(Path file) throws IOException {
    // Of java.io, which takes a third of the time; it says only in words why a file cannot be
    // opened.
    try (var in = open(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new IOException("larger than " + MAX_BYTES + " bytes");
      }
      return bytes;
    }
  }

  private static InputStream open(Path file) throws IOException {
    try {
      return new FileInputStream(file.toString());
    } catch (FileNotFoundException e) {
      return Files.newInputStream(file);
    }
  }

  /** Replaces a file as a whole: a reader sees the old or the new content, never a part. */
  static void writeWhole(Path file, byte[] bytes) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.write(part, bytes);
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Removes the directory with all that is in it, without following links. */
  public final void delete() throws IOException {
    // What is known is taken away by name: a process that is confined can list nothing.
    for (String name : KNOWN) {
      Files.deleteIfExists(path.resolve(name));
    }
    try {
      Files.deleteIfExists(path);
      return;
    } catch (DirectoryNotEmptyException e) {
      // An engine keeps files of its own in it.
    }
    try {
      Files.walkFileTree(
          path,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(
                Path directory, java.io.@org.jspecify.annotations.Nullable IOException e)
                throws IOException {
              Files.deleteIfExists(directory);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (NoSuchFileException e) {
      // Another process removed it first.
    }
  }
}
