package dev.vivarium.image.registry;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Gets what an {@code Authorization} header needs: from the user's credentials, or from the token
 * service that a registry names.
 */
final class Authorizer {
  private static final int MAX_TOKEN_ANSWER = 1 << 20;

  private final RegistryHttp http;
  private final ImageReference image;
  private final Optional<Credentials> credentials;
  private volatile @Nullable String authorization;

  Authorizer(RegistryHttp http, ImageReference image, Optional<Credentials> credentials) {
    this.http = http;
    this.image = image;
    this.credentials = credentials;
  }

  /** The header's value; null while none was asked for. */
  @Nullable String header() {
    return authorization;
  }

  /**
   * Answers the registry's challenges as far as possible; the next request shows whether it did.
   */
  synchronized void authorize(List<String> challenges) throws IOException, ImageException {
    for (String header : challenges) {
      Optional<Challenge> challenge = Challenge.parse(header);
      if (challenge.isEmpty()) {
        continue;
      }
      switch (challenge.get().scheme()) {
        case "basic" -> {
          if (credentials.isPresent() && !credentials.get().user().isEmpty()) {
            authorization = credentials.get().basic();
            return;
          }
        }
        case "bearer" -> {
          authorization = "Bearer " + token(challenge.get().parameters());
          return;
        }
        default -> {}
      }
    }
  }

  private String token(Map<String, String> parameters) throws IOException, ImageException {
    URI realm = realm(parameters.getOrDefault("realm", ""));
    String scope = parameters.getOrDefault("scope", "repository:" + image.repository() + ":pull");
    String service = parameters.getOrDefault("service", "");
    String query = "service=" + encode(service) + "&scope=" + encode(scope);
    HttpRequest.Builder request;
    if (credentials.isPresent() && !credentials.get().identityToken().isEmpty()) {
      String form =
          query
              + "&grant_type=refresh_token&client_id=vivarium&refresh_token="
              + encode(credentials.get().identityToken());
      request =
          RegistryHttp.get(realm, Map.of("Content-Type", "application/x-www-form-urlencoded"))
              .POST(HttpRequest.BodyPublishers.ofString(form));
    } else {
      String separator = realm.getRawQuery() == null ? "?" : "&";
      request = RegistryHttp.get(URI.create(realm + separator + query), Map.of());
      if (credentials.isPresent()) {
        request.header("Authorization", credentials.get().basic());
      }
    }
    try (Answer answer = http.sendOnce(request.build())) {
      if (answer.status() != 200) {
        throw http.failure(answer, "a token");
      }
      JsonObject json = Json.parse(answer.bytes(MAX_TOKEN_ANSWER));
      Optional<String> token = json.string("token");
      String value = token.isPresent() ? token.get() : json.requiredString("access_token");
      if (!value.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
        throw new BadDocumentException("a token that is no token");
      }
      return value;
    } catch (BadDocumentException e) {
      throw new ImageException(
          Kind.REGISTRY,
          "the token service's answer cannot be read: "
              + realm.getHost()
              + ": "
              + e.getMessage()
              + "; try again later",
          e);
    }
  }

  private URI realm(String text) throws ImageException {
    try {
      URI realm = URI.create(text);
      boolean secure = "https".equals(realm.getScheme());
      boolean plain = "http".equals(realm.getScheme()) && http.isPlain();
      if (realm.getHost() != null && (secure || plain)) {
        return realm;
      }
    } catch (IllegalArgumentException e) {
      // falls through to the refusal
    }
    throw new ImageException(
        Kind.REGISTRY,
        "a token service that is not asked: "
            + image.registry()
            + " names '"
            + text
            + "'; only https is trusted with credentials");
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
