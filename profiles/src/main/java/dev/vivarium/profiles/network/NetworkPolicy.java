package dev.vivarium.profiles.network;

import java.util.ArrayList;
import java.util.List;

/**
 * What of the network a sandbox may use.
 *
 * @param mode what may be reached at all
 * @param rules what may be reached besides, in the order in which they were given
 */
public record NetworkPolicy(Mode mode, List<Rule> rules) {
  /** Most rules of one sandbox. */
  public static final int MAX_RULES = 512;

  /** Nothing; by rules; every public address, and more by rules. */
  public enum Mode {
    NONE,
    ALLOW,
    FULL
  }

  public static final NetworkPolicy NONE = new NetworkPolicy(Mode.NONE, List.of());

  public NetworkPolicy {
    rules = List.copyOf(rules);
    if (rules.size() > MAX_RULES) {
      throw new IllegalArgumentException("more than " + MAX_RULES + " rules");
    }
    if (mode == Mode.NONE && !rules.isEmpty()) {
      throw new IllegalArgumentException("rules, but no network");
    }
  }

  /** Which rule lets a name be resolved: its number, or a negative number of {@link Decision}. */
  public int ruleForName(String name) {
    for (int i = 0; i < rules.size(); i++) {
      Rule.Target target = rules.get(i).target();
      if (target instanceof Rule.Anyone
          || target instanceof Rule.Name n && n.pattern().matches(name)) {
        return i;
      }
    }
    return mode == Mode.FULL ? Decision.FULL : Decision.NO_RULE;
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
    words.add(mode == Mode.FULL ? "full" : "allow");
    rules.forEach(r -> words.add(r.argument()));
    return words;
  }
}
