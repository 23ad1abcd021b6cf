package dev.vivarium.microvm.agent;

/** Why a process was not started; {@code errno} is 0 where there is none. */
public record StartFailure(Kind kind, int errno) {
  /** What could not be done. */
  public enum Kind {
    CANNOT_EXECUTE,
    NO_SUCH_USER,
    NO_SUCH_GROUP,
    NO_DIRECTORY,
    CANNOT_PREPARE
  }

  static StartFailure of(int number, int errno) {
    Kind kind =
        switch (number) {
          case AgentProtocol.CANNOT_EXECUTE -> Kind.CANNOT_EXECUTE;
          case AgentProtocol.NO_SUCH_USER -> Kind.NO_SUCH_USER;
          case AgentProtocol.NO_SUCH_GROUP -> Kind.NO_SUCH_GROUP;
          case AgentProtocol.NO_DIRECTORY -> Kind.NO_DIRECTORY;
          default -> Kind.CANNOT_PREPARE;
        };
    return new StartFailure(kind, errno);
  }
}
