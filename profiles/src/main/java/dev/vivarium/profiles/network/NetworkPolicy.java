package dev.vivarium.profiles.network;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What of the network a sandbox may use.
 *
 * @param mode what may be reached at all
 * @param rules what may be reached besides, in the order in which they were given
 * @param denied what may not be reached, whatever else allows it
 * @param asking how a person is asked, with {@link Mode#ASK}
 */
public record NetworkPolicy(Mode mode, List<Rule> rules, List<Rule> denied, Asking asking) {
  /** Most rules of one sandbox. */
  public static final int MAX_RULES = 512;

  /** Nothing; by rules; by rules, and a person is asked; every public address, more by rules. */
  public enum Mode {
    NONE,
    ALLOW,
    ASK,
    FULL
  }

  /**
   * How a person is asked.
   *
   * @param time how long an attempt waits for an answer
   * @param key under which answers for good are kept, see {@link
   *     dev.vivarium.profiles.Profiles#answers}; empty if they are not
   */
  public record Asking(Duration time, String key) {
    private static final Duration LEAST = Duration.ofSeconds(1);
    private static final Duration MOST = Duration.ofMinutes(2);
    private static final Pattern KEY = Pattern.compile("[a-z0-9_-]{0,80}");

    /** Half a minute, and nothing is kept. */
    public static final Asking USUAL = new Asking(Duration.ofSeconds(30), "");

    public Asking {
      checkTime(time);
      if (!KEY.matcher(key).matches()) {
        throw new IllegalArgumentException("not a key for answers: " + key);
      }
    }

    /**
     * Checks a time.
     *
     * @throws IllegalArgumentException that says what it must be
     */
    public static void checkTime(Duration time) {
      if (time.compareTo(LEAST) < 0 || time.compareTo(MOST) > 0) {
        throw new IllegalArgumentException("a time from 1s to 2m");
      }
    }
  }

  public static final NetworkPolicy NONE = new NetworkPolicy(Mode.NONE, List.of());

  public NetworkPolicy {
    rules = List.copyOf(rules);
    denied = List.copyOf(denied);
    if (rules.size() > MAX_RULES || denied.size() > MAX_RULES) {
      throw new IllegalArgumentException("more than " + MAX_RULES + " rules");
    }
    if (mode == Mode.NONE && !(rules.isEmpty() && denied.isEmpty())) {
      throw new IllegalArgumentException("rules, but no network");
    }
  }

  /** One that denies nothing in particular. */
  public NetworkPolicy(Mode mode, List<Rule> rules) {
    this(mode, rules, List.of(), Asking.USUAL);
  }

  /** Whether a person is asked. */
  public boolean asks() {
    return mode == Mode.ASK;
  }

  /** Which rule lets a name be resolved: its number, or a negative number of {@link Decision}. */
  public int ruleForName(String name) {
    if (denied.stream().anyMatch(r -> r.isForAllPorts() && names(r, name))) {
      return Decision.DENIED;
    }
    for (int i = 0; i < rules.size(); i++) {
      if (names(rules.get(i), name)) {
        return i;
      }
    }
    return switch (mode) {
      case FULL -> Decision.FULL;
      case ASK -> Decision.ASKS;
      default -> Decision.NO_RULE;
    };
  }

  private static boolean names(Rule rule, String name) {
    return rule.target() instanceof Rule.Anyone
        || rule.target() instanceof Rule.Name n && n.pattern().matches(name);
  }

  /** What a rule's number means, for people. */
  public String describe(int rule) {
    return rule >= 0 && rule < rules.size()
        ? rules.get(rule).text()
        : rule == Decision.FULL ? "full" : "";
  }

  /** The policy as the network gofer's arguments. */
  public List<String> arguments() {
    List<String> words = new ArrayList<>();
    words.add(
        switch (mode) {
          case FULL -> "full";
          case ASK -> "ask";
          default -> "allow";
        });
    rules.forEach(r -> words.add(r.argument()));
    denied.forEach(r -> words.add("deny," + r.argument()));
    return words;
  }
}
