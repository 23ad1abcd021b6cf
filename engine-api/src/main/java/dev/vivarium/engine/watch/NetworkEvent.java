package dev.vivarium.engine.watch;

import dev.vivarium.profiles.network.IpAddress;
import java.util.Locale;

/**
 * Something that a sandbox did, or tried to do, in the network.
 *
 * @param pid the process inside; 0 if it is not known
 * @param action what
 * @param protocol tcp, udp, unix …
 * @param address of the other side, or of this one for {@link Action#LISTEN}; numeric, or empty
 * @param port 0 if there is none
 * @param name the host's name, as it was asked for; empty if it is not known
 * @param allowed whether the policy let it through
 * @param rule what decided: the rule as the profile has it, such as {@code allow example.org:443},
 *     or {@code net none}; empty if nothing had to
 * @param sent bytes, for {@link Action#CLOSE}
 * @param received bytes, for {@link Action#CLOSE}
 * @param durationNanos how long the connection took to be made, or the name to be resolved; 0 if
 *     that is not known yet
 */
public record NetworkEvent(
    int pid,
    Action action,
    String protocol,
    String address,
    int port,
    String name,
    boolean allowed,
    String rule,
    long sent,
    long received,
    long durationNanos) {

  /** An address of sixteen bytes (IPv4 mapped), numeric; empty if all are zero. */
  public static String text(byte[] address) {
    IpAddress a = IpAddress.of(address);
    return a.high() == 0 && a.low() == 0 ? "" : a.toString();
  }

  /** What was done; the place of a value is its number in the ring. */
  public enum Action {
    CONNECT,
    LISTEN,
    ACCEPT,
    /** A name was asked for: {@code name}, and {@code address} if there was an answer. */
    RESOLVE,
    /** A datagram went out to an address that none had gone to before. */
    SEND,
    /** A connection is over: {@code sent} and {@code received} are its bytes. */
    CLOSE;

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
