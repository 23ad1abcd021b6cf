package dev.vivarium.engine;

/**
 * How the first process ended.
 *
 * @param code its exit code, 0 to 255; meaningless if a signal ended it
 * @param signal the signal that ended it, or 0
 */
public record ExitStatus(int code, int signal) {
  /** What a shell would show: the code, or 128 plus the signal. */
  public int shellCode() {
    return signal != 0 ? 128 + signal : code;
  }
}
