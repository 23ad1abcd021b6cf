package dev.vivarium.microvm.vmm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * The frequency of the host's time stamp counter, which an emulated guest sees as its own. Without
 * being told, its kernel measures it against an emulated timer, and hangs when the host is busy.
 */
final class TscFrequency {
  private TscFrequency() {}

  /** In kHz, where the counter is constant; nothing where it is not known. */
  static OptionalLong kiloHertz() {
    try {
      return parse(Files.readString(Path.of("/proc/cpuinfo")));
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  static OptionalLong parse(String cpuinfo) {
    boolean constant = false;
    double megaHertz = 0;
    for (String line : cpuinfo.lines().toList()) {
      if (line.startsWith("flags")) {
        constant = line.contains(" constant_tsc");
        break;
      }
      if (line.startsWith("cpu MHz") && line.indexOf(':') > 0) {
        try {
          megaHertz = Double.parseDouble(line.substring(line.indexOf(':') + 1).strip());
        } catch (NumberFormatException e) {
          return OptionalLong.empty();
        }
      }
    }
    return constant && megaHertz > 100
        ? OptionalLong.of(Math.round(megaHertz * 1000))
        : OptionalLong.empty();
  }
}
