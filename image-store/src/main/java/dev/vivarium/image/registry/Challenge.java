package dev.vivarium.image.registry;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A {@code WWW-Authenticate} header.
 *
 * @param scheme in lower case
 */
record Challenge(String scheme, Map<String, String> parameters) {
  /** Reads a header such as {@code Bearer realm="https://…",service="…"}. */
  static Optional<Challenge> parse(String header) {
    String text = header.strip();
    int space = text.indexOf(' ');
    String scheme = (space < 0 ? text : text.substring(0, space)).toLowerCase(Locale.ROOT);
    Map<String, String> parameters = new LinkedHashMap<>();
    int at = space < 0 ? text.length() : space + 1;
    while (at < text.length()) {
      int equals = text.indexOf('=', at);
      if (equals < 0) {
        break;
      }
      String name = text.substring(at, equals).replace(",", "").strip().toLowerCase(Locale.ROOT);
      StringBuilder value = new StringBuilder();
      at = equals + 1;
      if (at < text.length() && text.charAt(at) == '"') {
        at++;
        while (at < text.length() && text.charAt(at) != '"') {
          if (text.charAt(at) == '\\' && at + 1 < text.length()) {
            at++;
          }
          value.append(text.charAt(at++));
        }
        at++;
      } else {
        while (at < text.length() && text.charAt(at) != ',') {
          value.append(text.charAt(at++));
        }
      }
      parameters.putIfAbsent(name, value.toString().strip());
    }
    return scheme.isEmpty() ? Optional.empty() : Optional.of(new Challenge(scheme, parameters));
  }
}
