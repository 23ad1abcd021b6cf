package dev.vivarium.engine.state;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The names of sandboxes: one symbolic link per name, whose target is the id. */
public final class Names {
  private static final Pattern VALID = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}");

  private static final List<String> KINDS =
      List.of(
          "amber", "bold", "brisk", "calm", "clever", "coral", "dusky", "eager", "fern", "gentle",
          "golden", "hazel", "ivory", "jade", "keen", "lively", "lunar", "mellow", "misty",
          "nimble", "olive", "patient", "plucky", "quiet", "ruby", "sandy", "silver", "sunny",
          "swift", "tidy", "velvet", "witty");

  private static final List<String> ANIMALS =
      List.of(
          "adder",
          "axolotl",
          "beetle",
          "bullfrog",
          "caiman",
          "chameleon",
          "cricket",
          "dragonfly",
          "firefly",
          "gecko",
          "hatchling",
          "iguana",
          "katydid",
          "lizard",
          "mantis",
          "moth",
          "newt",
          "olm",
          "python",
          "quail",
          "salamander",
          "scarab",
          "skink",
          "snail",
          "spider",
          "stickbug",
          "tadpole",
          "terrapin",
          "toad",
          "tortoise",
          "treefrog",
          "viper");

  private final Directories directories;

  public Names(Directories directories) {
    this.directories = directories;
  }

  /** Whether this may be a sandbox's name. */
  public static boolean isValid(String name) {
    return VALID.matcher(name).matches();
  }

  /** A name for a sandbox that got none: always the same for the same id. */
  public static String madeUp(String id) {
    int bits = Integer.parseInt(id.substring(0, 6), 16);
    return KINDS.get(bits & 31) + "-" + ANIMALS.get(bits >>> 5 & 31) + "-" + id.substring(9);
  }

  private Path parent() {
    return directories.state().resolve("names");
  }

  /** The sandbox that has the name. */
  public Optional<String> find(String name) {
    if (!isValid(name)) {
      return Optional.empty();
    }
    try {
      String id = Files.readSymbolicLink(parent().resolve(name)).toString();
      return SandboxId.isValid(id) ? Optional.of(id) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * Gives the name to a sandbox whose run directory is already there.
   *
   * @return whether it got it; false if another sandbox has it
   */
  public boolean claim(String name, String id) throws IOException {
    Path link = parent().resolve(name);
    try {
      Files.createSymbolicLink(link, Path.of(id));
      return true;
    } catch (java.nio.file.NoSuchFileException e) {
      Files.createDirectories(parent());
      return claim(name, id);
    } catch (FileAlreadyExistsException e) {
      return replaceStale(link, name, id);
    }
  }

  /** Takes over the name of a sandbox of which nothing is left; one process at a time. */
  private boolean replaceStale(Path link, String name, String id) throws IOException {
    return alone(() -> {
      Optional<String> holder = find(name);
      if (holder.isPresent()
          && (RunDirectory.of(directories, holder.get()).exists()
              || StateEntry.of(directories, holder.get()).exists())) {
        return false;
      }
      Files.deleteIfExists(link);
      try {
        Files.createSymbolicLink(link, Path.of(id));
        return true;
      } catch (FileAlreadyExistsException e) {
        return false;
      }
    });
  }

  private interface Step {
    boolean run() throws IOException;
  }

  /** One process and one thread at a time. */
  private boolean alone(Step step) throws IOException {
    synchronized (Names.class) {
      try (FileChannel channel =
              FileChannel.open(
                  directories.state().resolve("names.lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        return lock.isValid() && step.run();
      }
    }
  }

  /**
   * Where the names are, for a process that is to be confined to taking its own away.
   *
   * @throws IOException if it cannot be made
   */
  public Path place() throws IOException {
    return Files.createDirectories(parent());
  }

  /** Frees the name of a living sandbox, which nobody else can have. */
  public void drop(String name) throws IOException {
    Files.deleteIfExists(parent().resolve(name));
  }

  /**
   * Frees the name if this sandbox has it. Who takes over a name of which nothing is left does so
   * alone, and this too: else it could free what has become another's meanwhile.
   */
  public void release(String name, String id) throws IOException {
    Step step =
        () ->
            find(name).filter(id::equals).isPresent()
                && Files.deleteIfExists(parent().resolve(name));
    try {
      alone(step);
    } catch (AccessDeniedException e) {
      // A process that is confined already may take its own name away, and lock nothing.
      step.run();
    }
  }
}
