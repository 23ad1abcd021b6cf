package dev.vivarium.image.oci;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A JSON object whose members are asked for by type; absent and null are the same. */
public final class JsonObject {
  private final Map<String, @Nullable Object> fields;

  JsonObject(Map<String, @Nullable Object> fields) {
    this.fields = fields;
  }

  /** An object with these members; values are text, numbers, truth values, lists and objects. */
  public static JsonObject of(Map<String, ?> members) {
    return new JsonObject(new LinkedHashMap<>(members));
  }

  /** The same object but for one member; null takes it away. */
  public JsonObject with(String name, @Nullable Object value) {
    Map<String, @Nullable Object> changed = new LinkedHashMap<>(fields);
    if (value == null) {
      changed.remove(name);
    } else {
      changed.put(name, value);
    }
    return new JsonObject(changed);
  }

  @Nullable Object get(String name) {
    return fields.get(name);
  }

  public boolean has(String name) {
    return fields.get(name) != null;
  }

  public Set<String> names() {
    return fields.keySet();
  }

  public Optional<String> string(String name) throws BadDocumentException {
    return Optional.ofNullable(typed(name, String.class, "text"));
  }

  public String requiredString(String name) throws BadDocumentException {
    return string(name).orElseThrow(() -> new BadDocumentException("no '" + name + "'"));
  }

  public long requiredLong(String name) throws BadDocumentException {
    Number number = typed(name, Number.class, "a number");
    if (number == null) {
      throw new BadDocumentException("no '" + name + "'");
    }
    if (number instanceof Long whole) {
      return whole;
    }
    throw new BadDocumentException("'" + name + "' is not a whole number");
  }

  /** A truth value; false if absent. */
  public boolean flag(String name) throws BadDocumentException {
    return Boolean.TRUE.equals(typed(name, Boolean.class, "true or false"));
  }

  public Optional<JsonObject> object(String name) throws BadDocumentException {
    return Optional.ofNullable(typed(name, JsonObject.class, "an object"));
  }

  public List<JsonObject> objects(String name) throws BadDocumentException {
    return list(name, JsonObject.class, "objects");
  }

  public List<String> strings(String name) throws BadDocumentException {
    return list(name, String.class, "texts");
  }

  /** Members whose values are all text. */
  public Map<String, String> stringMap(String name) throws BadDocumentException {
    JsonObject object = typed(name, JsonObject.class, "an object");
    if (object == null) {
      return Map.of();
    }
    Map<String, String> map = new LinkedHashMap<>();
    for (String key : object.fields.keySet()) {
      map.put(key, object.string(key).orElse(""));
    }
    return map;
  }

  private <T> List<T> list(String name, Class<T> type, String what) throws BadDocumentException {
    List<?> values = typed(name, List.class, "a list");
    if (values == null) {
      return List.of();
    }
    List<T> result = new ArrayList<>(values.size());
    for (Object value : values) {
      if (!type.isInstance(value)) {
        throw new BadDocumentException("'" + name + "' is not a list of " + what);
      }
      result.add(type.cast(value));
    }
    return result;
  }

  private <T> @Nullable T typed(String name, Class<T> type, String what)
      throws BadDocumentException {
    Object value = fields.get(name);
    if (value == null) {
      return null;
    }
    if (!type.isInstance(value)) {
      throw new BadDocumentException("'" + name + "' is not " + what);
    }
    return type.cast(value);
  }
}
