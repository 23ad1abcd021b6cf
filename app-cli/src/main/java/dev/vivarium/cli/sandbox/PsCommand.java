package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Filters;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.output.Text;
import dev.vivarium.engine.state.SandboxState;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv ps}. */
public final class PsCommand extends Command {
  private static final int COMMAND_WIDTH = 30;

  @Override
  public void declare(CommandSpec spec) {
    flag(spec, "The finished ones too.", "-a", "--all");
    flag(spec, "Print only ids.", "-q", "--quiet");
    flag(spec, "Do not shorten commands.", "--no-trunc");
    repeatable(
        spec,
        "NAME=VALUE",
        "Only those with this: id, name, status, image (or ancestor), engine, exited; may be"
            + " repeated.",
        "-f",
        "--filter");
    format(spec);
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    Filters<SandboxState> filters =
        new Filters<SandboxState>()
            .on("id", (s, v) -> s.id().startsWith(v))
            .on(
                "name",
                (s, v) -> v.indexOf('*') < 0 ? s.name().contains(v) : Filters.matches(v, s.name()))
            .on("status", (s, v) -> s.status().word().equals(v))
            .on("image", (s, v) -> isImage(s.image(), v))
            .on("ancestor", (s, v) -> isImage(s.image(), v))
            .on("engine", (s, v) -> s.engine().equals(v))
            .on("exited", (s, v) -> !s.isAlive() && String.valueOf(s.exitCode()).equals(v))
            .given(arguments.matchedOptionValue("-f", new String[0]));
    // Who asks for what has ended wants to see it.
    boolean all =
        arguments.hasMatchedOption("-a") || filters.has("exited") || filters.has("status");
    List<SandboxState> sandboxes =
        context.sandboxes().list().stream()
            .filter(state -> all || state.isAlive())
            .filter(filters::pass)
            .toList();
    if (arguments.hasMatchedOption("-q")) {
      sandboxes.forEach(state -> context.out().println(state.id()));
      return 0;
    }
    Listing listing = new Listing("ID", "NAME", "ENGINE", "IMAGE", "COMMAND", "CREATED", "STATUS");
    Instant now = Instant.now();
    for (SandboxState state : sandboxes) {
      String command = String.join(" ", state.command());
      listing.add(
          values(state),
          state.id(),
          state.name(),
          state.engine(),
          state.image(),
          arguments.hasMatchedOption("--no-trunc") ? command : shorten(command),
          Text.ago(state.created(), now),
          status(state, now));
    }
    listing.print(context.out(), arguments);
    return 0;
  }

  private static boolean isImage(String image, String wanted) {
    return image.equals(wanted)
        || image.startsWith(wanted + ":")
        || image.startsWith(wanted + "@")
        || Filters.matches(wanted, image);
  }

  private static String shorten(String command) {
    return command.length() <= COMMAND_WIDTH
        ? command
        : command.substring(0, COMMAND_WIDTH - 1) + "…";
  }

  private static String status(SandboxState state, Instant now) {
    String since = state.finished().map(end -> " " + Text.ago(end, now)).orElse("");
    String why = state.reason().isEmpty() ? "" : ": " + state.reason();
    String walls = state.degraded().isEmpty() ? "" : " (degraded)";
    return switch (state.status()) {
      case CREATED -> "starting";
      case RUNNING -> "running" + walls;
      case PAUSED -> "paused" + walls;
      case EXITED -> "exited (" + state.exitCode() + ")" + since + why;
      case FAILED -> "failed (" + state.exitCode() + ")" + since + why;
    };
  }

  /** A sandbox as a row of JSON. */
  static Map<String, @Nullable Object> values(SandboxState state) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("id", state.id());
    values.put("name", state.name());
    values.put("engine", state.engine());
    values.put("platform", state.platform().isEmpty() ? null : state.platform());
    values.put("image", state.image());
    values.put("command", state.command());
    values.put("status", state.status().word());
    values.put("pid", state.isAlive() ? state.pid() : null);
    values.put("created", state.created());
    values.put("finished", state.finished().orElse(null));
    values.put("exitCode", state.isAlive() ? null : state.exitCode());
    values.put("reason", state.reason());
    values.put("degraded", state.degraded().isEmpty() ? null : state.degraded());
    return values;
  }
}
