package dev.vivarium.image.registry;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds credentials in the files that {@code podman login} and {@code docker login} write. */
final class AuthFiles {
  private static final String DOCKER_HUB_KEY = "https://index.docker.io/v1/";
  private static final int MAX_FILE = 1 << 20;

  private AuthFiles() {}

  /** The credentials for an image's repository; the most specific entry of the first file wins. */
  static Optional<Credentials> find(ImageReference image, Optional<Path> only)
      throws ImageException {
    List<Path> files = only.map(List::of).orElseGet(() -> files(System.getenv()));
    for (Path file : files) {
      if (!Files.isRegularFile(file)) {
        if (only.isPresent()) {
          throw new ImageException(
              Kind.NOT_FOUND, "no such file of credentials: " + file + "; log in first");
        }
        continue;
      }
      Optional<Credentials> found = read(file, image);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  static List<Path> files(Map<String, String> environment) {
    List<Path> files = new ArrayList<>();
    String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
    add(files, environment.get("REGISTRY_AUTH_FILE"), "");
    add(files, environment.get("XDG_RUNTIME_DIR"), "containers/auth.json");
    add(
        files,
        environment.getOrDefault("XDG_CONFIG_HOME", home + "/.config"),
        "containers/auth.json");
    add(files, environment.getOrDefault("DOCKER_CONFIG", home + "/.docker"), "config.json");
    return files;
  }

  private static void add(
      List<Path> files, @org.jspecify.annotations.Nullable String base, String rest) {
    if (base != null && !base.isEmpty()) {
      files.add(Path.of(base).resolve(rest));
    }
  }

  private static Optional<Credentials> read(Path file, ImageReference image) throws ImageException {
    try {
      if (Files.size(file) > MAX_FILE) {
        throw new BadDocumentException("too long");
      }
      JsonObject document = Json.parse(Files.readAllBytes(file));
      String server =
          image.registry().equals(ImageReference.DEFAULT_REGISTRY)
              ? DOCKER_HUB_KEY
              : image.registry();
      Optional<JsonObject> helpers = document.object("credHelpers");
      if (helpers.isPresent()) {
        Optional<String> helper = helpers.get().string(image.registry());
        if (helper.isPresent()) {
          return CredentialHelper.get(helper.get(), server);
        }
      }
      Optional<JsonObject> auths = document.object("auths");
      for (String key : keys(image)) {
        Optional<JsonObject> entry = auths.isEmpty() ? Optional.empty() : auths.get().object(key);
        Optional<Credentials> credentials =
            entry.isEmpty() ? Optional.empty() : credentials(entry.get());
        if (credentials.isPresent()) {
          return credentials;
        }
      }
      Optional<String> helper = document.string("credsStore");
      return helper.isEmpty() || helper.get().isEmpty()
          ? Optional.empty()
          : CredentialHelper.get(helper.get(), server);
    } catch (IOException | IllegalArgumentException e) {
      throw new ImageException(
          Kind.DENIED,
          "cannot read credentials: "
              + file
              + ": "
              + e.getMessage()
              + "; log in again or repair the file",
          e);
    }
  }

  /** Podman's keys go down to the repository, Docker's are hosts or URLs. */
  private static List<String> keys(ImageReference image) {
    List<String> keys = new ArrayList<>();
    String name = image.name();
    while (!name.isEmpty()) {
      keys.add(name);
      int slash = name.lastIndexOf('/');
      name = slash < 0 ? "" : name.substring(0, slash);
    }
    keys.add("https://" + image.registry());
    keys.add("http://" + image.registry());
    keys.add("https://" + image.registry() + "/v1/");
    if (image.registry().equals(ImageReference.DEFAULT_REGISTRY)) {
      keys.add(DOCKER_HUB_KEY);
      keys.add("index.docker.io");
      keys.add("registry-1.docker.io");
    }
    return keys;
  }

  private static Optional<Credentials> credentials(JsonObject entry) throws BadDocumentException {
    String token = entry.string("identitytoken").orElse("");
    String user = entry.string("username").orElse("");
    String password = entry.string("password").orElse("");
    String auth = entry.string("auth").orElse("");
    if (!auth.isEmpty()) {
      String decoded = new String(Base64.getDecoder().decode(auth), StandardCharsets.UTF_8);
      int colon = decoded.indexOf(':');
      if (colon < 0) {
        throw new BadDocumentException("an 'auth' that is not user:password");
      }
      user = decoded.substring(0, colon);
      password = decoded.substring(colon + 1).replace("\0", "");
    }
    if (user.isEmpty() && token.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(new Credentials(user, password, token));
  }
}
