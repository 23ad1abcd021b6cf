package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.NetworkAccount;
import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.PrivateNetworks;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.net.outside.NetgoferChannel;
import dev.vivarium.sentry.net.outside.Outside;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The sandbox's network gofer, if it has a network, and what is told of what it does. */
final class SandboxNetwork implements AutoCloseable, Outside.Arrivals, Outside.Observer {
  private static final int MAX_TRIES = 10;
  private static final int BUILT_IN = -3;
  private static final int MOST_LOOKS = 3;
  private static final String NAME = "the network gofer";

  private final SandboxHost host;
  private final NetworkSpec spec;
  private final NetworkAccount account;
  private final NetgoferChannel channel;

  /** Where the members of its private network find each other, if it is in one. */
  private final Path place;

  private @Nullable Outside outside;
  private @Nullable Kernel kernel;
  private @Nullable Task task;

  private SandboxNetwork(NetworkSpec spec, SandboxHost host, NetgoferChannel channel, Path place) {
    this.place = place;
    this.host = host;
    this.spec = spec;
    this.account = new NetworkAccount(spec, host);
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

  /** What is to be watched. */
  void watch(Watchdog dog) {
    dog.watch(NAME, channel.pidfd());
  }

  /** Looks whether it answers; why not, or empty. On the kernel thread, every few seconds. */
  String lookAfter() {
    Outside o = outside;
    return o != null && o.lookAfterGofer() > MOST_LOOKS ? NAME + " does not answer" : "";
  }

  /** Joins it to the kernel, before the first process runs. On the kernel thread. */
  void attach(Kernel to) {
    Outside made = new Outside(channel, to.loop(), this, () -> host.fail(NAME + " has ended"));
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
    if (k != null && o != null && t != null && o.isInNamespace()) {
      if (!k.network().arriveAtListener(t, o, port, fd, peer, peerPort)) {
        Outside.refuse(fd);
      }
      return;
    }
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
    Outside o = outside;
    if (k != null && o != null && o.isInNamespace()) {
      k.network().arriveAtListener(port, peer, peerPort, data);
    } else if (k != null && port < spec.ports().size()) {
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

  /** For people, of a run that is over; empty if nothing was refused. */
  String remark() {
    return account.remark();
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
    account.opened(pid, stream, address, port, error, rule, kind, name, durationNanos);
  }

  @Override
  public void connected(byte[] address, int port, long durationNanos) {
    account.connected(address, port, durationNanos);
  }

  @Override
  public void refused(int pid, String protocol, byte[] address) {
    account.refused(pid, protocol, address);
  }

  @Override
  public void resolved(String name, int type, int error, int rule, int kind, byte[] address) {
    account.resolved(name, error, rule, kind, address);
  }

  private static String program(Kernel k, int pid) {
    ThreadGroup group = pid == 0 ? null : k.pids().group(pid);
    return group == null ? "" : group.leader().comm;
  }

  @Override
  public void asked(
      int number, int pid, String protocol, byte[] address, int port, int kind, String name) {
    Kernel k = java.util.Objects.requireNonNull(kernel);
    Outside o = java.util.Objects.requireNonNull(outside);
    account.asked(
        number,
        protocol,
        address,
        port,
        kind,
        name,
        pid,
        program(k, pid),
        outcome ->
            k.loop()
                .post(() ->
                    o.answer(
                        number,
                        outcome.isAnswer() ? Optional.of(outcome.allows()) : Optional.empty())));
  }

  @Override
  public void accepted(int port, byte[] address, int peerPort) {
    account.accepted(port, address, peerPort);
  }

  @Override
  public void closed(boolean stream, byte[] address, int port, long sent, long received) {
    account.closed(stream, address, port, sent, received);
  }

  /** Where the members of its private network meet, if it is in one. */
  Optional<Path> meetingPlace() {
    return spec.joined().map(name -> place);
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
