package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.OutputRecord;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.Sandboxes;
import dev.vivarium.engine.state.StateEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv logs}. */
public final class LogsCommand extends Command {
  private static final long POLL_MILLIS = 100;

  @Override
  public void declare(CommandSpec spec) {
    flag(spec, "Go on until the sandbox ends.", "-f", "--follow");
    flag(spec, "Begin each piece with the time at which it was written.", "--timestamps");
    flag(spec, "What the engine itself remarked, instead of what the command wrote.", "--engine");
    parameters(spec, "0", "1", "SANDBOX", "Its name or id.");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, IOException, InterruptedException {
    Sandboxes sandboxes = context.sandboxes();
    SandboxState sandbox = Lookup.require(sandboxes, positionals(arguments)[0]);
    if (arguments.hasMatchedOption("--engine")) {
      return engineLog(sandbox, context);
    }
    Path file = StateEntry.of(context.directories(), sandbox.id()).output();
    if (!Files.exists(file)) {
      throw new CliException(
          CliException.FAILED,
          "nothing was recorded: "
              + sandbox.name()
              + ": its output went to the client that ran it");
    }
    OutputRecord.Reader printer =
        (stream, time, bytes) -> {
          var to = stream == 2 ? context.err() : context.out();
          if (arguments.hasMatchedOption("--timestamps")) {
            to.print(time + " ");
          }
          to.write(bytes, 0, bytes.length);
        };
    if (!arguments.hasMatchedOption("-f")) {
      OutputRecord.read(file, printer);
      return 0;
    }
    long at = 0;
    while (true) {
      // Looked at before reading, so that nothing written before the end is missed.
      Optional<SandboxState> now = sandboxes.byId(sandbox.id());
      if (Files.exists(file) && Files.size(file) < at) {
        at = 0;
      }
      at = OutputRecord.readOne(file, printer, at);
      context.out().flush();
      if (now.isEmpty() || !now.get().isAlive() || context.out().checkError()) {
        return 0;
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  private static int engineLog(SandboxState sandbox, Context context)
      throws CliException, IOException {
    Directories directories = context.directories();
    for (Path log :
        new Path[] {
          RunDirectory.of(directories, sandbox.id()).log(),
          StateEntry.of(directories, sandbox.id()).log()
        }) {
      if (Files.exists(log)) {
        Files.copy(log, context.out());
        return 0;
      }
    }
    return 0;
  }
}
