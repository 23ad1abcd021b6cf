package dev.vivarium.profiles;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a profile says about one field.
 *
 * @param values one, or the elements of a list
 * @param entries of a map
 * @param origin where it is said, {@code FILE:LINE}; of a list or map that was added to, the last
 * @param reset whether it only takes back what was inherited
 */
public record Setting(
    List<String> values, Map<String, String> entries, String origin, boolean reset) {
  public Setting {
    values = List.copyOf(values);
    entries = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(entries));
  }

  /** This one with what another adds to it, or in its place. */
  Setting with(Setting more, Field field) {
    if (field.shape() == Field.Shape.ONE) {
      return more;
    }
    List<String> all = new java.util.ArrayList<>(values);
    for (String value : more.values) {
      if (!all.contains(value)) {
        all.add(value);
      }
    }
    Map<String, String> both = new LinkedHashMap<>(entries);
    both.putAll(more.entries);
    return new Setting(all, both, more.origin, false);
  }
}
