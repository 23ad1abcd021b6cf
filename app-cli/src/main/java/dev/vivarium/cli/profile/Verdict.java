package dev.vivarium.cli.profile;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.run.ProfileValues;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.Profiles;
import dev.vivarium.profiles.Setting;
import dev.vivarium.profiles.network.AddressKind;
import dev.vivarium.profiles.network.Decision;
import dev.vivarium.profiles.network.NetworkPolicy;
import dev.vivarium.profiles.network.PolicyState;
import dev.vivarium.profiles.network.Rule;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What a profile would say to something.
 *
 * @param reason which rule, and where it is written; or what is missing
 */
record Verdict(boolean allowed, String reason) {
  private static final int HTTPS = 443;

  /** Asks about a path of this machine (with a slash first, or ./ or ~/) or else about a host. */
  static Verdict of(Profile profile, String subject, Map<String, String> environment)
      throws CliException {
    return subject.startsWith("/") || subject.startsWith(".") || subject.startsWith("~")
        ? ofPath(profile, subject, environment)
        : ofHost(profile, subject);
  }

  private static Verdict ofPath(Profile profile, String subject, Map<String, String> environment)
      throws CliException {
    Path path = Path.of(Profiles.expand(subject, environment)).toAbsolutePath().normalize();
    for (String text : profile.list(Field.MOUNTS)) {
      SandboxSpec.Mount mount = ProfileValues.mount(text, environment);
      Path source = Path.of(mount.source());
      if (path.startsWith(source)) {
        String inside = Path.of(mount.target()).resolve(source.relativize(path)).toString();
        return new Verdict(
            true,
            (mount.writable() ? "read and written as " : "read as ")
                + inside
                + ", by "
                + written(profile, Field.MOUNTS, text));
      }
    }
    return new Verdict(false, "no mount shows " + path);
  }

  private static Verdict ofHost(Profile profile, String subject) throws CliException {
    Rule asked;
    try {
      asked = Rule.parse(subject);
    } catch (IllegalArgumentException e) {
      throw new CliException(CliException.USAGE, "profile: check: " + e.getMessage());
    }
    boolean anyPort = asked.firstPort() != asked.lastPort();
    int port = anyPort ? HTTPS : asked.firstPort();
    NetworkPolicy policy = ProfileValues.policy(profile);
    Optional<Decision> decision = decide(policy, asked, port);
    String where = subject + (anyPort ? " (asked for port " + HTTPS + ")" : "");
    if (decision.isPresent() && decision.get().rule() == Decision.DENIED) {
      return new Verdict(false, "a rule denies " + where + ", " + origin(profile, Field.DENY_HOST));
    }
    if (decision.isPresent() && decision.get().rule() == Decision.ASKS) {
      return new Verdict(
          false, "you would be asked about " + where + ", " + origin(profile, Field.NETWORK));
    }
    if (decision.isEmpty() || !decision.get().allowed()) {
      return new Verdict(
          false,
          policy.mode() == NetworkPolicy.Mode.NONE
              ? "it has no network"
              : "no rule for "
                  + where
                  + decision
                      .map(d -> ", " + d.kind().name().toLowerCase(java.util.Locale.ROOT))
                      .orElse(""));
    }
    int rule = decision.get().rule();
    return new Verdict(
        true,
        where
            + ", by "
            + (rule >= 0
                ? written(profile, Field.ALLOW, policy.describe(rule))
                : written(profile, Field.NETWORK, "full")));
  }

  private static Optional<Decision> decide(NetworkPolicy policy, Rule asked, int port) {
    PolicyState state = new PolicyState(policy, address -> false);
    return switch (asked.target()) {
      case Rule.Addresses a -> Optional.of(state.decide(asked.tcp(), a.range().base(), port, 0));
      case Rule.HostLoopback h -> Optional.of(state.decideHostLoopback(asked.tcp(), port));
      case Rule.Name n -> byName(policy, n.pattern().toString(), asked.tcp(), port);
      case Rule.Anyone any -> Optional.empty();
    };
  }

  /** As if the name had some public address: what a name really has is not asked. */
  private static Optional<Decision> byName(
      NetworkPolicy policy, String name, boolean stream, int port) {
    int forName = policy.ruleForName(name);
    if (forName == Decision.NO_RULE) {
      return Optional.empty();
    }
    if (forName == Decision.ASKS || forName == Decision.DENIED) {
      return Optional.of(new Decision(false, forName, AddressKind.PUBLIC, name));
    }
    PolicyState state = new PolicyState(policy, address -> false);
    var someone = dev.vivarium.profiles.network.AddressRange.parse("1.1.1.1").orElseThrow().base();
    state.bind(name, someone, PolicyState.MOST_SECONDS, 0);
    return Optional.of(state.decide(stream, someone, port, 0));
  }

  private static String written(Profile profile, Field field, String text) {
    Setting setting = profile.settings().get(field);
    return field.key() + " " + text + (setting == null ? "" : ", " + setting.origin());
  }

  private static String origin(Profile profile, Field field) {
    Setting setting = profile.settings().get(field);
    return field.key() + (setting == null ? "" : ", " + setting.origin());
  }
}
