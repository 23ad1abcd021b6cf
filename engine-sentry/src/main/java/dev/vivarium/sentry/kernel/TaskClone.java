package dev.vivarium.sentry.kernel;

/** To come. */
final class TaskClone {
  private TaskClone() {}
}
