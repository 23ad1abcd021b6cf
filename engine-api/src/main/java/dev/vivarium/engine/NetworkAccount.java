package dev.vivarium.engine;

import static dev.vivarium.engine.watch.NetworkEvent.text;

import dev.vivarium.engine.NetworkQuestion.Outcome;
import dev.vivarium.engine.watch.NetworkEvent;
import dev.vivarium.engine.watch.NetworkEvent.Action;
import dev.vivarium.profiles.network.AddressKind;
import dev.vivarium.profiles.network.Decision;
import dev.vivarium.profiles.network.NetworkPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What is told of a sandbox's network, whatever its engine: an event of each attempt, a line in the
 * log of each refusal, and a line for people at the end. Any thread.
 */
public final class NetworkAccount {
  private static final int MOST_LOGGED = 1000;
  private static final int MOST_SHOWN = 3;
  private static final int EACCES = 13;

  /** The number that stands for "both are in one private network". */
  private static final int MEMBER = -4;

  private static final int MAX_PORTS = 64;

  /** Most attempts that wait for a person, and outcomes that are remembered, for what is told. */
  private static final int MOST_KEPT = 256;

  private static final int MOST_NAMES = 1024;

  private final NetworkSpec spec;
  private final SandboxHost host;

  /** What was refused so far, and the first of it, for people. */
  private int refused;

  private final Set<String> firstRefused = new LinkedHashSet<>();

  /** An attempt that waits for a person. */
  private record Waiting(int pid, boolean stream, byte[] address, int port, long begun) {}

  private final List<Waiting> waiting = new ArrayList<>();

  /** What became of questions, by what they were about. */
  private final Map<String, Outcome> outcomes =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Outcome> eldest) {
          return size() > MOST_KEPT;
        }
      };

  /** By which names connections were allowed, by protocol, address and port. */
  private final Map<String, String> names =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
          return size() > MOST_NAMES;
        }
      };

  public NetworkAccount(NetworkSpec spec, SandboxHost host) {
    this.spec = spec;
    this.host = host;
  }

  /**
   * What decided: the rule, or why there is none.
   *
   * @param about what a question would have been about
   */
  private synchronized String decision(int error, int rule, int kind, String about) {
    NetworkPolicy policy = spec.policy();
    String mode = "net " + policy.mode().name().toLowerCase(Locale.ROOT);
    Outcome outcome = outcomes.get(about);
    if (rule == Decision.ANSWERED || outcome != null && rule <= Decision.DENIED) {
      return mode + ": " + (outcome == null ? Outcome.ALLOWED : outcome).words();
    }
    if (rule == Decision.DENIED) {
      return "network deny";
    }
    if (rule == MEMBER) {
      return "network " + spec.joined().orElse("");
    }
    if (error != EACCES) {
      return rule >= 0 ? "allow " + policy.describe(rule) : mode;
    }
    AddressKind[] kinds = AddressKind.values();
    AddressKind what = kind >= 0 && kind < kinds.length ? kinds[kind] : AddressKind.RESERVED;
    return what == AddressKind.PUBLIC ? mode : mode + ": " + what.description();
  }

  private synchronized void refused(String what, String decision) {
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
  public synchronized String remark() {
    return refused == 0
        ? ""
        : "the network policy refused "
            + (refused == 1 ? "an attempt" : refused + " attempts")
            + ": "
            + String.join(", ", firstRefused)
            + (refused > firstRefused.size() ? " …" : "")
            + "; --allow lets it reach more";
  }

  /**
   * A connection was asked for, or a datagram sent to where none had gone before.
   *
   * @param pid inside; 0 if it is not known
   * @param error 0 or an errno, EACCES if it is the policy's
   * @param rule the number of the rule that let it through; negative for none
   * @param kind the number of the address's {@link AddressKind}
   * @param name by which a rule allowed it; empty for none
   * @param durationNanos how long it took; 0 if that is told later ({@link #connected})
   */
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
    String protocol = stream ? "tcp" : "udp";
    String to = text(address);
    String about = about(protocol, to, port, "");
    if (rule == Decision.ASKS && error == 0) {
      synchronized (this) {
        if (waiting.size() < MOST_KEPT) {
          waiting.add(new Waiting(pid, stream, address.clone(), port, System.nanoTime()));
        }
      }
      return; // it is told of when a person has answered
    }
    if (!name.isEmpty()) {
      synchronized (this) {
        names.put(about, name);
      }
    }
    String decision = decision(error, rule, kind, about);
    boolean allowed = error != EACCES;
    if (!allowed) {
      refused((to.indexOf(':') >= 0 ? "[" + to + "]" : to) + ":" + port + "/" + protocol, decision);
    }
    host.events()
        .network(
            new NetworkEvent(
                pid,
                stream ? Action.CONNECT : Action.SEND,
                protocol,
                to,
                port,
                name,
                allowed,
                decision,
                0,
                0,
                durationNanos));
  }

  /** Somebody was to be reached by a protocol that nothing can allow. */
  public void refused(int pid, String protocol, byte[] address) {
    String decision = decision(EACCES, -1, AddressKind.PUBLIC.ordinal(), "");
    refused(text(address) + "/" + protocol, decision);
    host.events()
        .network(
            new NetworkEvent(
                pid, Action.SEND, protocol, text(address), 0, "", false, decision, 0, 0, 0));
  }

  /** A name was asked for; {@code address} is the first of the answer, or zeros. */
  public void resolved(String name, int error, int rule, int kind, byte[] address) {
    String decision = decision(error, rule, kind, about("dns", "", 0, name));
    boolean allowed = error != EACCES;
    if (!allowed) {
      String answered = text(address);
      refused(answered.isEmpty() ? name : name + " as " + answered, decision);
    }
    host.events()
        .network(
            new NetworkEvent(
                0, Action.RESOLVE, "dns", text(address), 0, name, allowed, decision, 0, 0, 0));
  }

  /**
   * Somebody outside connected to a published port, or a member of the private network, which has a
   * number beyond all ports.
   */
  public void accepted(int port, byte[] address, int peerPort) {
    boolean member = port >= MAX_PORTS;
    if (member || port < spec.ports().size()) {
      host.events()
          .network(
              new NetworkEvent(
                  0,
                  Action.ACCEPT,
                  "tcp",
                  text(address),
                  peerPort,
                  "",
                  true,
                  member
                      ? "network " + spec.joined().orElse("")
                      : "publish " + spec.ports().get(port),
                  0,
                  0,
                  0));
    }
  }

  private synchronized String name(String protocol, String address, int port) {
    return names.getOrDefault(about(protocol, address, port, ""), "");
  }

  /** A connection that was {@link #opened} is there now. */
  public void connected(byte[] address, int port, long durationNanos) {
    String to = text(address);
    String name = name("tcp", to, port);
    host.events().connected(name.isEmpty() ? to : name, port, durationNanos);
  }

  /** A connection is over. */
  public void closed(boolean stream, byte[] address, int port, long sent, long received) {
    String protocol = stream ? "tcp" : "udp";
    String peer = text(address);
    host.events()
        .network(
            new NetworkEvent(
                0,
                Action.CLOSE,
                protocol,
                peer,
                port,
                name(protocol, peer, port),
                true,
                "",
                sent,
                received,
                0));
  }

  private static String about(String protocol, String address, int port, String name) {
    return protocol.equals("dns") ? "dns " + name : protocol + " " + address + " " + port;
  }

  /**
   * A person is to be asked.
   *
   * @param number of the question
   * @param protocol tcp, udp, or dns for a name that is to be looked up
   * @param address zeros for such a name
   * @param kind the number of the address's {@link AddressKind}
   * @param settled told the outcome once, on any thread
   */
  public void asked(
      int number,
      String protocol,
      byte[] address,
      int port,
      int kind,
      String name,
      int pid,
      String program,
      Consumer<Outcome> settled) {
    AddressKind[] kinds = AddressKind.values();
    NetworkQuestion question;
    try {
      question =
          new NetworkQuestion(
              number,
              protocol,
              name,
              protocol.equals("dns") ? "" : text(address),
              port,
              kind >= 0 && kind < kinds.length ? kinds[kind] : AddressKind.RESERVED,
              pid,
              program,
              spec.policy().asking().time().toMillis());
    } catch (IllegalArgumentException e) {
      settled.accept(Outcome.NOBODY); // what cannot be shown cannot be asked
      return;
    }
    host.events().asks(pid, question.text(), "net ask");
    String about = about(protocol, text(address), port, name);
    host.ask(
        question,
        outcome -> {
          synchronized (this) {
            outcomes.put(about, outcome);
          }
          host.events()
              .policy(pid, outcome.allows(), question.subject(), "net ask: " + outcome.words());
          settled.accept(outcome);
          tellWaiting(protocol.equals("tcp"), address, port, name, outcome);
        });
  }

  private void tellWaiting(boolean stream, byte[] address, int port, String name, Outcome outcome) {
    List<Waiting> over = new ArrayList<>();
    synchronized (this) {
      waiting.removeIf(w ->
          w.stream == stream && w.port == port && Arrays.equals(w.address, address) && over.add(w));
    }
    for (Waiting w : over) {
      opened(
          w.pid,
          stream,
          address,
          port,
          outcome.allows() ? 0 : EACCES,
          outcome.allows() ? Decision.ANSWERED : Decision.DENIED,
          AddressKind.PUBLIC.ordinal(),
          name,
          System.nanoTime() - w.begun);
    }
  }
}
