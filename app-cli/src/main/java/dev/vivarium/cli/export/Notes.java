package dev.vivarium.cli.export;

import dev.vivarium.profiles.Field;
import java.util.ArrayList;
import java.util.List;

/** What another manager has no word for, told to whoever asked for the export. */
final class Notes {
  private final List<String> lines = new ArrayList<>();

  /** Of a field that is set. */
  void lost(Workload workload, Field field, String why) {
    if (workload.has(field)) {
      lines.add(
          field.key()
              + ": "
              + String.join(", ", workload.list(field))
              + ": cannot be carried: "
              + why);
    }
  }

  /** What no manager of containers has words for. */
  void lostEverywhere(Workload workload) {
    for (Field field :
        List.of(Field.VMM, Field.KERNEL, Field.KERNEL_ARGUMENTS, Field.DISK, Field.SHARE)) {
      lost(workload, field, "containers run in the sentry, not in a virtual machine");
    }
    lost(
        workload, Field.DENY_HOST, "a manager's network knows what is allowed, not what is denied");
    lost(workload, Field.DISK_LIMIT, "how much may be written is for the manager's storage");
    lost(workload, Field.FLAG, "a manager makes no report; vivarium-runtime's log does");
    lost(workload, Field.ASK_TIME, "a manager asks nobody");
    if (workload.network().equals("ask")) {
      lost(Field.NETWORK, "ask", "a manager asks nobody: what no rule allows is refused");
    }
    lost(workload, Field.SIGNED, "whose signature an image needs is for the manager's own policy");
  }

  /** Of one of its values. */
  void lost(Field field, String value, String why) {
    lines.add(field.key() + ": " + value + ": cannot be carried: " + why);
  }

  /** At the top of what is exported. */
  String comments() {
    StringBuilder b = new StringBuilder();
    lines.forEach(line -> b.append("# ").append(line.replace('\n', ' ')).append('\n'));
    return b.toString();
  }
}
