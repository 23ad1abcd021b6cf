package dev.vivarium.microvm.vmm;

import java.io.IOException;
import java.util.Map;

/** Requests to a monitor that must succeed. */
final class RestClient {
  private static final int MAX_COMPLAINT = 300;

  private final String monitor;
  private final UnixHttp http;

  RestClient(String monitor, UnixHttp http) {
    this.monitor = monitor;
    this.http = http;
  }

  /** PUT with a body. */
  String put(String path, Map<String, Object> body) throws IOException {
    return send("PUT", path, JsonText.of(body));
  }

  /** PUT without one. */
  String put(String path) throws IOException {
    return send("PUT", path, null);
  }

  String patch(String path, Map<String, Object> body) throws IOException {
    return send("PATCH", path, JsonText.of(body));
  }

  String get(String path) throws IOException {
    return send("GET", path, null);
  }

  private String send(String method, String path, @org.jspecify.annotations.Nullable String json)
      throws IOException {
    UnixHttp.Response response;
    try {
      response = http.send(method, path, json);
    } catch (IOException e) {
      throw new IOException(monitor + ": " + method + " " + path + ": " + e.getMessage(), e);
    }
    if (!response.isSuccess()) {
      throw new IOException(
          monitor
              + " refuses "
              + method
              + " "
              + path
              + ": "
              + response.status()
              + " "
              + complaint(response.body()));
    }
    return response.body();
  }

  /** What it says of the reason, as one line that cannot write to a terminal. */
  private static String complaint(String body) {
    StringBuilder line = new StringBuilder();
    body.strip()
        .codePoints()
        .limit(MAX_COMPLAINT)
        .forEach(c -> line.appendCodePoint(Character.isISOControl(c) ? ' ' : c));
    return line.toString();
  }

  /** The text of a member of an answer that is an object; empty if it has none. */
  static String text(String json, String member) {
    java.util.regex.Matcher found =
        java.util.regex.Pattern.compile("\"" + member + "\"\\s*:\\s*\"([^\"\\\\]{0,100})\"")
            .matcher(json);
    return found.find() ? found.group(1) : "";
  }
}
