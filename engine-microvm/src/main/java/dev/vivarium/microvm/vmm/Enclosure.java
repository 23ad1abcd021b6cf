package dev.vivarium.microvm.vmm;

import dev.vivarium.microvm.host.NativePrograms;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a monitor sees of the host: its own programs and libraries, and the files named here. The
 * program that makes it so ({@code src/main/c/enclosure}) becomes the monitor.
 */
final class Enclosure {
  private static final String PROGRAM = "enclosure";

  /** The descriptor at which a monitor has the state of another one, as enclosure's main.c says. */
  static final int STATE = 9;

  private Enclosure() {}

  /** The words before those of the monitor's command line. */
  static List<String> of(MachineSpec spec, QemuCommand.Memory memory) throws IOException {
    List<String> words = new ArrayList<>();
    words.add(NativePrograms.find(PROGRAM, spec.directory()).toString());
    words.addAll(rules(spec, memory));
    words.add("--");
    return words;
  }

  /** A letter and a path each: r may be read, w may be written, s is at the descriptor STATE. */
  static List<String> rules(MachineSpec spec, QemuCommand.Memory memory) {
    List<String> rules = new ArrayList<>();
    rules.add("w" + absolute(spec.directory()));
    Path state = memory.state();
    if (state != null) {
      rules.add("s" + absolute(state));
    } else {
      rules.add("r" + absolute(spec.kernel().image()));
      rules.add("r" + absolute(spec.kernel().initramfs()));
    }
    Path file = memory.file();
    if (file != null) {
      // One that is written is made by the monitor. A clone writes none, but opens it as if.
      Path folder = file.toAbsolutePath().getParent();
      rules.add("w" + (memory.shared() && folder != null ? folder : absolute(file)));
    }
    for (Path disk : spec.disks()) {
      String rule = "r" + absolute(disk);
      if (!rules.contains(rule)) {
        rules.add(rule);
      }
    }
    spec.scratch().ifPresent(scratch -> rules.add("w" + absolute(scratch)));
    return rules;
  }

  private static Path absolute(Path path) {
    return path.toAbsolutePath();
  }
}
