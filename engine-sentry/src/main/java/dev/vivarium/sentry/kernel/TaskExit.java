package dev.vivarium.sentry.kernel;

/** To come. */
final class TaskExit {
  private TaskExit() {}
}
