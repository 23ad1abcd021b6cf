package dev.vivarium.engine.watch;

/**
 * Takes what parts of an engine outside of its system calls have to tell: the network's gofer, a
 * limit, a policy. From any thread. Does nothing, and costs one look at a field, while nobody
 * watches; callers for whom making the event costs something ask {@link #isWatched} first.
 */
public interface EventSink {
  /** For engines without a host. */
  EventSink NONE =
      new EventSink() {
        @Override
        public boolean isWatched() {
          return false;
        }

        @Override
        public void network(NetworkEvent event) {}

        @Override
        public void limit(int pid, String what) {}

        @Override
        public void policy(int pid, boolean allowed, String what, String rule) {}
      };

  /** Whether anybody will hear of it. */
  boolean isWatched();

  /** Something was done or tried in the network. */
  void network(NetworkEvent event);

  /**
   * A connection that was told of before, without how long it took, is there now.
   *
   * @param host its name, or its address where it has none
   */
  default void connected(String host, int port, long durationNanos) {}

  /** A limit of the sandbox was reached; {@code what} in one line. */
  void limit(int pid, String what);

  /** The policy decided something that is not of the network. */
  void policy(int pid, boolean allowed, String what, String rule);

  /** A person is asked whether something may be; {@code what} in one line. */
  default void asks(int pid, String what, String rule) {}
}
