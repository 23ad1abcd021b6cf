package dev.vivarium.sentry.vfs.proc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The machine as a guest sees it.
 *
 * @param cpus processors
 * @param memoryBytes guest memory
 * @param cpuinfo one processor's lines of /proc/cpuinfo, without those that number it
 */
public record Machine(int cpus, long memoryBytes, String cpuinfo) {
  /**
   * Looks at the host, before the sentry is confined. Guests can ask the processor itself for what
   * is shown of it here.
   *
   * @param cpus 0 for as many as the host has
   * @param memoryBytes 0 for as much as the host has
   */
  public static Machine ofHost(int cpus, long memoryBytes) {
    int count = cpus > 0 ? cpus : Runtime.getRuntime().availableProcessors();
    long memory = memoryBytes > 0 ? memoryBytes : hostMemory();
    return new Machine(count, memory, firstProcessor(read("/proc/cpuinfo")));
  }

  private static String read(String path) {
    try {
      return Files.readString(Path.of(path), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }

  private static long hostMemory() {
    for (String line : read("/proc/meminfo").split("\n")) {
      if (line.startsWith("MemTotal:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    return 4L << 30;
  }

  private static String firstProcessor(String cpuinfo) {
    StringBuilder b = new StringBuilder();
    for (String line : cpuinfo.split("\n")) {
      if (line.isBlank()) {
        break;
      }
      String key = line.split("\t", 2)[0].strip();
      switch (key) {
        case "vendor_id",
            "cpu family",
            "model",
            "model name",
            "stepping",
            "cpu MHz",
            "cache size",
            "fpu",
            "fpu_exception",
            "cpuid level",
            "wp",
            "flags",
            "bogomips",
            "clflush size",
            "cache_alignment",
            "address sizes" ->
            b.append(line).append('\n');
        default -> {}
      }
    }
    return b.toString();
  }
}
