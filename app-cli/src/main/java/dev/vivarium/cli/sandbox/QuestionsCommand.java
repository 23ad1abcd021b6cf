package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.run.PersonAtTerminal;
import dev.vivarium.engine.NetworkQuestion;
import dev.vivarium.engine.NetworkQuestion.Outcome;
import dev.vivarium.engine.client.SandboxQuestions;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.SandboxState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv questions}. */
public final class QuestionsCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    format(spec);
    flag(
        spec,
        "Stay, and show questions as they come; on a terminal, ask and answer them.",
        "-w",
        "--watch");
    parameters(spec, "0..*", "0..*", "SANDBOX", "Names or ids (default: all that run).");
    spec.usageMessage()
        .footer(
            "",
            "A sandbox whose network asks (viv run --net ask, or a profile with network.mode: ask)"
                + " waits with",
            "what no rule covers until somebody says yes or no. As long as nobody watches, that"
                + " is no, at once:",
            "viv run and viv open in the foreground of a terminal watch, --watch does, and the"
                + " desktop.",
            "",
            "With --watch and --format jsonl each question is a line, and each outcome.",
            "",
            "Examples:",
            "  viv questions",
            "  viv questions --watch agent-1",
            "  viv answer agent-1 3 always");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, IOException, InterruptedException {
    List<SandboxState> sandboxes = new ArrayList<>();
    for (String key : positionals(arguments)) {
      SandboxState sandbox = Lookup.require(context.sandboxes(), key);
      if (!sandbox.isAlive()) {
        throw new CliException(
            CliException.FAILED, "not running: " + sandbox.name() + "; viv ps lists what runs");
      }
      sandboxes.add(sandbox);
    }
    boolean all = sandboxes.isEmpty();
    if (all) {
      for (SandboxState sandbox : context.sandboxes().list()) {
        if (sandbox.isAlive()) {
          sandboxes.add(sandbox);
        }
      }
    }
    sandboxes.removeIf(s -> !asks(context, s));
    return arguments.hasMatchedOption("-w")
        ? watch(sandboxes, arguments, context)
        : list(sandboxes, arguments, context, all);
  }

  private static boolean asks(Context context, SandboxState sandbox) {
    try {
      return SandboxQuestions.asks(context.directories(), sandbox);
    } catch (IOException | CliException e) {
      return false; // gone meanwhile
    }
  }

  private static int list(
      List<SandboxState> sandboxes, ParseResult arguments, Context context, boolean all)
      throws CliException, IOException {
    Listing listing = new Listing("SANDBOX", "ID", "QUESTION", "WAITS");
    for (SandboxState sandbox : sandboxes) {
      try {
        for (NetworkQuestion q : SandboxQuestions.open(context.directories(), sandbox)) {
          listing.add(
              values(sandbox.name(), q),
              sandbox.name(),
              String.valueOf(q.number()),
              q.text(),
              (q.millisLeft() + 999) / 1000 + " s");
        }
      } catch (IOException e) {
        if (!all) {
          throw e;
        }
      }
    }
    listing.print(context.out(), arguments);
    return 0;
  }

  private static Map<String, @Nullable Object> values(String sandbox, NetworkQuestion q) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("sandbox", sandbox);
    values.put("id", q.number());
    values.put("protocol", q.protocol());
    values.put("name", q.name());
    values.put("address", q.address());
    values.put("port", q.port());
    values.put("kind", q.kind().name().toLowerCase(java.util.Locale.ROOT));
    values.put("pid", q.pid());
    values.put("program", q.program());
    values.put("rule", q.rule());
    values.put("question", q.text());
    values.put("millisLeft", q.millisLeft());
    return values;
  }

  private static int watch(List<SandboxState> sandboxes, ParseResult arguments, Context context)
      throws CliException, IOException, InterruptedException {
    boolean lines = arguments.matchedOptionValue("--format", "table").equals("jsonl");
    if (sandboxes.isEmpty()) {
      throw new CliException(
          CliException.FAILED, "no sandbox that asks is running; viv run --net ask starts one");
    }
    Directories directories = context.directories();
    PersonAtTerminal person =
        !lines && PersonAtTerminal.isThere() ? new PersonAtTerminal(context, () -> {}) : null;
    CountDownLatch ended = new CountDownLatch(sandboxes.size());
    for (SandboxState sandbox : sandboxes) {
      try {
        if (person != null) {
          person.watch(directories, sandbox.id(), sandbox.name(), ended::countDown);
        } else {
          SandboxQuestions.watch(
              directories, sandbox, new Lines(sandbox.name(), lines, context, ended));
        }
      } catch (IOException e) {
        context.err().println("viv: " + Reason.of(e));
        ended.countDown();
      }
    }
    ended.await();
    return 0;
  }

  /** Writes what comes, for programs or for a file. */
  private record Lines(String sandbox, boolean json, Context context, CountDownLatch end)
      implements SandboxQuestions.Listener {
    @Override
    public void asked(NetworkQuestion question) {
      print(
          json ? values(sandbox, question) : Map.of(),
          sandbox + ": " + question.number() + ": " + question.text());
    }

    @Override
    public void settled(int number, Outcome outcome) {
      Map<String, @Nullable Object> values = new LinkedHashMap<>();
      values.put("sandbox", sandbox);
      values.put("id", number);
      values.put("outcome", outcome.name().toLowerCase(java.util.Locale.ROOT));
      print(values, sandbox + ": " + number + ": " + outcome.words());
    }

    private void print(Map<String, @Nullable Object> values, String text) {
      synchronized (context.out()) {
        if (json) {
          Map<String, @Nullable Object> row = new LinkedHashMap<>();
          row.put("schemaVersion", Listing.SCHEMA_VERSION);
          row.putAll(values);
          context.out().println(Listing.json(row));
        } else {
          context.out().println(text);
        }
        context.out().flush();
      }
    }

    @Override
    public void ended() {
      end.countDown();
    }
  }
}
