package dev.vivarium.image.registry;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where images of a registry may be had instead, from the user's {@code registries.json}: {@code
 * {"mirrors": {"docker.io": ["localhost:5000", "mirror.example/hub"]}}}.
 */
public final class Mirrors {
  private static final int MAX_FILE = 1 << 20;

  private Mirrors() {}

  /**
   * One place to ask.
   *
   * @param image the image's name there
   * @param plainHttp whether the user wrote {@code http://} before it
   */
  public record Mirror(ImageReference image, boolean plainHttp) {}

  /** The user's file: {@code $XDG_CONFIG_HOME/vivarium/registries.json}. */
  public static Path file(Map<String, String> environment) {
    String config = environment.getOrDefault("XDG_CONFIG_HOME", "");
    String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
    Path base = config.startsWith("/") ? Path.of(config) : Path.of(home, ".config");
    return base.resolve("vivarium").resolve("registries.json");
  }

  /** The mirrors to ask for an image, in their order, before its own registry. */
  public static List<Mirror> of(ImageReference image, Path file) throws ImageException {
    byte[] content;
    try (var in = Files.newInputStream(file)) {
      content = in.readNBytes(MAX_FILE);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw bad(file, String.valueOf(e.getMessage()), e);
    }
    List<Mirror> mirrors = new ArrayList<>();
    try {
      Optional<JsonObject> all = Json.parse(content).object("mirrors");
      if (all.isPresent()) {
        for (String place : all.get().strings(image.registry())) {
          mirrors.add(mirror(place, image));
        }
      }
    } catch (BadDocumentException e) {
      throw bad(file, String.valueOf(e.getMessage()), e);
    } catch (ImageException e) {
      throw bad(file, "not a mirror: " + e.getMessage(), e);
    }
    return mirrors;
  }

  private static Mirror mirror(String place, ImageReference image) throws ImageException {
    boolean plain = place.startsWith("http://");
    String rest = place.replaceFirst("^https?://", "").replaceFirst("/+$", "");
    int slash = rest.indexOf('/');
    String host = slash < 0 ? rest : rest.substring(0, slash);
    String prefix = slash < 0 ? "" : rest.substring(slash + 1) + "/";
    // A host without dot, port or "localhost" would be read as a part of a name on Docker Hub.
    ImageReference there =
        ImageReference.parse(host + "/" + prefix + image.repository() + ":latest");
    if (!there.registry().equalsIgnoreCase(host)) {
      throw new ImageException(
          Kind.BAD_REFERENCE, "'" + place + "' needs a host with a dot or a port");
    }
    return new Mirror(
        new ImageReference(there.registry(), there.repository(), image.tag(), image.digest()),
        plain);
  }

  private static ImageException bad(Path file, String why, Throwable cause) {
    return new ImageException(
        Kind.BAD_REFERENCE,
        "cannot read the list of mirrors: " + file + ": " + why + "; correct or remove the file",
        cause);
  }
}
