package dev.vivarium.image.oci;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
 * Reads a JSON document into maps, lists, strings, numbers and booleans, without reflection. A name
 * that comes twice in one object is refused: two readers might each believe another one.
 */
public final class Json {
  private static final int MAX_DEPTH = 32;

  private Json() {}

  /** The object that the document is. */
  public static JsonObject parse(byte[] document) throws BadDocumentException {
    JsonFactory factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxNumberLength(30)
                    .build())
            .build();
    try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), document)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new BadDocumentException("not a JSON object");
      }
      JsonObject object = object(parser);
      if (parser.nextToken() != null) {
        throw new BadDocumentException("text behind the JSON object");
      }
      return object;
    } catch (JacksonException e) {
      throw new BadDocumentException("not valid JSON: " + e.getOriginalMessage());
    }
  }

  /** The array of objects that the document is. */
  public static List<JsonObject> parseArray(byte[] document) throws BadDocumentException {
    byte[] wrapped = new byte[document.length + 6];
    System.arraycopy(
        "{\"a\":".getBytes(java.nio.charset.StandardCharsets.US_ASCII), 0, wrapped, 0, 5);
    System.arraycopy(document, 0, wrapped, 5, document.length);
    wrapped[wrapped.length - 1] = '}';
    return parse(wrapped).objects("a");
  }

  /** The document as bytes, names in their order. */
  public static byte[] write(JsonObject document) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      write(json, document);
    }
    return out.toByteArray();
  }

  private static void write(JsonGenerator json, @Nullable Object value) {
    switch (value) {
      case null -> json.writeNull();
      case JsonObject object -> {
        json.writeStartObject();
        for (String name : object.names()) {
          json.writeName(name);
          write(json, object.get(name));
        }
        json.writeEndObject();
      }
      case List<?> list -> {
        json.writeStartArray();
        for (Object element : list) {
          write(json, element);
        }
        json.writeEndArray();
      }
      case String text -> json.writeString(text);
      case BigDecimal number -> json.writeNumber(number);
      case Boolean flag -> json.writeBoolean(flag);
      default -> throw new IllegalArgumentException("not JSON: " + value.getClass());
    }
  }

  private static JsonObject object(JsonParser parser) throws BadDocumentException {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      parser.nextToken();
      if (fields.containsKey(name)) {
        throw new BadDocumentException("the name '" + name + "' twice in one JSON object");
      }
      fields.put(name, value(parser));
    }
    return new JsonObject(fields);
  }

  private static BigDecimal number(String text) throws BadDocumentException {
    try {
      return new BigDecimal(text);
    } catch (NumberFormatException e) {
      throw new BadDocumentException("a number without bounds: " + text);
    }
  }

  private static @Nullable Object value(JsonParser parser) throws BadDocumentException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(parser));
        }
        yield list;
      }
      case VALUE_STRING -> parser.getString();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser.getString());
      case VALUE_TRUE -> Boolean.TRUE;
      case VALUE_FALSE -> Boolean.FALSE;
      case VALUE_NULL -> null;
      default -> throw new BadDocumentException("not valid JSON");
    };
  }
}
