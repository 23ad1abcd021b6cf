package dev.vivarium.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Writes viv(1) and a page for each verb, of what {@code --help} tells, for packages. Run by {@code
 * tools/man-pages}. Macros as in man(7).
 */
public final class ManPages {
  private static final int LINE = 80;

  private ManPages() {}

  /** Takes the directory that the pages go to. */
  public static void main(String[] arguments) throws IOException {
    write(Path.of(arguments[0]));
  }

  /** Writes the pages; the directory is made. */
  static void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    Map<String, CommandLine> verbs = CommandTree.whole().getSubcommands();
    try (PrintStream out = page(directory, "viv")) {
      head(out, "viv", "run software you do not trust, and watch what it does");
      out.print(".SH SYNOPSIS\n.B viv\n.I COMMAND\n.RI [ ARGUMENTS ]\n.br\n.B viv\n");
      out.print(
          ".SH DESCRIPTION\nAlone, on a terminal, it opens a prompt for the same commands.\n");
      out.print(".SH COMMANDS\n");
      for (Verbs verb : Verbs.values()) {
        out.printf(".TP\n.BR viv\\-%s (1)\n%s.\n", roff(verb.word()), roff(verb.summary()));
      }
    }
    for (Verbs verb : Verbs.values()) {
      CommandSpec spec = verbs.get(verb.word()).getCommandSpec();
      try (PrintStream out = page(directory, "viv-" + verb.word())) {
        verb(out, verb, spec);
      }
    }
  }

  private static PrintStream page(Path directory, String name) throws IOException {
    return new PrintStream(
        Files.newOutputStream(directory.resolve(name + ".1")), false, StandardCharsets.UTF_8);
  }

  private static void head(PrintStream out, String name, String summary) {
    out.printf(
        ".TH %s 1 %s Vivarium \"User commands\"\n.SH NAME\n%s\n",
        roff(name.toUpperCase(java.util.Locale.ROOT)),
        date(System.getenv("SOURCE_DATE_EPOCH")),
        folded(roff(name) + " \\- " + roff(summary)));
  }

  /** The date on a page: of the sources, where the build says it, so that it is the same again. */
  private static LocalDate date(@Nullable String epochSeconds) {
    return epochSeconds == null
        ? LocalDate.now(ZoneOffset.UTC)
        : LocalDate.ofInstant(Instant.ofEpochSecond(Long.parseLong(epochSeconds)), ZoneOffset.UTC);
  }

  private static void verb(PrintStream out, Verbs verb, CommandSpec spec) {
    String summary = verb.summary();
    head(
        out,
        "viv-" + verb.word(),
        summary.substring(0, 1).toLowerCase(java.util.Locale.ROOT) + summary.substring(1));
    out.printf(".SH SYNOPSIS\n.B viv %s\n.RI [ OPTIONS ]\n", roff(verb.word()));
    for (PositionalParamSpec p : spec.positionalParameters()) {
      boolean optional = p.arity().min() == 0;
      out.printf(
          optional ? ".RI [ %s ]%s\n" : ".I %s%s\n",
          roff(p.paramLabel()),
          p.arity().max() > 1 ? " ..." : "");
    }
    if (!spec.positionalParameters().isEmpty()) {
      out.print(".SH ARGUMENTS\n");
      for (PositionalParamSpec p : spec.positionalParameters()) {
        out.printf(".TP\n.I %s\n%s\n", roff(p.paramLabel()), text(p.description()));
      }
    }
    out.print(".SH OPTIONS\n");
    for (OptionSpec option : spec.options()) {
      if (option.hidden()) {
        continue;
      }
      out.printf(".TP\n.B %s", roff(String.join(", ", option.names())));
      out.print(option.arity().max() > 0 ? " " + roff(option.paramLabel()) + "\n" : "\n");
      out.println(text(option.description()));
    }
    String[] footer = spec.usageMessage().footer();
    if (footer.length > 0) {
      out.print(".SH NOTES\n.nf\n");
      for (String line : footer) {
        out.println(roff(line.formatted()));
      }
      out.print(".fi\n");
    }
    out.print(".SH SEE ALSO\n.BR viv (1)\n");
  }

  private static String text(String[] description) {
    return folded(roff(String.join(" ", description)));
  }

  /** Lines of at most 80 bytes; the formatter fills them anyway. */
  private static String folded(String text) {
    StringBuilder out = new StringBuilder();
    for (String line : text.split("\n", -1)) {
      int column = 0;
      out.append(out.isEmpty() ? "" : "\n");
      for (String word : line.split(" ")) {
        int width = word.getBytes(StandardCharsets.UTF_8).length;
        if (column > 0 && column + 1 + width > LINE) {
          out.append('\n');
          column = 0;
          // At a line's beginning these would be a request.
          if (word.startsWith(".") || word.startsWith("'")) {
            out.append("\\&");
            column = 2;
          }
        } else if (column > 0) {
          out.append(' ');
          column++;
        }
        out.append(word);
        column += width;
      }
    }
    return out.toString();
  }

  /** The text as itself: neither its backslashes nor a dot at a line's beginning are requests. */
  private static String roff(String text) {
    String escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", "\n\\&");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }
}
