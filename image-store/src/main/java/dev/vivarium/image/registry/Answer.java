package dev.vivarium.image.registry;

import dev.vivarium.image.oci.BadDocumentException;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An answer whose body is not read yet. */
final class Answer implements AutoCloseable {
  private static final int MAX_ERROR_BODY = 8 << 10;

  private final HttpResponse<InputStream> response;
  private final InputStream body;

  Answer(HttpResponse<InputStream> response, StallGuard stalls) {
    this.response = response;
    this.body = stalls.guard(response.body());
  }

  int status() {
    return response.statusCode();
  }

  List<String> header(String name) {
    return response.headers().allValues(name);
  }

  @Nullable String first(String name) {
    return response.headers().firstValue(name).orElse(null);
  }

  InputStream body() {
    return body;
  }

  byte[] bytes(int limit) throws IOException {
    byte[] content = body.readNBytes(limit + 1);
    if (content.length > limit) {
      throw new BadDocumentException("an answer of more than " + limit + " bytes");
    }
    return content;
  }

  String text() throws IOException {
    return new String(body.readNBytes(MAX_ERROR_BODY), StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    body.close();
  }
}
