package dev.vivarium.engine.watch.export;

import java.util.Locale;
import java.util.Optional;

/** How events are written. */
public enum Format {
  /** As strace shows them. */
  TEXT,
  /** One JSON object per line. */
  JSONL,
  CSV,
  /** Chrome's trace events, which Perfetto opens. */
  PERFETTO,
  /** Packets of the sandbox's network, and nothing else. */
  PCAP;

  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<Format> of(String word) {
    for (Format f : values()) {
      if (f.word().equals(word)) {
        return Optional.of(f);
      }
    }
    return Optional.empty();
  }

  /** What a file of this name is to hold; JSON lines unless it says otherwise. */
  public static Format ofFile(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.endsWith(".txt") || lower.endsWith(".strace")
        ? TEXT
        : lower.endsWith(".csv")
            ? CSV
            : lower.endsWith(".json") ? PERFETTO : lower.endsWith(".pcap") ? PCAP : JSONL;
  }

  /** Begins an output. */
  public EventOutput output(Appendable to, long epochNanos) throws java.io.IOException {
    return switch (this) {
      case TEXT -> new TextOutput(to, new TextOutput.Style(true, false, true, epochNanos));
      case JSONL -> new JsonLinesOutput(to);
      case CSV -> new CsvOutput(to);
      case PERFETTO -> new PerfettoOutput(to);
      case PCAP -> new PcapOutput(to, epochNanos);
    };
  }
}
