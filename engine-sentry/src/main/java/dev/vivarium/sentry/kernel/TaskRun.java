package dev.vivarium.sentry.kernel;

/** To come. */
final class TaskRun {
  private TaskRun() {}
}
