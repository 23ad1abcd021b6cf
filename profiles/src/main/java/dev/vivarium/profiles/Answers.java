package dev.vivarium.profiles;

import dev.vivarium.profiles.network.Rule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a person has answered for good, a file for each profile: {@code
 * $XDG_CONFIG_HOME/vivarium/answers/KEY.yaml}, with {@code network.allow} and {@code network.deny}
 * as a profile has them. It is read with the profile, which itself stays as it was written, with
 * its comments. Who changes his mind edits the file.
 */
public final class Answers {
  private static final Pattern KEY = Pattern.compile("[a-z0-9_-]{1,80}");
  private static final int MAX_ANSWERS = 256;
  private static final String SUFFIX = ".yaml";

  private final Path folder;

  Answers(Path folder) {
    this.folder = folder;
  }

  /** Under which the answers of a profile are kept: its name, or one made of its path. */
  public static String key(String nameOrPath) {
    if (Profiles.isName(nameOrPath)) {
      return nameOrPath;
    }
    Path path = Path.of(nameOrPath).toAbsolutePath().normalize();
    String name = String.valueOf(path.getFileName()).replace(SUFFIX, "");
    String plain = name.replaceAll("[^a-z0-9_-]", "-");
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(path.toString().getBytes(StandardCharsets.UTF_8));
      return plain.substring(0, Math.min(plain.length(), 63))
          + "-"
          + HexFormat.of().formatHex(digest, 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The file of a key; need not be there. */
  public Path file(String key) {
    return folder.resolve(key + SUFFIX);
  }

  /**
   * Remembers an answer: the newest for a rule holds.
   *
   * @param key as {@link #key} made it
   * @param rule as {@code network.allow} has it
   * @return the file that it is in now
   * @throws IOException if it could not be; the message says why
   */
  public Path remember(String key, String rule, boolean allow) throws IOException {
    if (!KEY.matcher(key).matches()) {
      throw new IOException("answers are kept for a profile; this run has none");
    }
    try {
      Rule.parse(rule);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    Path file = file(key);
    List<String> allowed = new ArrayList<>();
    List<String> denied = new ArrayList<>();
    if (Files.exists(file)) {
      try {
        var settings = ProfileReader.read(file.toString(), Files.readString(file)).settings();
        Optional.ofNullable(settings.get(Field.ALLOW)).ifPresent(s -> allowed.addAll(s.values()));
        Optional.ofNullable(settings.get(Field.DENY_HOST))
            .ifPresent(s -> denied.addAll(s.values()));
      } catch (ProfileException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
    allowed.remove(rule);
    denied.remove(rule);
    (allow ? allowed : denied).add(rule);
    if (allowed.size() + denied.size() > MAX_ANSWERS) {
      throw new IOException(file + ": at most " + MAX_ANSWERS + " answers are kept");
    }
    StringBuilder text =
        new StringBuilder("# What was answered for good; edit it to take an answer back.\n");
    text.append("network:\n");
    list(text, "allow", allowed);
    list(text, "deny", denied);
    Files.createDirectories(folder);
    Path part = Files.createTempFile(folder, key, ".part");
    try {
      Files.writeString(part, text);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
    return file;
  }

  private static void list(StringBuilder text, String name, List<String> rules) {
    if (!rules.isEmpty()) {
      text.append("  ").append(name).append(":\n");
      // A rule that begins with * or [ would be something else in YAML.
      rules.forEach(rule -> text.append("    - \"").append(rule).append("\"\n"));
    }
  }
}
