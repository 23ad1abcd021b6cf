package dev.vivarium.profiles;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A named policy: what a sandbox is allowed and given. Whole, with all that it inherits.
 *
 * @param name as it was asked for
 * @param origin where it is written
 * @param settings of every field that is set
 */
public record Profile(String name, String origin, Map<Field, Setting> settings) {
  public Profile {
    Map<Field, Setting> copy = new EnumMap<>(Field.class);
    copy.putAll(settings);
    settings = Collections.unmodifiableMap(copy);
  }

  /** The value of a field that has one. */
  public Optional<String> text(Field field) {
    Setting s = settings.get(field);
    return s == null || s.values().isEmpty() ? Optional.empty() : Optional.of(s.values().get(0));
  }

  /** The elements of a field that is a list. */
  public List<String> list(Field field) {
    Setting s = settings.get(field);
    return s == null ? List.of() : s.values();
  }

  /** The entries of a field that is a map. */
  public Map<String, String> map(Field field) {
    Setting s = settings.get(field);
    return s == null ? Map.of() : s.entries();
  }
}
