package dev.vivarium.cli.host;

import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Listing;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv version}. */
public final class VersionCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    option(spec, "FORMAT", "How to print: text or json (default: text).", "--format");
  }

  @Override
  public int run(ParseResult arguments, Context context) {
    Package own = VersionCommand.class.getPackage();
    String version =
        own == null || own.getImplementationVersion() == null
            ? "0.1.0-SNAPSHOT"
            : own.getImplementationVersion();
    if (arguments.matchedOptionValue("--format", "text").equals("json")) {
      Map<String, @Nullable Object> values = new LinkedHashMap<>();
      values.put("schemaVersion", Listing.SCHEMA_VERSION);
      values.put("version", version);
      values.put("java", Runtime.version().toString());
      values.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
      values.put("arch", System.getProperty("os.arch"));
      context.out().println(Listing.json(values));
    } else {
      context.out().println("Vivarium " + version + " (Java " + Runtime.version().feature() + ")");
    }
    return 0;
  }
}
