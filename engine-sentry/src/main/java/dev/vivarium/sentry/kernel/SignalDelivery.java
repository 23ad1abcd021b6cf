package dev.vivarium.sentry.kernel;

/** To come. */
final class SignalDelivery {
  private SignalDelivery() {}
}
