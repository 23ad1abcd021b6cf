package dev.vivarium.engine;

/**
 * Told of everything that a sandbox does, or tries to do, on the network. Called by the engine's
 * own thread: an implementation returns at once.
 */
public interface NetworkEvents {
  /** Nobody wants to know. */
  NetworkEvents IGNORED =
      new NetworkEvents() {
        @Override
        public void attempt(Attempt attempt) {}

        @Override
        public void resolved(Lookup lookup) {}

        @Override
        public void accepted(int hostPort, int guestPort, String peer, int peerPort) {}

        @Override
        public void closed(String protocol, String address, int port, long sent, long received) {}
      };

  /** What came of it. */
  enum Outcome {
    ALLOWED,
    /** The policy forbids it. */
    REFUSED,
    /** Allowed, and it failed: nobody there, no route. */
    FAILED
  }

  /**
   * A connection, or the first datagram to somebody.
   *
   * @param pid the process inside
   * @param protocol tcp or udp
   * @param rule the rule that allowed it, as it was written; "full"; or empty
   * @param name by which the rule allowed it, or empty
   * @param why for people, if it was refused or failed; otherwise empty
   */
  record Attempt(
      int pid,
      String protocol,
      String address,
      int port,
      Outcome outcome,
      String rule,
      String name,
      String why) {}

  /**
   * A name that was asked for.
   *
   * @param type of the records: 1 for IPv4 addresses, 28 for IPv6 …
   * @param address the first that was given, or the one for which it was refused; or empty
   */
  record Lookup(String name, int type, Outcome outcome, String rule, String address, String why) {}

  void attempt(Attempt attempt);

  void resolved(Lookup lookup);

  /** A connection to a published port. */
  void accepted(int hostPort, int guestPort, String peer, int peerPort);

  /** A connection is over. */
  void closed(String protocol, String address, int port, long sent, long received);
}
