package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.output.Text;
import dev.vivarium.cli.run.Terminal;
import dev.vivarium.cli.sandbox.Lookup;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.Statistics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv stats}: every second, what changed since the last look. */
public final class StatsCommand extends Command {
  private static final long PERIOD_MILLIS = 1000;

  @Override
  public void declare(CommandSpec spec) {
    flag(spec, "Print once and end.", "--no-stream");
    format(spec);
    parameters(spec, "0..*", "0..*", "SANDBOX", "Names or ids (default: all that run).");
  }

  /** One sandbox that is looked at. */
  private static final class Watched {
    private final SandboxState sandbox;
    private final Look look;
    private Optional<Statistics> before = Optional.empty();
    private Optional<Statistics> now = Optional.empty();

    Watched(SandboxState sandbox, Look look) {
      this.sandbox = sandbox;
      this.look = look;
    }

    void ask() throws CliException, EngineException, InterruptedException {
      before = now;
      now = look.statistics();
    }
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, EngineException, java.io.IOException, InterruptedException {
    List<Watched> all = new ArrayList<>();
    try {
      for (SandboxState sandbox : wanted(arguments, context)) {
        Look look = Look.at(context.directories(), sandbox);
        all.add(new Watched(sandbox, look));
        look.begin(false, true);
      }
      boolean once = arguments.hasMatchedOption("--no-stream");
      boolean redraw = !once && Terminal.isTerminal(1) && !arguments.hasMatchedOption("--format");
      for (Watched w : all) {
        w.ask();
      }
      do {
        Thread.sleep(PERIOD_MILLIS);
        for (Watched w : all) {
          w.ask();
        }
        if (redraw) {
          context.out().print("\u001b[H\u001b[2J");
        }
        print(all, arguments, context);
        all.removeIf(w -> w.look.hasEnded());
      } while (!once && !all.isEmpty() && !context.out().checkError());
      return 0;
    } finally {
      all.forEach(w -> w.look.close());
    }
  }

  private static List<SandboxState> wanted(ParseResult arguments, Context context)
      throws CliException, java.io.IOException {
    String[] names = positionals(arguments);
    if (names.length == 0) {
      return context.sandboxes().list().stream()
          .filter(s -> s.status() == SandboxState.Status.RUNNING)
          .toList();
    }
    List<SandboxState> found = new ArrayList<>();
    for (String name : names) {
      found.add(Lookup.require(context.sandboxes(), name));
    }
    return found;
  }

  private static void print(List<Watched> all, ParseResult arguments, Context context)
      throws CliException {
    Listing listing =
        new Listing(
            "NAME",
            "CPU",
            "MEMORY",
            "LIMIT",
            "TASKS",
            "READ/S",
            "WRITTEN/S",
            "NET IN",
            "NET OUT",
            "CALLS/S",
            "FAULTS/S");
    for (Watched w : all) {
      if (w.now.isEmpty()) {
        continue;
      }
      Statistics now = w.now.get();
      Statistics before = w.before.orElse(now);
      double seconds = Math.max(1e-3, (now.uptimeNanos() - before.uptimeNanos()) / 1e9);
      Statistics.Resources r = now.resources();
      Statistics.Resources b = before.resources();
      double cpu =
          (r.userNanos() + r.systemNanos() - b.userNanos() - b.systemNanos()) / seconds / 1e7;
      double calls = (calls(now) - calls(before)) / seconds;
      long in = now.hosts().stream().mapToLong(Statistics.Hosts::received).sum();
      long out = now.hosts().stream().mapToLong(Statistics.Hosts::sent).sum();
      listing.add(
          () -> values(w.sandbox, now, cpu, calls, seconds, b, in, out),
          w.sandbox.name(),
          Math.round(Math.max(0, cpu)) + " %",
          Text.bytes(r.memoryBytes()),
          r.memoryLimit() == 0 ? "-" : Text.bytes(r.memoryLimit()),
          r.processes() + "/" + r.threads(),
          Text.bytes(rate(r.bytesRead(), b.bytesRead(), seconds)),
          Text.bytes(rate(r.bytesWritten(), b.bytesWritten(), seconds)),
          Text.bytes(in),
          Text.bytes(out),
          Long.toString(Math.round(calls)),
          Long.toString(rate(r.minorFaults(), b.minorFaults(), seconds)));
    }
    listing.print(context.out(), arguments);
  }

  private static long calls(Statistics s) {
    return s.calls().stream().mapToLong(c -> c.latency().count()).sum();
  }

  private static long rate(long now, long before, double seconds) {
    return Math.max(0, Math.round((now - before) / seconds));
  }

  private static Map<String, @Nullable Object> values(
      SandboxState sandbox,
      Statistics now,
      double cpu,
      double calls,
      double seconds,
      Statistics.Resources b,
      long in,
      long out) {
    Statistics.Resources r = now.resources();
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("id", sandbox.id());
    values.put("name", sandbox.name());
    values.put("uptimeNanos", now.uptimeNanos());
    values.put("cpuPercent", Math.round(Math.max(0, cpu) * 10) / 10.0);
    values.put("userNanos", r.userNanos());
    values.put("systemNanos", r.systemNanos());
    values.put("memoryBytes", r.memoryBytes());
    values.put("memoryLimitBytes", r.memoryLimit() == 0 ? null : r.memoryLimit());
    values.put("processes", r.processes());
    values.put("threads", r.threads());
    values.put("bytesRead", r.bytesRead());
    values.put("bytesWritten", r.bytesWritten());
    values.put("bytesReadPerSecond", rate(r.bytesRead(), b.bytesRead(), seconds));
    values.put("bytesWrittenPerSecond", rate(r.bytesWritten(), b.bytesWritten(), seconds));
    values.put("networkReceived", in);
    values.put("networkSent", out);
    values.put("callsPerSecond", Math.round(calls));
    values.put("calls", calls(now));
    values.put("minorFaults", r.minorFaults());
    values.put("majorFaults", r.majorFaults());
    values.put("outOfMemoryKills", r.outOfMemoryKills());
    return values;
  }
}
