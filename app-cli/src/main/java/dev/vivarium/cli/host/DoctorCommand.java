package dev.vivarium.cli.host;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.output.Text;
import dev.vivarium.cli.sandbox.Lookup;
import dev.vivarium.engine.Engine;
import dev.vivarium.engine.EngineProbe;
import dev.vivarium.engine.EngineProbe.Finding;
import dev.vivarium.engine.EngineProbe.Level;
import dev.vivarium.engine.Engines;
import dev.vivarium.engine.client.HostChecks;
import dev.vivarium.engine.client.SandboxWalls;
import dev.vivarium.engine.state.SandboxState;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv doctor}. */
public final class DoctorCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    format(spec);
    option(
        spec,
        "SANDBOX",
        "Look at the processes of this running sandbox instead: which of their walls are up.",
        "--security");
    spec.usageMessage()
        .footer(
            "",
            "Exit code 0 if at least one engine can run here, otherwise 125; with --security 0 if"
                + " every wall",
            "is up, otherwise 1.");
  }

  /** What one part of the examination found. */
  private record Part(String name, boolean usable, List<Finding> findings) {}

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    String sandbox = arguments.matchedOptionValue("--security", (String) null);
    if (sandbox != null) {
      return walls(Lookup.require(context.sandboxes(), sandbox), arguments, context);
    }
    List<Part> parts = new ArrayList<>();
    parts.add(new Part("host", true, new HostChecks(context.environment()).all()));
    boolean usable = false;
    for (Engine engine : Engines.all()) {
      Part part = examine(engine);
      usable |= part.usable;
      parts.add(part);
    }
    if (arguments.matchedOptionValue("--format", "table").equals("table")) {
      parts.forEach(part -> print(part, context.out()));
      context
          .out()
          .println(
              usable
                  ? "Sandboxes can run here."
                  : "No engine can run here; the lines marked MISSING say what to do.");
    } else {
      Listing listing = new Listing();
      parts.forEach(part -> part.findings.forEach(finding -> listing.add(values(part, finding))));
      listing.print(context.out(), arguments);
    }
    return usable ? 0 : CliException.FAILED;
  }

  private static int walls(SandboxState sandbox, ParseResult arguments, Context context)
      throws CliException, IOException {
    if (!sandbox.isAlive()) {
      throw new CliException(CliException.FAILED, "it does not run any more: " + sandbox.name());
    }
    boolean up = true;
    Listing listing =
        new Listing(
            "PID",
            "WHAT",
            "UID",
            "THREADS",
            "CALLS",
            "CAPABILITIES",
            "OWN NAMESPACES",
            "OPEN",
            "WALLS");
    for (SandboxWalls.ProcessWalls p : SandboxWalls.of(sandbox)) {
      up &= p.down().isEmpty();
      String what = p.role().name().toLowerCase(Locale.ROOT);
      listing.add(
          () -> values(p, what),
          Integer.toString(p.pid()),
          what + " (" + p.role().words() + ")",
          Integer.toString(p.uid()),
          Integer.toString(p.threads()),
          p.filtered() ? "filtered" : "all",
          p.capabilities() == 0 ? "none" : Long.toHexString(p.capabilities()),
          p.namespaces().isEmpty() ? "-" : String.join(" ", p.namespaces()),
          p.descriptors() < 0 ? "?" : Integer.toString(p.descriptors()),
          wallsOf(p));
    }
    listing.print(context.out(), arguments);
    // What /proc does not tell of: Landlock.
    if (!sandbox.degraded().isEmpty()) {
      up = false;
      context
          .err()
          .println("viv: degraded, as --allow-degraded said: without " + sandbox.degraded());
    }
    return up ? 0 : 1;
  }

  private static String wallsOf(SandboxWalls.ProcessWalls p) {
    return p.down().isEmpty() ? "up" : "DOWN: " + String.join("; ", p.down());
  }

  private static Map<String, @Nullable Object> values(SandboxWalls.ProcessWalls p, String what) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("pid", p.pid());
    values.put("role", what);
    values.put("uid", p.uid());
    values.put("threads", p.threads());
    values.put("noNewPrivileges", p.noNewPrivileges());
    values.put("filtered", p.filtered());
    values.put("capabilities", Long.toHexString(p.capabilities()));
    values.put("namespaces", p.namespaces());
    values.put("descriptors", p.descriptors() < 0 ? null : p.descriptors());
    values.put("down", p.down());
    return values;
  }

  private static Part examine(Engine engine) {
    try {
      EngineProbe probe = engine.probe();
      return new Part("engine " + engine.name(), probe.usable(), probe.findings());
    } catch (RuntimeException | LinkageError e) {
      return new Part(
          "engine " + engine.name(),
          false,
          List.of(
              new Finding(
                  "probe", Level.MISSING, "the engine cannot look at this host: " + e, "")));
    }
  }

  private static void print(Part part, PrintStream out) {
    out.println(part.name + (part.usable ? "" : " (cannot run here)"));
    for (Finding finding : part.findings) {
      out.printf(
          "  %-8s  %s: %s%n",
          finding.level() == Level.OK ? "ok" : finding.level().name(),
          finding.name(),
          Text.printable(finding.detail()));
      if (!finding.remedy().isEmpty()) {
        out.println("            -> " + finding.remedy());
      }
    }
  }

  private static Map<String, @Nullable Object> values(Part part, Finding finding) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("part", part.name);
    values.put("usable", part.usable);
    values.put("name", finding.name());
    values.put("level", finding.level().name().toLowerCase(Locale.ROOT));
    values.put("detail", finding.detail());
    values.put("remedy", finding.remedy());
    return values;
  }
}
