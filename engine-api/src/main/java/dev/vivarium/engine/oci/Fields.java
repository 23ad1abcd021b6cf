package dev.vivarium.engine.oci;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An object of a config.json: its fields by type, and a complaint that names the one that is wrong.
 */
final class Fields {
  private final String path;
  private final Map<?, ?> members;

  Fields(String path, Map<?, ?> members) {
    this.path = path;
    this.members = members;
  }

  /** The field's name as people write it: {@code process.user.uid}. */
  String name(String field) {
    return path.isEmpty() ? field : path + "." + field;
  }

  OciException wrong(String field, String what) {
    return new OciException("config.json: " + name(field) + ": " + what);
  }

  boolean has(String field) {
    return members.get(field) != null;
  }

  private <T> @Nullable T get(String field, Class<T> type, String wanted) throws OciException {
    Object value = members.get(field);
    if (value != null && !type.isInstance(value)) {
      throw wrong(field, "must be " + wanted);
    }
    return type.cast(value);
  }

  Optional<String> text(String field) throws OciException {
    Optional<String> text = Optional.ofNullable(get(field, String.class, "a string"));
    if (text.isPresent() && text.get().indexOf('\0') >= 0) {
      throw wrong(field, "must not contain a zero byte");
    }
    return text;
  }

  String required(String field) throws OciException {
    return text(field)
        .filter(t -> !t.isEmpty())
        .orElseThrow(() -> wrong(field, "is missing or empty"));
  }

  /** An absolute path; empty if it is not there. */
  Optional<String> absolute(String field) throws OciException {
    Optional<String> text = text(field);
    if (text.isPresent() && !text.get().startsWith("/")) {
      throw wrong(field, "must be an absolute path: " + text.get());
    }
    return text;
  }

  boolean flag(String field) throws OciException {
    Boolean value = get(field, Boolean.class, "true or false");
    return value != null && value;
  }

  /** A whole number of 64 bits, the upper half as negative ones. */
  Optional<Long> number(String field) throws OciException {
    Number value = get(field, Number.class, "a number");
    if (value instanceof Double) {
      throw wrong(field, "must be a whole number");
    }
    return value == null ? Optional.empty() : Optional.of(value.longValue());
  }

  long number(String field, long least, long most, long otherwise) throws OciException {
    long value = number(field).orElse(otherwise);
    if (value < least || value > most) {
      throw wrong(field, "must be between " + least + " and " + most);
    }
    return value;
  }

  /** An object; an empty one if it is not there. */
  Fields object(String field) throws OciException {
    Map<?, ?> value = get(field, Map.class, "an object");
    return new Fields(name(field), value == null ? Map.of() : value);
  }

  private List<?> list(String field) throws OciException {
    List<?> value = get(field, List.class, "a list");
    return value == null ? List.of() : value;
  }

  List<Fields> objects(String field) throws OciException {
    List<Fields> all = new ArrayList<>();
    for (Object each : list(field)) {
      if (!(each instanceof Map<?, ?> map)) {
        throw wrong(field, "must be a list of objects");
      }
      all.add(new Fields(name(field) + "[" + all.size() + "]", map));
    }
    return all;
  }

  List<String> texts(String field) throws OciException {
    List<String> all = new ArrayList<>();
    for (Object each : list(field)) {
      if (!(each instanceof String text) || text.indexOf('\0') >= 0) {
        throw wrong(field, "must be a list of strings without zero bytes");
      }
      all.add(text);
    }
    return all;
  }

  List<Long> numbers(String field) throws OciException {
    List<Long> all = new ArrayList<>();
    for (Object each : list(field)) {
      if (!(each instanceof Long number)) {
        throw wrong(field, "must be a list of whole numbers");
      }
      all.add(number);
    }
    return all;
  }

  /** Names and texts, in order. */
  Map<String, String> map(String field) throws OciException {
    Map<?, ?> value = get(field, Map.class, "an object");
    Map<String, String> all = new LinkedHashMap<>();
    if (value != null) {
      for (Map.Entry<?, ?> each : value.entrySet()) {
        if (!(each.getValue() instanceof String text)) {
          throw wrong(field, "must hold strings only");
        }
        all.put(String.valueOf(each.getKey()), text);
      }
    }
    return all;
  }
}
