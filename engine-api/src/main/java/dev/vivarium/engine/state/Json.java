package dev.vivarium.engine.state;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * Reading and writing our small JSON files with Jackson's streaming core alone: data binding would
 * cost more start-up time than all the rest of the client.
 */
public final class Json {
  /** No file of ours is larger; a larger one is not ours. */
  private static final int MAX_BYTES = 8 << 20;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(16)
                  .maxDocumentLength(MAX_BYTES)
                  .build())
          .build();

  private Json() {}

  /** What fills an object. */
  public interface Body {
    void write(JsonGenerator out);
  }

  /** One object, followed by a line feed. */
  public static byte[] write(Body body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator out = FACTORY.createGenerator(ObjectWriteContext.empty(), bytes)) {
      out.writeStartObject();
      body.write(out);
      out.writeEndObject();
      out.writeRaw('\n');
    }
    return bytes.toByteArray();
  }

  static void strings(JsonGenerator out, String name, List<String> values) {
    out.writeArrayPropertyStart(name);
    for (String value : values) {
      out.writeString(value);
    }
    out.writeEndArray();
  }

  /** Reads one object. */
  static Node read(byte[] bytes) throws IOException {
    return new Node(object(bytes));
  }

  /** Reads one object, as {@link #value} makes it. */
  public static Map<?, ?> object(byte[] bytes) throws IOException {
    try (JsonParser in = FACTORY.createParser(ObjectReadContext.empty(), bytes)) {
      in.nextToken();
      if (value(in) instanceof Map<?, ?> map) {
        return map;
      }
      throw new IOException("not a JSON object");
    } catch (JacksonException e) {
      throw new IOException("not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** The value that begins here: maps, lists, texts, numbers, truth values and null. */
  public static @Nullable Object value(JsonParser in) throws IOException {
    JsonToken token = in.currentToken();
    if (token == null) {
      throw new IOException("the JSON is empty");
    }
    return switch (token) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        while (in.nextToken() != JsonToken.END_OBJECT) {
          String name = in.currentName();
          in.nextToken();
          map.put(name, value(in));
        }
        yield map;
      }
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(in));
        }
        yield list;
      }
      case VALUE_STRING -> in.getString();
      case VALUE_NUMBER_INT ->
          in.getNumberType() == JsonParser.NumberType.BIG_INTEGER
              ? in.getBigIntegerValue()
              : (Object) in.getLongValue();
      case VALUE_NUMBER_FLOAT -> in.getDoubleValue();
      case VALUE_TRUE -> Boolean.TRUE;
      case VALUE_FALSE -> Boolean.FALSE;
      case VALUE_NULL -> null;
      default -> throw new IOException("unexpected JSON token " + token);
    };
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
