package dev.vivarium.microvm.vmm;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Requests as JSON: maps, lists, texts, numbers and truths. */
final class JsonText {
  private JsonText() {}

  static String of(Object value) {
    StringBuilder out = new StringBuilder();
    write(out, value);
    return out.toString();
  }

  private static void write(StringBuilder out, Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        out.append('{');
        Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
        while (entries.hasNext()) {
          Map.Entry<?, ?> entry = entries.next();
          out.append(Qmp.quote((String) entry.getKey())).append(':');
          write(out, entry.getValue());
          out.append(entries.hasNext() ? "," : "");
        }
        out.append('}');
      }
      case List<?> list -> {
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
          out.append(i == 0 ? "" : ",");
          write(out, list.get(i));
        }
        out.append(']');
      }
      case String text -> out.append(Qmp.quote(text));
      case Integer number -> out.append(number.intValue());
      case Long number -> out.append(number.longValue());
      case Boolean truth -> out.append(truth.booleanValue());
      default -> throw new IllegalArgumentException(value.getClass().getName());
    }
  }
}
