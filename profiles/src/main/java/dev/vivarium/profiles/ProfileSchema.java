package dev.vivarium.profiles;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The JSON schema of a profile (2020-12), for editors that check and complete. */
public final class ProfileSchema {
  private ProfileSchema() {}

  /** As maps and lists. */
  public static Map<String, Object> schema() {
    Map<String, Object> properties = new LinkedHashMap<>();
    properties.put(
        "extends", one("the profile that this one adds to: a name, or a path", List.of()));
    for (Field field : Field.values()) {
      Map<String, Object> in = properties;
      String name = field.key();
      int dot = name.indexOf('.');
      if (dot >= 0) {
        in = group(properties, name.substring(0, dot));
        name = name.substring(dot + 1);
      }
      in.put(name, of(field));
    }
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    schema.put("title", "A Vivarium profile");
    schema.put("type", "object");
    schema.put("additionalProperties", false);
    schema.put("properties", properties);
    return schema;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> group(Map<String, Object> properties, String name) {
    Map<String, Object> group =
        (Map<String, Object>)
            properties.computeIfAbsent(
                name,
                n -> {
                  Map<String, Object> made = new LinkedHashMap<>();
                  made.put("type", "object");
                  made.put("additionalProperties", false);
                  made.put("properties", new LinkedHashMap<String, Object>());
                  return made;
                });
    return (Map<String, Object>) group.get("properties");
  }

  private static Map<String, Object> of(Field field) {
    Map<String, Object> one = one(field.description(), field.choices());
    Map<String, Object> value = new LinkedHashMap<>();
    switch (field.shape()) {
      case ONE -> {
        return one;
      }
      case LIST -> {
        value.put("description", field.description());
        value.put("type", List.of("array", "null"));
        value.put(
            "items",
            field.choices().isEmpty()
                ? Map.of("type", "string")
                : Map.of("enum", new java.util.ArrayList<>(field.choices())));
      }
      case MAP -> {
        value.put("description", field.description());
        value.put("type", List.of("object", "null"));
        value.put("additionalProperties", Map.of("type", List.of("string", "number", "boolean")));
      }
    }
    return value;
  }

  private static Map<String, Object> one(String description, List<String> choices) {
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("description", description);
    if (choices.equals(List.of("true", "false"))) {
      value.put("type", List.of("boolean", "null"));
    } else if (choices.isEmpty()) {
      value.put("type", List.of("string", "number", "null"));
    } else {
      List<Object> all = new java.util.ArrayList<>(choices);
      value.put("enum", all);
    }
    return value;
  }
}
