package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.profiles.Answers;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.ProfileException;
import dev.vivarium.profiles.Profiles;
import dev.vivarium.profiles.Quantity;
import dev.vivarium.profiles.network.NetworkPolicy;
import dev.vivarium.profiles.network.Rule;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What a profile's values mean for a sandbox that is started from here. */
public final class ProfileValues {
  private ProfileValues() {}

  /** The profile that a flag names. */
  static Optional<Profile> load(Optional<String> name, Context context) throws CliException {
    if (name.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Profiles.of(context.environment()).load(name.get()));
    } catch (ProfileException e) {
      throw new CliException(CliException.FAILED, e.getMessage(), e);
    }
  }

  /** A mount, seen from the current directory. */
  public static SandboxSpec.Mount mount(String text, Map<String, String> environment)
      throws CliException {
    return Values.mount("--profile: mounts", Profiles.expand(text, environment));
  }

  /** The network policy. */
  public static NetworkPolicy policy(Profile profile) throws CliException {
    for (Field field : new Field[] {Field.ALLOW, Field.DENY_HOST}) {
      if (profile.list(field).size() > NetworkPolicy.MAX_RULES) {
        throw new CliException(
            CliException.FAILED,
            profile.name()
                + ": "
                + field.key()
                + ": at most "
                + NetworkPolicy.MAX_RULES
                + " rules");
      }
    }
    NetworkPolicy.Mode mode = mode(profile.text(Field.NETWORK).orElse("none")).orElseThrow();
    return mode == NetworkPolicy.Mode.NONE
        ? NetworkPolicy.NONE
        : new NetworkPolicy(
            mode,
            profile.list(Field.ALLOW).stream().map(Rule::parse).toList(),
            profile.list(Field.DENY_HOST).stream().map(Rule::parse).toList(),
            asking(Optional.of(profile)));
  }

  /** What a word means; empty if it is none. */
  static Optional<NetworkPolicy.Mode> mode(String word) {
    for (NetworkPolicy.Mode mode : NetworkPolicy.Mode.values()) {
      if (mode.name().toLowerCase(Locale.ROOT).equals(word)) {
        return Optional.of(mode);
      }
    }
    return Optional.empty();
  }

  /** How a person is asked. */
  static NetworkPolicy.Asking asking(Optional<Profile> profile) {
    return new NetworkPolicy.Asking(
        profile
            .flatMap(p -> p.text(Field.ASK_TIME))
            .map(Quantity::duration)
            .orElse(NetworkPolicy.Asking.USUAL.time()),
        profile.map(p -> Answers.key(p.name())).orElse(""));
  }
}
