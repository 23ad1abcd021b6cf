package dev.vivarium.sentry.kernel;

/** Sending signals: who gets one, whether it counts, and what it does before it is taken. */
final class SignalSending {
  private SignalSending() {}

  static long send(Task target, SignalInfo info, boolean toGroup) {
    throw new UnsupportedOperationException();
  }
}
