package dev.vivarium.image.oci;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The JSON documents of images and registries. */
public final class Json {
  private static final int MAX_DEPTH = 32;

  private Json() {}

  /** The object that the document is. */
  public static JsonObject parse(byte[] document) throws BadDocumentException {
    if (wrapped(JsonDocument.read(document, MAX_DEPTH)) instanceof JsonObject object) {
      return object;
    }
    throw new BadDocumentException("not a JSON object");
  }

  /** The array of objects that the document is. */
  public static List<JsonObject> parseArray(byte[] document) throws BadDocumentException {
    Map<String, @Nullable Object> array = new LinkedHashMap<>();
    array.put("a", wrapped(JsonDocument.read(document, MAX_DEPTH)));
    return new JsonObject(array).objects("a");
  }

  /** The document as bytes, names in their order. */
  public static byte[] write(JsonObject document) {
    return JsonDocument.write(out -> JsonDocument.write(out, unwrapped(document)));
  }

  private static @Nullable Object wrapped(@Nullable Object value) {
    // No switch over types: it is a class made when first called, in each start of an image's
    // sandbox.
    if (value instanceof Map<?, ?> map) {
      Map<String, @Nullable Object> fields = new LinkedHashMap<>();
      map.forEach((name, member) -> fields.put((String) name, wrapped(member)));
      return new JsonObject(fields);
    }
    return value instanceof List<?> list ? each(list, Json::wrapped) : value;
  }

  private static @Nullable Object unwrapped(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case JsonObject object -> {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        for (String name : object.names()) {
          fields.put(name, unwrapped(object.get(name)));
        }
        yield fields;
      }
      case List<?> list -> each(list, Json::unwrapped);
      default -> value;
    };
  }

  private static List<@Nullable Object> each(
      List<?> list, Function<@Nullable Object, @Nullable Object> way) {
    List<@Nullable Object> elements = new ArrayList<>(list.size());
    for (Object element : list) {
      elements.add(way.apply(element));
    }
    return elements;
  }
}
