package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.NetworkSpec.NameServer;
import dev.vivarium.engine.NetworkSpec.PublishedPort;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.Quantity;
import dev.vivarium.profiles.network.AddressRange;
import dev.vivarium.profiles.network.NetworkPolicy;
import dev.vivarium.profiles.network.Rule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ParseResult;

/**
 * The flags of {@code run} about the network: {@code --net}, {@code --allow}, {@code -p}, {@code
 * --dns}, {@code --network} and the limits.
 */
final class NetworkFlags {
  private static final int MAX_PORTS = 64;
  private static final int MAX_SERVERS = 3;
  private static final int LAST_PORT = 65_535;
  private static final int DNS = 53;

  private NetworkFlags() {}

  /** What the flags say, added to what the profile says; {@code --net} decides alone. */
  static NetworkSpec read(ParseResult arguments, Optional<Profile> profile) throws CliException {
    String[] given = arguments.matchedOptionValue("--allow", new String[0]);
    String inherited = profile.flatMap(p -> p.text(Field.NETWORK)).orElse("none");
    String mode =
        arguments.matchedOptionValue(
            "--net", given.length > 0 && inherited.equals("none") ? "allow" : inherited);
    List<String> allowed = new ArrayList<>();
    List<String> denied = new ArrayList<>();
    if (!mode.equals("none") && !inherited.equals("none")) {
      allowed.addAll(profile.map(p -> p.list(Field.ALLOW)).orElse(List.of()));
    }
    if (!mode.equals("none")) {
      denied.addAll(profile.map(p -> p.list(Field.DENY_HOST)).orElse(List.of()));
    }
    String[] refused = arguments.matchedOptionValue("--deny", new String[0]);
    allowed.addAll(List.of(given));
    denied.addAll(List.of(refused));
    NetworkPolicy.Mode wanted =
        ProfileValues.mode(mode)
            .orElseThrow(() ->
                new CliException(
                    CliException.USAGE,
                    "run: --net: unknown: " + mode + "; there are none, allow, ask and full"));
    if (wanted == NetworkPolicy.Mode.NONE && !allowed.isEmpty()) {
      throw new CliException(
          CliException.USAGE, "run: --allow: there is no network with --net none; leave one out");
    }
    if (wanted == NetworkPolicy.Mode.NONE && !denied.isEmpty()) {
      throw new CliException(
          CliException.USAGE,
          "run: --deny: there is no network; --net full or --net ask gives one");
    }
    NetworkPolicy policy =
        new NetworkPolicy(
            wanted,
            rules("--allow", allowed),
            rules("--deny", denied),
            ProfileValues.asking(profile));
    NetworkSpec network =
        new NetworkSpec(
            policy,
            ports(arguments, profile),
            servers(arguments),
            value(arguments, "--network", profile, Field.JOIN),
            limits(arguments, profile));
    if (network.isNone()) {
      for (String flag : new String[] {"--net-rate", "--net-latency", "--net-loss"}) {
        if (arguments.hasMatchedOption(flag)) {
          throw new CliException(
              CliException.USAGE,
              "run: " + flag + ": there is no network; --net, --allow, -p and --network give one");
        }
      }
    }
    return network;
  }

  /** Whether a person is to be asked, as far as flags and profile say. */
  static boolean asks(ParseResult arguments, Context context) throws CliException {
    String mode = arguments.matchedOptionValue("--net", "");
    String named = arguments.matchedOptionValue("--profile", (String) null);
    return mode.isEmpty() && named != null
        ? ProfileValues.load(Optional.of(named), context)
            .flatMap(p -> p.text(Field.NETWORK))
            .equals(Optional.of("ask"))
        : mode.equals("ask");
  }

  private static List<Rule> rules(String flag, List<String> texts) throws CliException {
    List<Rule> rules = new ArrayList<>();
    for (String text : texts) {
      try {
        rules.add(Rule.parse(text));
      } catch (IllegalArgumentException e) {
        throw new CliException(CliException.USAGE, "run: " + flag + ": " + e.getMessage());
      }
    }
    if (rules.size() > NetworkPolicy.MAX_RULES) {
      throw new CliException(
          CliException.USAGE, "run: " + flag + ": at most " + NetworkPolicy.MAX_RULES + " rules");
    }
    return rules;
  }

  /** A flag, or what the profile says; checked as the profile's field is. */
  private static Optional<String> value(
      ParseResult arguments, String flag, Optional<Profile> profile, Field field)
      throws CliException {
    String given = arguments.matchedOptionValue(flag, (String) null);
    if (given == null) {
      return profile.flatMap(p -> p.text(field));
    }
    try {
      field.check(given);
    } catch (IllegalArgumentException e) {
      throw new CliException(
          CliException.USAGE, "run: " + flag + ": not " + e.getMessage() + ": " + given);
    }
    return Optional.of(given);
  }

  private static NetworkSpec.Limits limits(ParseResult arguments, Optional<Profile> profile)
      throws CliException {
    return new NetworkSpec.Limits(
        value(arguments, "--net-rate", profile, Field.RATE).map(Quantity::bitsPerSecond).orElse(0L),
        value(arguments, "--net-latency", profile, Field.LATENCY)
            .map(Quantity::duration)
            .orElse(Duration.ZERO),
        value(arguments, "--net-loss", profile, Field.LOSS).map(Quantity::perMillion).orElse(0));
  }

  private static List<PublishedPort> ports(ParseResult arguments, Optional<Profile> profile)
      throws CliException {
    List<PublishedPort> ports = new ArrayList<>();
    for (String text : profile.map(p -> p.list(Field.PUBLISH)).orElse(List.of())) {
      ports.add(port(text));
    }
    for (String text : arguments.matchedOptionValue("-p", new String[0])) {
      ports.add(port(text));
    }
    if (ports.size() > MAX_PORTS) {
      throw new CliException(CliException.USAGE, "run: -p: at most " + MAX_PORTS + " ports");
    }
    return ports;
  }

  /** {@code [ADDRESS:]HOST:GUEST[/tcp|/udp]}. */
  static PublishedPort port(String text) throws CliException {
    String rest = text;
    boolean udp = rest.endsWith("/udp");
    if (udp || rest.endsWith("/tcp")) {
      rest = rest.substring(0, rest.length() - 4);
    }
    int second = rest.lastIndexOf(':');
    int first = second < 0 ? -1 : rest.lastIndexOf(':', second - 1);
    String address = "127.0.0.1";
    if (first >= 0) {
      address = rest.substring(0, first);
      boolean v6 = address.startsWith("[") && address.endsWith("]");
      address = v6 ? address.substring(1, address.length() - 1) : address;
      AddressRange range = AddressRange.parse(address).orElse(null);
      if (range == null || !range.isSingle() || v6 != address.indexOf(':') >= 0) {
        throw notAPort(text);
      }
    }
    if (second < 0) {
      throw notAPort(text);
    }
    return new PublishedPort(
        address,
        number(rest.substring(first + 1, second), text),
        number(rest.substring(second + 1), text),
        udp);
  }

  private static int number(String digits, String text) throws CliException {
    if (!digits.matches("[0-9]{1,5}")) {
      throw notAPort(text);
    }
    int port = Integer.parseInt(digits);
    if (port < 1 || port > LAST_PORT) {
      throw notAPort(text);
    }
    return port;
  }

  private static CliException notAPort(String text) {
    return new CliException(
        CliException.USAGE, "run: -p: not [ADDRESS:]PORT:PORT_INSIDE[/udp]: " + text);
  }

  private static List<NameServer> servers(ParseResult arguments) throws CliException {
    List<NameServer> servers = new ArrayList<>();
    for (String text : arguments.matchedOptionValue("--dns", new String[0])) {
      int colon = text.lastIndexOf(':');
      boolean plainV6 = text.indexOf(':') != colon && !text.startsWith("[");
      boolean hasPort = colon >= 0 && !plainV6 && !text.endsWith("]");
      String address = hasPort ? text.substring(0, colon) : text;
      if (address.startsWith("[") && address.endsWith("]")) {
        address = address.substring(1, address.length() - 1);
      }
      AddressRange range = AddressRange.parse(address).orElse(null);
      if (range == null || !range.isSingle()) {
        throw new CliException(
            CliException.USAGE, "run: --dns: not an address of a name server: " + text);
      }
      servers.add(new NameServer(address, hasPort ? number(text.substring(colon + 1), text) : DNS));
    }
    if (servers.size() > MAX_SERVERS) {
      throw new CliException(
          CliException.USAGE, "run: --dns: at most " + MAX_SERVERS + " name servers");
    }
    return servers;
  }
}
