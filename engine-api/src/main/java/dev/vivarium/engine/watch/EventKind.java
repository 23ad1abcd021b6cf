package dev.vivarium.engine.watch;

import java.util.Locale;
import java.util.Optional;

/** What an event tells of. The numbers are those in the ring. */
public enum EventKind {
  /** A system call has returned, or has begun and will not return. */
  SYSCALL(1),
  /** A process or thread was made: {@code number} is its tid, {@code result} its process. */
  START(2),
  /** A process has a new program: its path and its arguments. */
  EXEC(3),
  /** A process has ended: {@code result} is its wait status. */
  EXIT(4),
  /** Something was done with a file: {@code number} is a {@link FileAction}. */
  FILE(5),
  /** Something was done in the network: {@code number} is a {@link NetworkEvent.Action}. */
  NETWORK(6),
  /** A signal was delivered: {@code number} is it. */
  SIGNAL(7),
  /** A limit of the sandbox was reached. */
  LIMIT(8),
  /** A call was made that the sandbox does not have: {@code number} is it. */
  UNSUPPORTED(9),
  /** The policy allowed or refused something. */
  POLICY(10),
  /**
   * A system call has begun to wait, and will be told of when it returns. Only for those who ask.
   */
  WAIT(11),
  /** Data went over the sandbox's network: see {@link Packet}. Only for those who ask. */
  PACKET(12);

  private static final EventKind[] BY_NUMBER = new EventKind[13];

  static {
    for (EventKind kind : values()) {
      BY_NUMBER[kind.number] = kind;
    }
  }

  private final int number;
  private final String word = name().toLowerCase(Locale.ROOT);

  EventKind(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }

  /** Whether every reader gets it; else those alone that ask for it. */
  public boolean isForAll() {
    return this != WAIT && this != PACKET;
  }

  /** As it is written in JSON and on the command line. */
  public String word() {
    return word;
  }

  /** The one with this number in the ring; empty if there is none. */
  static Optional<EventKind> of(int number) {
    return number > 0 && number < BY_NUMBER.length
        ? Optional.of(BY_NUMBER[number])
        : Optional.empty();
  }
}
