package dev.vivarium.cli.profile;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.output.Text;
import dev.vivarium.cli.sandbox.Lookup;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.client.SandboxReports;
import dev.vivarium.engine.state.Entry;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.report.Report;
import dev.vivarium.engine.watch.report.Used;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.ProfileException;
import dev.vivarium.profiles.ProfileSchema;
import dev.vivarium.profiles.Profiles;
import dev.vivarium.profiles.Setting;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv profile}. */
public final class ProfileCommand extends Command {
  private static final String ACTIONS = "list, show, create, edit, validate, diff, check, schema";

  @Override
  public void declare(CommandSpec spec) {
    format(spec);
    option(
        spec,
        "PROFILE",
        "With create: what the new one adds to (default: untrusted).",
        "--extends");
    option(
        spec,
        "SANDBOX",
        "With create: learn it from what this one did, run with --record, and needed.",
        "--from");
    parameters(spec, "0..*", "1..*", "ACTION [ARGUMENT]", "What to do: " + ACTIONS + ".");
    spec.usageMessage()
        .footer(
            "",
            "  list                    the profiles there are",
            "  show PROFILE            all that it sets, and where that is written",
            "  create NAME             a new one in your folder; with --from SANDBOX, what that run"
                + " needed",
            "  edit NAME               one of yours, in $VISUAL or $EDITOR; a built-in one is"
                + " copied",
            "  validate PROFILE...     whether it can be read: file, line, field, what is allowed",
            "  diff PROFILE PROFILE    what one sets and the other does not, or not so",
            "  check PROFILE HOST[:PORT]|PATH    would this be allowed, and by which rule",
            "  schema                  the JSON schema, for editors",
            "",
            "A PROFILE is a name, or the path of a file (with a /, or ending in .yaml).",
            "",
            "Examples:",
            "  viv profile show untrusted",
            "  viv profile check dev pypi.org:443",
            "  viv run --record --name try ... ; viv profile create mine --from try",
            "  viv run --profile dev python:3 pip install -t lib six");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    List<String> words = List.of(positionals(arguments));
    Profiles profiles = Profiles.of(context.environment());
    String action = words.get(0);
    List<String> rest = words.subList(1, words.size());
    try {
      return switch (action) {
        case "list" -> list(profiles, arguments, context, expect(rest, 0, action, ""));
        case "show" -> show(profiles, arguments, context, expect(rest, 1, action, "PROFILE"));
        case "create" -> create(profiles, arguments, context, expect(rest, 1, action, "NAME"));
        case "edit" -> edit(profiles, context, expect(rest, 1, action, "NAME"));
        case "validate" -> validate(profiles, rest, context);
        case "diff" ->
            diff(profiles, arguments, context, expect(rest, 2, action, "PROFILE PROFILE"));
        case "check" ->
            check(profiles, context, expect(rest, 2, action, "PROFILE HOST[:PORT]|PATH"));
        case "schema" -> {
          expect(rest, 0, action, "");
          context.out().println(Listing.json(ProfileSchema.schema()));
          yield 0;
        }
        default ->
            throw new CliException(
                CliException.USAGE,
                "profile: no such action: " + action + "; there are " + ACTIONS);
      };
    } catch (ProfileException e) {
      throw new CliException(CliException.FAILED, e.getMessage(), e);
    } catch (InterruptedException e) {
      throw new CliException(CliException.FAILED, "interrupted", e);
    }
  }

  private static List<String> expect(List<String> rest, int count, String action, String what)
      throws CliException {
    if (rest.size() != count) {
      throw new CliException(
          CliException.USAGE,
          "profile: usage: viv profile " + action + (what.isEmpty() ? "" : " " + what));
    }
    return rest;
  }

  private static int list(
      Profiles profiles, ParseResult arguments, Context context, List<String> none)
      throws CliException, IOException {
    Listing listing = new Listing("NAME", "WHERE", "WHAT FOR");
    for (String name : profiles.names()) {
      String origin = profiles.isOwn(name) ? profiles.file(name).toString() : "built-in";
      String description;
      try {
        description = profiles.load(name).text(Field.DESCRIPTION).orElse("");
      } catch (ProfileException e) {
        description = "cannot be read: " + e.getMessage();
      }
      Map<String, @Nullable Object> values = new LinkedHashMap<>();
      values.put("name", name);
      values.put("builtIn", !profiles.isOwn(name));
      values.put("file", profiles.isOwn(name) ? origin : null);
      values.put("description", description);
      listing.add(values, name, origin, description);
    }
    listing.print(context.out(), arguments);
    return 0;
  }

  private static int show(
      Profiles profiles, ParseResult arguments, Context context, List<String> words)
      throws CliException, ProfileException {
    Profile profile = profiles.load(words.get(0));
    Listing listing = new Listing("FIELD", "VALUE", "WRITTEN IN");
    profile
        .settings()
        .forEach((field, setting) -> {
          Map<String, @Nullable Object> values = new LinkedHashMap<>();
          values.put("field", field.key());
          values.put("value", value(field, setting));
          values.put("origin", setting.origin());
          List<String> texts = texts(field, setting);
          listing.add(values, field.key(), texts.get(0), setting.origin());
          for (String more : texts.subList(1, texts.size())) {
            if (isTable(arguments)) {
              listing.add(values, "", more, "");
            }
          }
        });
    listing.print(context.out(), arguments);
    return 0;
  }

  private static boolean isTable(ParseResult arguments) {
    return arguments.matchedOptionValue("--format", "table").equals("table");
  }

  private static Object value(Field field, Setting setting) {
    return switch (field.shape()) {
      case ONE -> setting.values().get(0);
      case LIST -> setting.values();
      case MAP -> setting.entries();
    };
  }

  private static List<String> texts(Field field, Setting setting) {
    List<String> texts = new ArrayList<>(setting.values());
    setting.entries().forEach((name, value) -> texts.add(name + "=" + value));
    return texts.isEmpty() ? List.of("(empty)") : texts;
  }

  private static int create(
      Profiles profiles, ParseResult arguments, Context context, List<String> words)
      throws CliException, ProfileException, IOException {
    String name = name(words.get(0));
    String base = arguments.matchedOptionValue("--extends", "untrusted");
    profiles.load(base);
    String from = arguments.matchedOptionValue("--from", (String) null);
    if (from != null) {
      Path file = write(profiles, name, learn(from, base, context));
      profiles.load(name);
      context.out().println(file);
      return 0;
    }
    StringBuilder text = new StringBuilder();
    text.append("description: \nextends: ").append(base).append("\n\n# What may stand here:\n");
    for (Field field : Field.values()) {
      if (field != Field.DESCRIPTION) {
        text.append("#   ").append(field.key()).append(": ").append(field.description());
        text.append(
            field.choices().isEmpty() ? "" : " (" + String.join(", ", field.choices()) + ")");
        text.append('\n');
      }
    }
    Path file = write(profiles, name, text.toString());
    context.out().println(file);
    return 0;
  }

  private static String learn(String from, String base, Context context)
      throws CliException, IOException {
    SandboxState sandbox = Lookup.require(context.sandboxes(), from);
    SandboxSpec spec = Entry.specOf(context.directories(), sandbox.id());
    if (spec.root() instanceof SandboxSpec.Root.Directory) {
      throw new CliException(
          CliException.FAILED, "nothing to learn from: " + sandbox.name() + ": it ran a bundle");
    }
    Report report;
    try {
      report = SandboxReports.read(context.directories(), sandbox);
    } catch (IOException e) {
      throw new CliException(CliException.FAILED, Reason.of(e), e);
    }
    return Learned.text(spec, Used.of(report), base, context.environment());
  }

  private static String name(String text) throws CliException {
    if (!Profiles.isName(text)) {
      throw new CliException(
          CliException.USAGE,
          "profile: not a name: " + text + "; use small letters, digits, _ and -, at most 63");
    }
    return text;
  }

  private static Path write(Profiles profiles, String name, String text)
      throws CliException, IOException {
    Path file = profiles.file(name);
    Files.createDirectories(file.getParent());
    try {
      return Files.writeString(file, text, StandardOpenOption.CREATE_NEW);
    } catch (FileAlreadyExistsException e) {
      throw new CliException(
          CliException.FAILED,
          "the profile is there already: " + file + "; viv profile edit " + name + " opens it",
          e);
    }
  }

  private static int edit(Profiles profiles, Context context, List<String> words)
      throws CliException, ProfileException, IOException, InterruptedException {
    String name = name(words.get(0));
    if (!profiles.isOwn(name)) {
      String text =
          Profiles.BUILT_IN.contains(name)
              ? "# Adds to the built-in profile of this name.\nextends: " + name + "\n"
              : profiles.text(name);
      write(profiles, name, text);
    }
    Map<String, String> here = context.environment();
    String editor = here.getOrDefault("VISUAL", here.getOrDefault("EDITOR", "vi"));
    Path file = profiles.file(name);
    // As git and others do: the variable may hold arguments.
    Process process =
        new ProcessBuilder("/bin/sh", "-c", editor + " \"$1\"", "sh", file.toString())
            .inheritIO()
            .start();
    int code = process.waitFor();
    if (code != 0) {
      throw new CliException(
          CliException.FAILED, "the editor failed: " + editor + ": exit code " + code);
    }
    profiles.load(name);
    return 0;
  }

  private static int validate(Profiles profiles, List<String> words, Context context)
      throws CliException {
    if (words.isEmpty()) {
      throw new CliException(CliException.USAGE, "profile: usage: viv profile validate PROFILE...");
    }
    int code = 0;
    for (String word : words) {
      try {
        profiles.load(word);
        context.out().println(word + ": valid");
      } catch (ProfileException e) {
        context.err().println("viv: " + Text.printable(String.valueOf(e.getMessage())));
        code = CliException.FAILED;
      }
    }
    return code;
  }

  private static int diff(
      Profiles profiles, ParseResult arguments, Context context, List<String> words)
      throws CliException, ProfileException {
    Profile one = profiles.load(words.get(0));
    Profile two = profiles.load(words.get(1));
    Listing listing = new Listing("FIELD", words.get(0), words.get(1));
    boolean differ = false;
    for (Field field : Field.values()) {
      Setting a = one.settings().get(field);
      Setting b = two.settings().get(field);
      List<String> left = a == null ? List.of() : texts(field, a);
      List<String> right = b == null ? List.of() : texts(field, b);
      if (field == Field.DESCRIPTION || left.equals(right)) {
        continue;
      }
      differ = true;
      Map<String, @Nullable Object> values = new LinkedHashMap<>();
      values.put("field", field.key());
      values.put("left", a == null ? null : value(field, a));
      values.put("right", b == null ? null : value(field, b));
      List<String> onlyLeft = without(left, right);
      List<String> onlyRight = without(right, left);
      int lines = isTable(arguments) ? Math.max(onlyLeft.size(), onlyRight.size()) : 1;
      for (int i = 0; i < Math.max(1, lines); i++) {
        listing.add(
            values,
            i == 0 ? field.key() : "",
            i < onlyLeft.size() ? onlyLeft.get(i) : "",
            i < onlyRight.size() ? onlyRight.get(i) : "");
      }
    }
    if (differ || !isTable(arguments)) {
      listing.print(context.out(), arguments);
    }
    return differ ? 1 : 0;
  }

  private static List<String> without(List<String> all, List<String> others) {
    List<String> rest = new ArrayList<>(all);
    rest.removeAll(others);
    return rest;
  }

  private static int check(Profiles profiles, Context context, List<String> words)
      throws CliException, ProfileException {
    Verdict verdict = Verdict.of(profiles.load(words.get(0)), words.get(1), context.environment());
    context.out().println((verdict.allowed() ? "allowed: " : "refused: ") + verdict.reason());
    return verdict.allowed() ? 0 : 1;
  }
}
