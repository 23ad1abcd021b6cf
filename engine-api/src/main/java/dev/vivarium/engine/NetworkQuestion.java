package dev.vivarium.engine;

import dev.vivarium.profiles.network.AddressKind;
import dev.vivarium.profiles.network.HostPattern;
import dev.vivarium.profiles.network.IpAddress;
import dev.vivarium.profiles.network.Rule;
import java.util.Optional;

/**
 * What a person is asked: may this sandbox reach that? Whatever a guest chose of it is harmless in
 * here: names are host names, a program's name is letters, and nothing can pass for more than it is
 * or be longer than a line.
 *
 * @param number of the question, in its sandbox
 * @param protocol tcp, udp, or dns where a name was to be looked up, which is asked for once and
 *     for all its ports
 * @param name of the host, in lower case; empty if it is not known
 * @param address in numbers; empty for a name that is not looked up yet
 * @param port 0 for all
 * @param kind what the address is; {@link AddressKind#LOOPBACK} is this machine itself
 * @param pid the process inside; 0 if it is not known
 * @param program its name; empty if it is not known
 * @param millisLeft how long the attempt still waits
 */
public record NetworkQuestion(
    int number,
    String protocol,
    String name,
    String address,
    int port,
    AddressKind kind,
    int pid,
    String program,
    long millisLeft) {
  private static final int MAX_PROGRAM = 15;
  private static final int SHOWN_NAME = 64;
  private static final int LAST_PORT = 65_535;

  /** What a person says. The place of a value is its number on the control socket. */
  public enum Answer {
    /** Yes, as long as this run lasts. */
    ALLOW,
    /** Yes, and in every later run with this profile. Who answers remembers it. */
    ALWAYS,
    /** No, as long as this run lasts. */
    REFUSE,
    /** No, and in no later run with this profile. Who answers remembers it. */
    NEVER;

    public boolean allows() {
      return this == ALLOW || this == ALWAYS;
    }

    /** Whether it holds for later runs too. */
    public boolean isForGood() {
      return this == ALWAYS || this == NEVER;
    }
  }

  /** What became of a question. The place of a value is its number on the control socket. */
  public enum Outcome {
    ALLOWED("allowed by you"),
    ALWAYS("always allowed by you"),
    REFUSED("refused by you"),
    NEVER("never allowed, said you"),
    TIMED_OUT("nobody answered in time"),
    NOBODY("nobody was there to be asked"),
    TOO_MANY("too many questions"),
    ENDED("the run ended");

    private final String words;

    Outcome(String words) {
      this.words = words;
    }

    /** For people. */
    public String words() {
      return words;
    }

    /** The one that an answer leads to. */
    public static Outcome of(Answer answer) {
      return switch (answer) {
        case ALLOW -> ALLOWED;
        case ALWAYS -> ALWAYS;
        case REFUSE -> REFUSED;
        case NEVER -> NEVER;
      };
    }

    public boolean allows() {
      return this == ALLOWED || this == ALWAYS;
    }

    /** Whether a person said so, and need not be asked again. */
    public boolean isAnswer() {
      return ordinal() <= NEVER.ordinal();
    }
  }

  public NetworkQuestion {
    if (!protocol.equals("tcp") && !protocol.equals("udp") && !protocol.equals("dns")) {
      throw new IllegalArgumentException("protocol");
    }
    if (port < 0 || port > LAST_PORT || millisLeft < 0 || pid < 0) {
      throw new IllegalArgumentException("a number of a question");
    }
    if (!name.isEmpty() && !HostPattern.normalize(name).equals(Optional.of(name))) {
      throw new IllegalArgumentException("a host's name");
    }
    if (address.isEmpty() ? name.isEmpty() : IpAddress.parse(address).isEmpty()) {
      throw new IllegalArgumentException("an address");
    }
    program = plain(program);
  }

  /** A program's name without what is no plain letter; cut. */
  private static String plain(String text) {
    StringBuilder b = new StringBuilder();
    for (int i = 0; i < Math.min(text.length(), MAX_PROGRAM); i++) {
      char c = text.charAt(i);
      boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      b.append(letter || "._+-".indexOf(c) >= 0 ? c : '?');
    }
    return b.toString();
  }

  /** The same with another time. */
  public NetworkQuestion withMillisLeft(long millis) {
    return new NetworkQuestion(
        number, protocol, name, address, port, kind, pid, program, Math.max(0, millis));
  }

  /** The rule that an answer for good comes to, as {@code network.allow} has it. */
  public String rule() {
    String host =
        kind == AddressKind.LOOPBACK
            ? Rule.hostName()
            : !name.isEmpty() ? name : address.indexOf(':') >= 0 ? "[" + address + "]" : address;
    return host + (port == 0 ? "" : ":" + port) + (protocol.equals("dns") ? "" : "/" + protocol);
  }

  /** What is to be reached, for people. A long name shows its end, which says whose it is. */
  public String subject() {
    String shown =
        name.length() > SHOWN_NAME ? "…" + name.substring(name.length() - SHOWN_NAME) : name;
    if (protocol.equals("dns")) {
      return shown;
    }
    String udp = protocol.equals("udp") ? "/udp" : "";
    if (kind == AddressKind.LOOPBACK) {
      return "port " + port + udp + " of this machine itself";
    }
    String at = address.indexOf(':') >= 0 ? "[" + address + "]" : address;
    return (shown.isEmpty() ? at : shown)
        + ":"
        + port
        + udp
        + (shown.isEmpty() ? "" : " (" + address + ")")
        + (kind == AddressKind.PUBLIC ? "" : ", " + kind.description());
  }

  /** The question without its mark, for people: "curl (process 7) wants to reach example.org". */
  public String text() {
    return (program.isEmpty() ? "a program" : program)
        + (pid == 0 ? "" : " (process " + pid + ")")
        + " wants to reach "
        + subject();
  }
}
