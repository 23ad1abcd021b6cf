package dev.vivarium.engine.state;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** All sandboxes of this user, the living and the finished. */
public final class Sandboxes {
  /** After this long a run directory without a state has no process that is about to write one. */
  private static final long ABANDONED_MILLIS = 60_000;

  private final Directories directories;

  public Sandboxes(Directories directories) {
    this.directories = directories;
  }

  public Directories directories() {
    return directories;
  }

  /** All of them, the newest first; those found dead are settled on the way. */
  public List<SandboxState> list() throws IOException {
    // The living first: who ends meanwhile is written down among the finished before it goes from
    // here. Nor is a state looked for there, which costs two exceptions, of those that have none
    // yet.
    TreeMap<String, SandboxState> found = new TreeMap<>();
    List<String> running = ids(directories.run());
    HeldLocks.Look look = HeldLocks.look();
    for (String id : running) {
      read(RunDirectory.of(directories, id)).ifPresent(state -> found.put(id, state));
    }
    HeldLocks held = look.join();
    for (String id : running) {
      if (!found.containsKey(id) || !held.has(RunDirectory.of(directories, id))) {
        found.remove(id);
        look(id).map(this::checked).ifPresent(state -> found.put(id, state));
      }
    }
    for (String id : ids(StateEntry.parent(directories))) {
      if (!found.containsKey(id)) {
        read(StateEntry.of(directories, id)).ifPresent(state -> found.put(id, checked(state)));
      }
    }
    List<SandboxState> list = new ArrayList<>(found.values());
    // No Comparator.comparing: its lambda is a serializable one, which no cache holds and takes 10
    // ms.
    list.sort((a, b) -> b.created().compareTo(a.created()));
    return list;
  }

  /**
   * The one with this name, this id, or the only one whose id begins so.
   *
   * @return empty if there is none
   * @throws IOException with the line for the user if there are several
   */
  public Optional<SandboxState> find(String key) throws IOException {
    Optional<SandboxState> named = new Names(directories).find(key).flatMap(this::byIdQuietly);
    if (named.isPresent()) {
      return named;
    }
    if (SandboxId.isValid(key)) {
      return byId(key);
    }
    List<SandboxState> matching =
        key.isEmpty() || !key.chars().allMatch(c -> Character.digit(c, 16) >= 0)
            ? List.of()
            : list().stream().filter(state -> state.id().startsWith(key)).toList();
    if (matching.size() > 1) {
      throw new IOException(
          matching.size() + " sandboxes have an id that begins so: " + key + "; write more of it");
    }
    if (matching.isEmpty()) {
      // One whose end was disturbed may have lost its name and still be listed under it.
      return list().stream().filter(state -> state.name().equals(key)).findFirst();
    }
    return matching.stream().findFirst();
  }

  private Optional<SandboxState> byIdQuietly(String id) {
    try {
      return byId(id);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The one with this whole id. */
  public Optional<SandboxState> byId(String id) throws IOException {
    Optional<SandboxState> living = look(id);
    Optional<SandboxState> state =
        living.isPresent() ? living : read(StateEntry.of(directories, id));
    return state.map(this::checked);
  }

  /** Removes what is kept of a finished sandbox. */
  public void remove(SandboxState finished) throws IOException {
    StateEntry.of(directories, finished.id()).delete();
    new Names(directories).release(finished.name(), finished.id());
  }

  /** A sandbox that is said to live but has no run directory ended with the machine. */
  private SandboxState checked(SandboxState state) {
    if (!state.isAlive() || RunDirectory.of(directories, state.id()).exists()) {
      return state;
    }
    // It may have ended between the two looks.
    Optional<SandboxState> again = read(StateEntry.of(directories, state.id()));
    return again.isPresent() && !again.get().isAlive()
        ? again.get()
        : state.ended(
            SandboxState.Status.FAILED, Instant.now(), 125, "the machine stopped while it ran");
  }

  /** What a run directory says; settles it if its process is gone. */
  private Optional<SandboxState> look(String id) throws IOException {
    RunDirectory run = RunDirectory.of(directories, id);
    if (!run.exists()) {
      return Optional.empty();
    }
    Optional<SandboxState> state = read(run);
    Optional<Closeable> lock;
    try {
      lock = run.tryLock();
    } catch (NoSuchFileException e) {
      return read(StateEntry.of(directories, id));
    }
    if (lock.isEmpty()) {
      return state;
    }
    try (Closeable held = lock.get()) {
      // Read again under the lock: the process may have ended in good order since.
      state = read(run);
      if (state.isEmpty()) {
        if (age(run.path()) > ABANDONED_MILLIS) {
          run.delete();
        }
        return Optional.empty();
      }
      return Optional.of(settle(run, state.get()));
    }
  }

  private static long age(Path path) throws IOException {
    return System.currentTimeMillis() - Files.getLastModifiedTime(path).toMillis();
  }

  /** Writes down the end of a sandbox whose process is gone, and clears its run directory. */
  private SandboxState settle(RunDirectory run, SandboxState last) throws IOException {
    SandboxState ended =
        last.isAlive()
            ? last.ended(
                SandboxState.Status.FAILED,
                Instant.now(),
                125,
                "its process (" + last.pid() + ") was killed or crashed")
            : last;
    keep(run, ended);
    return ended;
  }

  /** Moves what must outlive the sandbox into the state directory and clears the run directory. */
  public void keep(RunDirectory run, SandboxState ended) throws IOException {
    StateEntry entry = StateEntry.of(directories, run.id()).create();
    copy(run.spec(), entry.spec());
    copy(run.log(), entry.log());
    entry.writeState(ended);
    run.delete();
  }

  /** Another file system usually, so not a rename. */
  private static void copy(Path from, Path to) throws IOException {
    try {
      Files.write(to, Files.readAllBytes(from));
    } catch (NoSuchFileException e) {
      // Nothing was logged, or it failed before it had a specification.
    }
  }

  private static Optional<SandboxState> read(Entry entry) {
    try {
      return entry.readState();
    } catch (IOException e) {
      // One unreadable file must not hide the other sandboxes.
      return Optional.empty();
    }
  }

  private static List<String> ids(Path parent) throws IOException {
    List<String> ids = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        if (SandboxId.isValid(name)) {
          ids.add(name);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      // No sandbox has been made yet.
    }
    return ids;
  }
}
