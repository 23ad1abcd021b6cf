package dev.vivarium.profiles.network;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A policy with what it has learned: which addresses the names that rules speak of have at present.
 * Not for several threads.
 */
public final class PolicyState {
  /** A program may use an answer for a while, however short-lived it was said to be. */
  public static final long LEAST_SECONDS = 60;

  public static final long MOST_SECONDS = 3600;

  private static final int MAX_BINDINGS = 1024;

  private record Binding(String name, long endSeconds) {}

  private final NetworkPolicy policy;
  private final Predicate<IpAddress> own;
  private final Map<IpAddress, List<Binding>> bindings = new HashMap<>();
  private int count;

  /**
   * A fresh one.
   *
   * @param own tells this machine's own addresses
   */
  public PolicyState(NetworkPolicy policy, Predicate<IpAddress> own) {
    this.policy = policy;
    this.own = own;
  }

  private AddressKind kind(IpAddress address) {
    AddressKind kind = AddressKind.of(address);
    return kind != AddressKind.LOOPBACK && kind != AddressKind.MULTICAST && own.test(address)
        ? AddressKind.OWN
        : kind;
  }

  /**
   * Learns an address from an answer for a name that may be resolved.
   *
   * @return whether the answer may be given: one that leads into a set-aside range may not, unless
   *     a rule asks for that address
   */
  public boolean bind(String name, IpAddress address, long ttlSeconds, long nowSeconds) {
    AddressKind kind = kind(address);
    if (kind != AddressKind.PUBLIC) {
      return policy.rules().stream().anyMatch(r -> r.asksFor(address, kind));
    }
    long end = nowSeconds + Math.max(LEAST_SECONDS, Math.min(ttlSeconds, MOST_SECONDS));
    List<Binding> list = bindings.computeIfAbsent(address, a -> new ArrayList<>(1));
    count -= list.size();
    list.removeIf(b -> b.name.equals(name) && b.endSeconds <= end || b.endSeconds <= nowSeconds);
    if (list.stream().noneMatch(b -> b.name.equals(name))) {
      list.add(new Binding(name, end));
    }
    count += list.size();
    if (count > MAX_BINDINGS) {
      forget(nowSeconds);
    }
    return true;
  }

  private void forget(long nowSeconds) {
    long earliest = Long.MAX_VALUE;
    for (List<Binding> list : bindings.values()) {
      for (Binding b : list) {
        earliest = Math.min(earliest, b.endSeconds);
      }
    }
    long until = Math.max(earliest, nowSeconds);
    count = 0;
    Iterator<List<Binding>> all = bindings.values().iterator();
    while (all.hasNext()) {
      List<Binding> list = all.next();
      list.removeIf(b -> b.endSeconds <= until);
      if (list.isEmpty()) {
        all.remove();
      }
      count += list.size();
    }
  }

  /** Decides about a connection (TCP) or a datagram's way (UDP). */
  public Decision decide(boolean stream, IpAddress address, int port, long nowSeconds) {
    AddressKind kind = kind(address);
    List<Rule> rules = policy.rules();
    List<Binding> names = bindings.getOrDefault(address, List.of());
    for (Rule r : policy.denied()) {
      if (r.fits(stream, port)
          && (r.target() instanceof Rule.Anyone
              || r.target() instanceof Rule.Addresses a && a.range().contains(address)
              || name(r, names, nowSeconds).isPresent())) {
        return new Decision(false, Decision.DENIED, kind, "");
      }
    }
    for (int i = 0; i < rules.size() && port != 0; i++) {
      Rule r = rules.get(i);
      if (!r.fits(stream, port)) {
        continue;
      }
      if (r.asksFor(address, kind)
          || kind == AddressKind.PUBLIC && r.target() instanceof Rule.Anyone) {
        return new Decision(true, i, kind, "");
      }
      Optional<String> name = name(r, names, nowSeconds);
      if (kind == AddressKind.PUBLIC && name.isPresent()) {
        return new Decision(true, i, kind, name.get());
      }
    }
    boolean full =
        policy.mode() == NetworkPolicy.Mode.FULL && kind == AddressKind.PUBLIC && port != 0;
    boolean asks =
        policy.asks() && (kind == AddressKind.PUBLIC || kind == AddressKind.PRIVATE) && port != 0;
    return new Decision(
        full, full ? Decision.FULL : asks ? Decision.ASKS : Decision.NO_RULE, kind, "");
  }

  /** The name by which a rule means who has these. */
  private static Optional<String> name(Rule rule, List<Binding> names, long nowSeconds) {
    if (rule.target() instanceof Rule.Name n) {
      for (Binding b : names) {
        if (b.endSeconds > nowSeconds && n.pattern().matches(b.name)) {
          return Optional.of(b.name);
        }
      }
    }
    return Optional.empty();
  }

  /** Decides about a server on this machine's loopback interface. */
  public Decision decideHostLoopback(boolean stream, int port) {
    for (Rule r : policy.denied()) {
      if (r.target() instanceof Rule.HostLoopback && r.fits(stream, port)) {
        return new Decision(false, Decision.DENIED, AddressKind.LOOPBACK, "");
      }
    }
    for (int i = 0; i < policy.rules().size(); i++) {
      Rule r = policy.rules().get(i);
      if (r.target() instanceof Rule.HostLoopback && r.fits(stream, port)) {
        return new Decision(true, i, AddressKind.LOOPBACK, "");
      }
    }
    return new Decision(
        false, policy.asks() ? Decision.ASKS : Decision.NO_RULE, AddressKind.LOOPBACK, "");
  }
}
