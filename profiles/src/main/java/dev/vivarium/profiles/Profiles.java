package dev.vivarium.profiles;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds profiles: files of the user's own folder before those that are built in, and files by path.
 */
public final class Profiles {
  /** What is built in, from the strictest on. */
  public static final List<String> BUILT_IN =
      List.of("untrusted", "strict-microvm", "offline", "server", "ci", "dev", "agent");

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,62}");
  private static final String SUFFIX = ".yaml";
  private static final int MAX_DEPTH = 8;
  private static final long MAX_BYTES = 256 * 1024;

  private final Path folder;

  /**
   * Makes one that looks into a folder.
   *
   * @param folder the user's own; need not be there
   */
  public Profiles(Path folder) {
    this.folder = folder;
  }

  /** The user's folder: {@code $XDG_CONFIG_HOME/vivarium/profiles}. */
  public static Profiles of(Map<String, String> environment) {
    String config = environment.getOrDefault("XDG_CONFIG_HOME", "");
    String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
    Path base = config.startsWith("/") ? Path.of(config) : Path.of(home, ".config");
    return new Profiles(base.resolve("vivarium/profiles"));
  }

  /** Whether this can be the name of a profile; everything else is a path. */
  public static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  /** A path of this machine that may begin with the home directory's sign. */
  public static String expand(String path, Map<String, String> environment) {
    return path.equals("~") || path.startsWith("~/")
        ? environment.getOrDefault("HOME", System.getProperty("user.home")) + path.substring(1)
        : path;
  }

  /** Where the user's own profile of a name is or would be. */
  public Path file(String name) {
    return folder.resolve(name + SUFFIX);
  }

  /** Whether the user has one of this name. */
  public boolean isOwn(String name) {
    return Files.exists(file(name));
  }

  /** The names of all, those that are built in first. */
  public List<String> names() throws IOException {
    List<String> names = new ArrayList<>(BUILT_IN);
    TreeSet<String> own = new TreeSet<>();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        files
            .map(f -> f.getFileName().toString())
            .filter(n -> n.endsWith(SUFFIX))
            .map(n -> n.substring(0, n.length() - SUFFIX.length()))
            .filter(Profiles::isName)
            .forEach(own::add);
      }
    }
    own.removeAll(BUILT_IN);
    names.addAll(own);
    return names;
  }

  /**
   * Reads a profile with all that it inherits.
   *
   * @param nameOrPath a name, or a path (with a slash, or ending in .yaml)
   */
  public Profile load(String nameOrPath) throws ProfileException {
    Source source = source(nameOrPath, Optional.empty());
    Map<Field, Setting> settings = new EnumMap<>(Field.class);
    merge(source, settings, new ArrayList<>());
    Path answered = answers().file(Answers.key(nameOrPath));
    if (Files.exists(answered)) {
      Map<Field, Setting> given =
          ProfileReader.read(answered.toString(), text(answered)).settings();
      for (Field field : new Field[] {Field.ALLOW, Field.DENY_HOST}) {
        if (given.containsKey(field)) {
          settings.merge(field, given.get(field), (old, more) -> old.with(more, field));
        }
      }
    }
    return new Profile(nameOrPath, source.label, settings);
  }

  /** What people have answered for good. */
  public Answers answers() {
    return new Answers(folder.resolveSibling("answers"));
  }

  private static String text(Path file) throws ProfileException {
    return read(file).text;
  }

  /**
   * Reads a text that is not saved yet as the profile of this name would be read.
   *
   * @param name of the profile that it is to be
   */
  public Profile check(String name, String text) throws ProfileException {
    Map<Field, Setting> settings = new EnumMap<>(Field.class);
    String label = file(name).toString();
    merge(new Source(label, text, Optional.empty()), settings, new ArrayList<>());
    return new Profile(name, label, settings);
  }

  /** The text of a profile as it is written, without what it inherits. */
  public String text(String nameOrPath) throws ProfileException {
    return source(nameOrPath, Optional.empty()).text;
  }

  private record Source(String label, String text, Optional<String> builtIn) {}

  private void merge(Source source, Map<Field, Setting> into, List<String> seen)
      throws ProfileException {
    if (seen.contains(source.label) || seen.size() == MAX_DEPTH) {
      throw new ProfileException(
          source.label
              + ": extends: "
              + (seen.contains(source.label) ? "comes back to itself" : "too deep")
              + ": "
              + String.join(" > ", seen));
    }
    seen.add(source.label);
    ProfileReader.Layer layer = ProfileReader.read(source.label, source.text);
    if (layer.base().isPresent()) {
      merge(base(source, layer.base().get()), into, seen);
    }
    layer
        .settings()
        .forEach((field, setting) -> {
          if (setting.reset()) {
            into.remove(field);
          } else {
            into.merge(field, setting, (old, more) -> old.with(more, field));
          }
        });
  }

  /** A profile of the user's may have the name of the built-in one that it extends. */
  private Source base(Source source, String name) throws ProfileException {
    try {
      return isName(name) && source.label.equals(file(name).toString())
          ? builtIn(name).orElseThrow(() -> unknown(name))
          : source(name, Optional.of(source));
    } catch (ProfileException e) {
      throw new ProfileException(source.label + ": extends: " + e.getMessage(), e);
    }
  }

  private Source source(String nameOrPath, Optional<Source> from) throws ProfileException {
    if (isName(nameOrPath)) {
      Path own = file(nameOrPath);
      if (Files.exists(own)) {
        return read(own);
      }
      return builtIn(nameOrPath).orElseThrow(() -> unknown(nameOrPath));
    }
    if (nameOrPath.indexOf('/') < 0 && !nameOrPath.endsWith(SUFFIX)) {
      throw unknown(nameOrPath);
    }
    Path path = Path.of(nameOrPath);
    if (from.isPresent() && from.get().builtIn.isEmpty() && !path.isAbsolute()) {
      Path directory = Path.of(from.get().label).toAbsolutePath().getParent();
      path = directory == null ? path : directory.resolve(path);
    }
    return read(path);
  }

  private ProfileException unknown(String name) {
    List<String> names;
    try {
      names = names();
    } catch (IOException e) {
      names = BUILT_IN;
    }
    return new ProfileException(
        "no such profile: " + name + "; there are " + String.join(", ", names));
  }

  private static Source read(Path path) throws ProfileException {
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw new ProfileException(path + ": too large for a profile");
      }
      return new Source(path.toString(), Files.readString(path), Optional.empty());
    } catch (NoSuchFileException e) {
      throw new ProfileException("no such profile: " + path, e);
    } catch (CharacterCodingException e) {
      throw new ProfileException(path + ": not text in UTF-8", e);
    } catch (IOException e) {
      throw new ProfileException("cannot read a profile: " + path + ": " + e.getMessage(), e);
    }
  }

  private static Optional<Source> builtIn(String name) {
    if (!BUILT_IN.contains(name)) {
      return Optional.empty();
    }
    try (InputStream in = Profiles.class.getResourceAsStream(name + SUFFIX)) {
      if (in == null) {
        throw new IllegalStateException("the build lacks the profile " + name);
      }
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return Optional.of(new Source("built-in " + name, text, Optional.of(name)));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
