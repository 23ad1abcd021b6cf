package dev.vivarium.engine;

import dev.vivarium.profiles.network.NetworkPolicy;
import java.util.List;

/**
 * A sandbox's network.
 *
 * @param policy what it may reach
 * @param ports what of this machine leads into it
 * @param nameServers who resolves names, as {@code ADDRESS:PORT}; empty for this machine's own
 */
public record NetworkSpec(
    NetworkPolicy policy, List<PublishedPort> ports, List<NameServer> nameServers) {
  /** Nothing but the sandbox's own loopback. */
  public static final NetworkSpec NONE = new NetworkSpec(NetworkPolicy.NONE, List.of(), List.of());

  public NetworkSpec {
    ports = List.copyOf(ports);
    nameServers = List.copyOf(nameServers);
  }

  /** Whether there is anything outside. */
  public boolean isNone() {
    return policy.mode() == NetworkPolicy.Mode.NONE && ports.isEmpty();
  }

  /**
   * A port of this machine that leads into the sandbox.
   *
   * @param address of this machine, in numbers
   */
  public record PublishedPort(String address, int hostPort, int guestPort, boolean udp) {
    /** As people write it. */
    @Override
    public String toString() {
      String host = address.indexOf(':') >= 0 ? "[" + address + "]" : address;
      return host + ":" + hostPort + ":" + guestPort + (udp ? "/udp" : "");
    }
  }

  /** A server that resolves names. */
  public record NameServer(String address, int port) {}
}
