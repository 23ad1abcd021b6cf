package dev.vivarium.profiles.network;

/**
 * Whether something may be reached, and why.
 *
 * @param rule the number of the rule that allowed it, {@link #FULL} or {@link #NO_RULE}
 * @param kind what the address is
 * @param name the name by which a rule allowed it; empty if none did
 */
public record Decision(boolean allowed, int rule, AddressKind kind, String name) {
  /** No rule asks for it. */
  public static final int NO_RULE = -1;

  /** The network is open to every public address. */
  public static final int FULL = -2;

  /** A rule denies it. */
  public static final int DENIED = -5;

  /** A person is asked. */
  public static final int ASKS = -6;

  /** A person has allowed it. */
  public static final int ANSWERED = -7;
}
