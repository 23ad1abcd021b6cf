package dev.vivarium.cli.export;

import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** Documents of maps, lists and scalars as YAML. */
final class Yaml {
  private Yaml() {}

  static String write(List<Map<String, Object>> documents) {
    Dump dump =
        new Dump(
            DumpSettings.builder()
                .setDefaultFlowStyle(FlowStyle.BLOCK)
                .setIndicatorIndent(2)
                .setIndentWithIndicator(true)
                .setIndent(2)
                .setDereferenceAliases(true)
                .build());
    StringBuilder b = new StringBuilder();
    for (Map<String, Object> each : documents) {
      b.append(b.isEmpty() ? "" : "---\n").append(dump.dumpToString(each));
    }
    return b.toString();
  }
}
