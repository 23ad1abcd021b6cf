package dev.vivarium.engine;

import dev.vivarium.engine.watch.EventSink;
import dev.vivarium.engine.watch.Watch;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** What the sandbox's own process offers to the engine that runs in it. */
public interface SandboxHost {
  /** The run directory of this sandbox; the engine may keep files of its own in it. */
  Path runDirectory();

  /**
   * Where the first process's standard streams go. {@link Stdio.Inherit}: to descriptors 0, 1 and 2
   * of this process, which the engine may use directly.
   */
  Stdio stdio();

  /**
   * Where the engine tells what happens: it attaches its {@link
   * dev.vivarium.engine.watch.Instrument} before the guest's first instruction.
   */
  default Optional<Watch> watch() {
    return Optional.empty();
  }

  /**
   * Takes what is not a system call: what happens in the network, at a limit, by the policy. From
   * any thread.
   */
  default EventSink events() {
    return watch().<EventSink>map(w -> w).orElse(EventSink.NONE);
  }

  /**
   * Called when the sandbox is whole and nothing in it has run: returns when the first process is
   * to begin, which for a container that is created and started in two steps may be much later.
   *
   * @throws EngineException if it is not to begin any more
   */
  default void awaitBegin() throws EngineException {}

  /**
   * Ends the sandbox, which has done what its profile says must end it. From any thread; returns
   * before it has ended.
   *
   * @param reason in a line, for the user
   */
  default void end(int exitCode, String reason) {}

  /**
   * Asks a person. From any thread; returns at once.
   *
   * @param question whose time left is how long it may take
   * @param settled told once what became of it, on any thread, maybe before this returns
   */
  default void ask(NetworkQuestion question, Consumer<NetworkQuestion.Outcome> settled) {
    settled.accept(NetworkQuestion.Outcome.NOBODY);
  }

  /**
   * Ends the sandbox, which cannot go on: it is shown as failed. From any thread; returns before it
   * has ended.
   *
   * @param reason in a line, for the user
   */
  default void fail(String reason) {
    log(reason);
  }

  /**
   * What this process itself still does with files, once a guest runs: an engine confines the
   * process to that before its guest's first instruction. Empty if this process is not the
   * sandbox's own, and must not be confined.
   *
   * @throws IOException if what it needs cannot be made
   */
  default Optional<OwnFiles> ownFiles() throws IOException {
    return Optional.empty();
  }

  /**
   * The files of a sandbox's own process.
   *
   * @param directories in which it makes, writes and removes files and sockets
   * @param names directories of which it takes files away
   * @param parents directories of which it takes empty directories away
   */
  record OwnFiles(List<Path> directories, List<Path> names, List<Path> parents) {
    public OwnFiles {
      directories = List.copyOf(directories);
      names = List.copyOf(names);
      parents = List.copyOf(parents);
    }
  }

  /** One line for the sandbox's log, not for the user's terminal. */
  void log(String line);

  /**
   * At the end, when nothing can change any more: keeps what the sandbox changed in its root for as
   * long as the rest of it is kept.
   *
   * @param changes writes the tar of a layer over the sandbox's image; not called if nobody wants
   *     to know
   */
  default void keepChanges(Changes changes) {}

  /** Writes a sandbox's changes. */
  interface Changes {
    void writeTo(OutputStream tar) throws IOException;

    /**
     * What the image has where the sandbox may have changed it.
     *
     * @param path as in the tar
     * @param most no more bytes than these
     * @return empty if it has no regular file there, or this engine cannot tell
     */
    default Optional<Original> original(String path, int most) throws IOException {
      return Optional.empty();
    }
  }

  /**
   * A file of an image.
   *
   * @param sizeBytes all of it
   * @param content empty if it is longer than was wanted, or cannot be read
   */
  record Original(long sizeBytes, Optional<byte[]> content) {}

  /** Takes the changes of a running sandbox, which waits meanwhile. */
  interface ChangesVisitor {
    void visit(Changes changes) throws IOException;
  }

  /** The ways the standard streams can be connected. */
  sealed interface Stdio {
    /** Descriptors 0, 1 and 2 of this process are the guest's. */
    record Inherit() implements Stdio {}

    /**
     * Through streams: a terminal (its bytes both ways; {@code error} is unused) or a detached or
     * remote run.
     *
     * @param terminal whether the guest gets a terminal, whose other end these streams are
     */
    record Streams(
        InputStream input,
        OutputStream output,
        OutputStream error,
        boolean terminal,
        int rows,
        int columns)
        implements Stdio {}
  }
}
