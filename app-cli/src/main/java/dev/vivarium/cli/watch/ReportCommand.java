package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.sandbox.Lookup;
import dev.vivarium.engine.client.SandboxReports;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv report}. */
public final class ReportCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    option(
        spec, "FORMAT", "text, json or html (default: text, or by the file's name).", "--format");
    option(spec, "FILE", "Write it to a file.", "-o", "--output");
    parameters(
        spec,
        "0",
        "1",
        "SANDBOX",
        "Its name or id; a run with --report or --record, be it over or not.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    SandboxState sandbox = Lookup.require(context.sandboxes(), positionals(arguments)[0]);
    String file = arguments.matchedOptionValue("-o", (String) null);
    String format =
        arguments.matchedOptionValue("--format", file == null ? "text" : Report.formOfFile(file));
    if (!format.matches("text|json|html")) {
      throw new CliException(
          CliException.USAGE, "unknown format: " + format + "; there are text, json and html");
    }
    byte[] bytes = read(sandbox, context).as(format).orElseThrow();
    if (file == null) {
      context.out().write(bytes, 0, bytes.length);
      return 0;
    }
    try {
      Files.write(Path.of(file), bytes);
    } catch (IOException e) {
      throw new CliException(
          CliException.FAILED, "cannot write the report: " + file + ": " + Reason.of(e), e);
    }
    return 0;
  }

  private static Report read(SandboxState sandbox, Context context) throws CliException {
    try {
      return SandboxReports.read(context.directories(), sandbox);
    } catch (IOException e) {
      throw new CliException(CliException.FAILED, Reason.of(e), e);
    }
  }
}
