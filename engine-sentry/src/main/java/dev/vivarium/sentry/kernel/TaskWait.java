package dev.vivarium.sentry.kernel;

/** To come. */
final class TaskWait {
  private TaskWait() {}
}
