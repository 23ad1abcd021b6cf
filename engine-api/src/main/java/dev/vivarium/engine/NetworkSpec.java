package dev.vivarium.engine;

import dev.vivarium.profiles.network.NetworkPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A sandbox's network.
 *
 * @param policy what it may reach
 * @param ports what of this machine leads into it
 * @param nameServers who resolves names, as {@code ADDRESS:PORT}; empty for this machine's own
 * @param joined the private network of sandboxes that it is a member of
 * @param limits how fast and how good it is
 * @param namespace the network namespace of the host that its sockets live in, by a path; empty for
 *     that of its own process, of which it sees only what goes out
 */
public record NetworkSpec(
    NetworkPolicy policy,
    List<PublishedPort> ports,
    List<NameServer> nameServers,
    Optional<String> joined,
    Limits limits,
    Optional<String> namespace) {
  /** Nothing but the sandbox's own loopback. */
  public static final NetworkSpec NONE = new NetworkSpec(NetworkPolicy.NONE, List.of(), List.of());

  /** One without limits that is a member of no private network. */
  public NetworkSpec(
      NetworkPolicy policy, List<PublishedPort> ports, List<NameServer> nameServers) {
    this(policy, ports, nameServers, Optional.empty(), Limits.NONE);
  }

  /** One that lives in no namespace of others. */
  public NetworkSpec(
      NetworkPolicy policy,
      List<PublishedPort> ports,
      List<NameServer> nameServers,
      Optional<String> joined,
      Limits limits) {
    this(policy, ports, nameServers, joined, limits, Optional.empty());
  }

  public NetworkSpec {
    ports = List.copyOf(ports);
    nameServers = List.copyOf(nameServers);
  }

  /** Whether there is anything outside. */
  public boolean isNone() {
    return policy.mode() == NetworkPolicy.Mode.NONE
        && ports.isEmpty()
        && joined.isEmpty()
        && namespace.isEmpty();
  }

  /**
   * The network gofer's arguments.
   *
   * @param directory of the private network, in which its members find each other
   * @param name by which others there know the sandbox, besides its host name
   */
  public List<String> arguments(Path directory, String name, String hostname) {
    List<String> words = new ArrayList<>(policy.arguments());
    namespace.ifPresent(path -> words.add("netns," + path));
    nameServers.forEach(s -> words.add("dns," + s.address() + "," + s.port()));
    for (PublishedPort p : ports) {
      words.add("port," + (p.udp() ? "udp" : "tcp") + "," + p.address() + "," + p.hostPort());
    }
    if (!limits.equals(Limits.NONE)) {
      words.add(
          "limits,%d,%d,%d"
              .formatted(
                  limits.bitsPerSecond(),
                  limits.latency().toNanos() / 1000,
                  limits.lossPerMillion()));
    }
    if (joined.isPresent()) {
      words.add(
          "network,%s,%s,%s"
              .formatted(name, hostname.replaceAll("[^A-Za-z0-9._-]", "-"), directory));
    }
    return words;
  }

  /**
   * How fast and how good a network is.
   *
   * @param bitsPerSecond each way, 0 for no limit
   * @param latency added to what leaves the sandbox
   * @param lossPerMillion of datagrams, and of the segments of streams, which arrive later then
   */
  public record Limits(long bitsPerSecond, Duration latency, int lossPerMillion) {
    public static final Limits NONE = new Limits(0, Duration.ZERO, 0);

    public Limits {
      if (bitsPerSecond < 0 || latency.isNegative() || lossPerMillion < 0) {
        throw new IllegalArgumentException("a limit below nothing");
      }
    }
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
