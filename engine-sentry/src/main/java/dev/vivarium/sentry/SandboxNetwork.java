package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.PrivateNetworks;
import dev.vivarium.engine.watch.EventSink;
import dev.vivarium.engine.watch.NetworkEvent;
import dev.vivarium.engine.watch.NetworkEvent.Action;
import dev.vivarium.profiles.network.AddressKind;
import dev.vivarium.profiles.network.IpAddress;
import dev.vivarium.profiles.network.NetworkPolicy;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.net.outside.NetgoferChannel;
import dev.vivarium.sentry.net.outside.Outside;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The sandbox's network gofer, if it has a network, and what is told of what it does. */
final class SandboxNetwork implements AutoCloseable, Outside.Arrivals, Outside.Observer {
  private static final int MOST_LOGGED = 1000;
  private static final int MAX_PORTS = 64;
  private static final int MAX_TRIES = 10;
  private static final int MOST_SHOWN = 3;
  private static final int BUILT_IN = -3;
  private static final int MEMBER = -4;

  private final NetworkSpec spec;
  private final EventSink events;
  private final SandboxHost host;
  private final NetgoferChannel channel;

  /** Where the members of its private network find each other, if it is in one. */
  private final Path place;

  private @Nullable Outside outside;
  private @Nullable Kernel kernel;
  private @Nullable Task task;

  /** What was refused so far, and the first of it, for people. */
  private int refused;

  private final Set<String> firstRefused = new LinkedHashSet<>();

  private SandboxNetwork(NetworkSpec spec, SandboxHost host, NetgoferChannel channel, Path place) {
    this.place = place;
    this.spec = spec;
    this.host = host;
    this.events = host.events();
    this.channel = channel;
  }

  /** Starts it; null where the specification asks for no network. */
  static @Nullable SandboxNetwork start(SandboxSpec sandbox, SandboxHost host)
      throws EngineException {
    NetworkSpec spec = sandbox.network();
    if (spec.isNone()) {
      return null;
    }
    Path place = PrivateNetworks.of(host.runDirectory(), spec.joined().orElse(""));
    try {
      NetgoferChannel channel = channel(sandbox, place);
      String missing = channel.missing();
      if (!missing.isEmpty()) {
        host.log(
            "the network gofer is confined less than it could be; this host refuses: " + missing);
      }
      return new SandboxNetwork(spec, host, channel, place);
    } catch (IOException e) {
      throw new EngineException(SentrySandbox.FAILED, e.getMessage(), e);
    }
  }

  private static NetgoferChannel channel(SandboxSpec sandbox, Path place) throws IOException {
    List<String> words = sandbox.network().arguments(place, sandbox.name(), sandbox.hostname());
    if (sandbox.network().joined().isEmpty()) {
      return NetgoferChannel.start(words);
    }
    for (int tries = 0; ; tries++) {
      PrivateNetworks.create(place);
      try {
        return NetgoferChannel.start(words);
      } catch (IOException e) {
        // The last member may have taken the network with it just now.
        if (tries == MAX_TRIES || Files.exists(place)) {
          throw e;
        }
      }
    }
  }

  /** Joins it to the kernel, before the first process runs. On the kernel thread. */
  void attach(Kernel to) {
    Outside made =
        new Outside(
            channel,
            to.loop(),
            this,
            () -> to.log("the network gofer has ended; nothing outside can be reached any more"));
    kernel = to;
    task = to.newKernelTask();
    outside = made;
    to.network().setOutside(made);
    made.start(this);
  }

  @Override
  public void connection(int port, int fd, byte[] peer, int peerPort) {
    Kernel k = kernel;
    Outside o = outside;
    Task t = task;
    boolean taken =
        k != null
            && o != null
            && t != null
            && port < spec.ports().size()
            && k.network()
                .arriveConnection(
                    t, o, spec.ports().get(port).guestPort(), port, fd, peer, peerPort);
    if (!taken && o != null) {
      Outside.refuse(fd);
      o.credit(port);
    }
  }

  @Override
  public void datagram(int port, byte[] peer, int peerPort, byte[] data) {
    Kernel k = kernel;
    if (k != null && port < spec.ports().size()) {
      k.network().arriveDatagram(spec.ports().get(port).guestPort(), port, peer, peerPort, data);
    }
  }

  @Override
  public void memberConnection(int guestPort, int fd, byte[] peer, int peerPort) {
    Kernel k = kernel;
    Outside o = outside;
    Task t = task;
    if (k != null
        && o != null
        && t != null
        && k.network().arriveFromMember(t, o, guestPort, fd, peer, peerPort)) {
      Outside.welcome(fd);
    } else {
      Outside.refuse(fd); // which its end tells
    }
  }

  @Override
  public void memberDatagram(int guestPort, byte[] peer, int peerPort, byte[] data) {
    Kernel k = kernel;
    if (k != null) {
      k.network().arriveFromMember(guestPort, peer, peerPort, data);
    }
  }

  // ---- what is told ----

  /** What decided: the rule, or why there is none. */
  private String decision(int error, int rule, int kind) {
    NetworkPolicy policy = spec.policy();
    String mode = "net " + policy.mode().name().toLowerCase(Locale.ROOT);
    if (rule == MEMBER) {
      return "network " + spec.joined().orElse("");
    }
    if (error != Errno.EACCES) {
      return rule >= 0 ? "allow " + policy.describe(rule) : mode;
    }
    AddressKind[] kinds = AddressKind.values();
    AddressKind what = kind < kinds.length ? kinds[kind] : AddressKind.RESERVED;
    return what == AddressKind.PUBLIC ? mode : mode + ": " + what.description();
  }

  private static String text(byte[] address) {
    IpAddress a = IpAddress.of(address);
    return a.high() == 0 && a.low() == 0 ? "" : a.toString();
  }

  private void refused(String what, String decision) {
    if (refused < MOST_LOGGED) {
      host.log("the network policy refused " + what + " (" + decision + ")");
    } else if (refused == MOST_LOGGED) {
      host.log("the network policy refuses more than is logged");
    }
    refused++;
    if (firstRefused.size() < MOST_SHOWN) {
      firstRefused.add(what);
    }
  }

  /** For people, of a run that is over; empty if nothing was refused. */
  String remark() {
    return refused == 0
        ? ""
        : "the network policy refused "
            + (refused == 1 ? "an attempt" : refused + " attempts")
            + ": "
            + String.join(", ", firstRefused)
            + (refused > firstRefused.size() ? " …" : "")
            + "; --allow lets it reach more";
  }

  @Override
  public void opened(
      int pid,
      boolean stream,
      byte[] address,
      int port,
      int error,
      int rule,
      int kind,
      String name,
      long durationNanos) {
    if (rule == BUILT_IN) {
      return; // the name server: what it is asked is told by itself
    }
    String protocol = stream ? "tcp" : "udp";
    String decision = decision(error, rule, kind);
    boolean allowed = error != Errno.EACCES;
    if (!allowed) {
      String host = text(address);
      String shown = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
      refused(shown + ":" + port + "/" + protocol, decision);
    }
    events.network(
        new NetworkEvent(
            pid,
            stream ? Action.CONNECT : Action.SEND,
            protocol,
            text(address),
            port,
            name,
            allowed,
            decision,
            0,
            0,
            durationNanos));
  }

  @Override
  public void resolved(String name, int type, int error, int rule, int kind, byte[] address) {
    String decision = decision(error, rule, kind);
    boolean allowed = error != Errno.EACCES;
    if (!allowed) {
      String address1 = text(address);
      refused(address1.isEmpty() ? name : name + " as " + address1, decision);
    }
    events.network(
        new NetworkEvent(
            0, Action.RESOLVE, "dns", text(address), 0, name, allowed, decision, 0, 0, 0));
  }

  @Override
  public void accepted(int port, byte[] address, int peerPort) {
    boolean member = port >= MAX_PORTS;
    if (member || port < spec.ports().size()) {
      events.network(
          new NetworkEvent(
              0,
              Action.ACCEPT,
              "tcp",
              text(address),
              peerPort,
              "",
              true,
              member ? "network " + spec.joined().orElse("") : "publish " + spec.ports().get(port),
              0,
              0,
              0));
    }
  }

  @Override
  public void closed(boolean stream, byte[] address, int port, long sent, long received) {
    events.network(
        new NetworkEvent(
            0,
            Action.CLOSE,
            stream ? "tcp" : "udp",
            text(address),
            port,
            "",
            true,
            "",
            sent,
            received,
            0));
  }

  String ownAddress() {
    int a = channel.memberAddress();
    return a == 0
        ? "10.86.0.2"
        : "%d.%d.%d.%d".formatted(a >>> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff);
  }

  /** The process, for tests. */
  int pid() {
    return channel.pid();
  }

  @Override
  public void close() {
    int number = channel.memberAddress() & 0xff;
    channel.close();
    if (number != 0) {
      PrivateNetworks.leave(place, number);
    }
  }
}
