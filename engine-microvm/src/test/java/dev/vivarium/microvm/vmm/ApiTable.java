package dev.vivarium.microvm.vmm;

import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.JsonDocument;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A monitor's interface as a table, written down from its published description: requests with the
 * status of their success and the shape of their body, and shapes with their members. A member is
 * {@code NAME:TYPE}, with {@code !} after the name if it is required; a type is {@code int}, {@code
 * int>=N}, {@code bool}, {@code string}, the name of another shape, {@code [TYPE]} for a list, or
 * words with {@code |} between them, of which it is one.
 */
final class ApiTable {
  private static final int MAX_DEPTH = 16;

  private record Request(int status, String shape) {}

  private final Map<String, Request> requests = new HashMap<>();
  private final Map<String, Map<String, String>> shapes = new HashMap<>();

  ApiTable(String table) {
    for (String line : table.lines().filter(l -> !l.isBlank()).toList()) {
      String[] words = line.strip().split(" +");
      if (words[0].matches("GET|PUT|PATCH")) {
        requests.put(
            words[0] + " " + words[1],
            new Request(Integer.parseInt(words[2]), words.length > 3 ? words[3] : ""));
      } else {
        Map<String, String> members = new LinkedHashMap<>();
        for (int i = 1; i < words.length; i++) {
          int colon = words[i].indexOf(':');
          members.put(words[i].substring(0, colon), words[i].substring(colon + 1));
        }
        shapes.put(words[0], members);
      }
    }
  }

  /**
   * Checks a request.
   *
   * @return the status of its success
   * @throws IllegalArgumentException that says what is wrong with it
   */
  int check(String method, String path, String body) {
    Request request = requests.get(method + " " + path);
    if (request == null) {
      // The last part may be a name.
      int slash = path.lastIndexOf('/');
      request = requests.get(method + " " + path.substring(0, slash) + "/{id}");
      if (request == null) {
        throw new IllegalArgumentException("no such request: " + method + " " + path);
      }
    }
    if (request.shape.isEmpty() != body.isEmpty()) {
      throw new IllegalArgumentException(
          method + " " + path + (body.isEmpty() ? " needs a body" : " has no body: " + body));
    }
    if (!body.isEmpty()) {
      check(request.shape, parse(body), method + " " + path);
    }
    return request.status;
  }

  private void check(String type, Object value, String where) {
    boolean fits;
    if (type.startsWith("[")) {
      fits = value instanceof List;
      if (value instanceof List<?> list) {
        for (Object element : list) {
          check(type.substring(1, type.length() - 1), element, where);
        }
      }
    } else if (type.equals("string")) {
      fits = value instanceof String;
    } else if (type.equals("bool")) {
      fits = value instanceof Boolean;
    } else if (type.startsWith("int")) {
      fits =
          value instanceof Long number
              && (type.equals("int") || number >= Long.parseLong(type.substring(5)));
    } else if (shapes.containsKey(type)) {
      fits = value instanceof Map;
      if (value instanceof Map<?, ?> map) {
        members(type, map, where);
      }
    } else {
      fits = value instanceof String text && List.of(type.split("\\|")).contains(text);
    }
    if (!fits) {
      throw new IllegalArgumentException(where + ": not " + type + ": " + value);
    }
  }

  private void members(String shape, Map<?, ?> map, String where) {
    Map<String, String> members = shapes.get(shape);
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      String name = (String) entry.getKey();
      String type = members.getOrDefault(name, members.get(name + "!"));
      if (type == null) {
        throw new IllegalArgumentException(where + ": " + shape + " has no " + name);
      }
      check(type, entry.getValue(), where + "." + name);
    }
    for (String name : members.keySet()) {
      if (name.endsWith("!") && !map.containsKey(name.substring(0, name.length() - 1))) {
        throw new IllegalArgumentException(where + ": " + shape + " needs " + name);
      }
    }
  }

  /** JSON as maps, lists, texts, longs and truths. */
  static Object parse(String json) {
    try {
      return Objects.requireNonNull(
          JsonDocument.read(json.getBytes(StandardCharsets.UTF_8), MAX_DEPTH));
    } catch (BadDocumentException e) {
      throw new IllegalArgumentException(json, e);
    }
  }
}
