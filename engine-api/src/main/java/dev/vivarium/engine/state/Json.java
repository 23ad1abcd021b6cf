package dev.vivarium.engine.state;

import com.google.gson.stream.JsonWriter;
import dev.vivarium.image.oci.JsonDocument;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reading and writing our small JSON files token by token: data binding would cost more start-up
 * time than all the rest of the client.
 */
public final class Json {
  /** No file of ours is larger; a larger one is not ours. */
  private static final int MAX_BYTES = 8 << 20;

  private static final int MAX_DEPTH = 16;

  private Json() {}

  /** One object, followed by a line feed. */
  public static byte[] write(JsonDocument.Body body) {
    byte[] object =
        JsonDocument.write(out -> {
          out.beginObject();
          body.write(out);
          out.endObject();
        });
    byte[] line = Arrays.copyOf(object, object.length + 1);
    line[object.length] = '\n';
    return line;
  }

  static void strings(JsonWriter out, String name, List<String> values) throws IOException {
    out.name(name).beginArray();
    for (String value : values) {
      out.value(value);
    }
    out.endArray();
  }

  /** Reads one object. */
  static Node read(byte[] bytes) throws IOException {
    return new Node(object(bytes));
  }

  /** Reads one object, as {@link JsonDocument#read} gives it. */
  public static Map<?, ?> object(byte[] bytes) throws IOException {
    if (bytes.length > MAX_BYTES) {
      throw new IOException("larger than " + MAX_BYTES + " bytes");
    }
    if (JsonDocument.read(bytes, MAX_DEPTH) instanceof Map<?, ?> map) {
      return map;
    }
    throw new IOException("not a JSON object");
  }

  /** A JSON object with typed, checked access to its members. */
  static final class Node {
    private final Map<?, ?> members;

    private Node(Map<?, ?> members) {
      this.members = members;
    }

    boolean has(String name) {
      return members.get(name) != null;
    }

    private <T> T member(String name, Class<T> type) throws IOException {
      Object value = members.get(name);
      if (!type.isInstance(value)) {
        throw new IOException("\"" + name + "\" is missing or of the wrong type");
      }
      return type.cast(value);
    }

    String string(String name) throws IOException {
      return member(name, String.class);
    }

    Optional<String> optional(String name) throws IOException {
      return has(name) ? Optional.of(string(name)) : Optional.empty();
    }

    long number(String name) throws IOException {
      return member(name, Long.class);
    }

    double real(String name) throws IOException {
      return member(name, Number.class).doubleValue();
    }

    boolean bool(String name) throws IOException {
      return member(name, Boolean.class);
    }

    Node node(String name) throws IOException {
      return new Node(member(name, Map.class));
    }

    List<String> strings(String name) throws IOException {
      List<String> strings = new ArrayList<>();
      for (Object value : member(name, List.class)) {
        if (!(value instanceof String string)) {
          throw new IOException("\"" + name + "\" must be a list of strings");
        }
        strings.add(string);
      }
      return strings;
    }

    List<Node> nodes(String name) throws IOException {
      List<Node> nodes = new ArrayList<>();
      for (Object value : member(name, List.class)) {
        if (!(value instanceof Map<?, ?> map)) {
          throw new IOException("\"" + name + "\" must be a list of objects");
        }
        nodes.add(new Node(map));
      }
      return nodes;
    }

    Map<String, String> stringMap(String name) throws IOException {
      Map<String, String> strings = new LinkedHashMap<>();
      Map<?, ?> map = member(name, Map.class);
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        if (!(entry.getValue() instanceof String value)) {
          throw new IOException("\"" + name + "\" must hold strings");
        }
        strings.put((String) entry.getKey(), value);
      }
      return strings;
    }
  }
}
