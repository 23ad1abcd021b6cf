package dev.vivarium.engine.process;

/**
 * Why a sandbox is ended, if not by itself.
 *
 * @param exitCode what the run command exits with
 * @param reason for the state, and for the user
 * @param tellUser whether the user, who may have wished it, is told
 * @param failed whether it is nobody's wish
 */
record Ending(int exitCode, String reason, boolean tellUser, boolean failed) {
  private static final int KILLED = 137;

  Ending(int exitCode, String reason, boolean tellUser) {
    this(exitCode, reason, tellUser, false);
  }

  static Ending killedByUser() {
    return new Ending(KILLED, "killed by the user", false);
  }

  static Ending clientGone() {
    return new Ending(KILLED, "the client that ran it went away", false);
  }
}
