package dev.vivarium.sentry.kernel;

/** To come. */
final class TaskExec {
  private TaskExec() {}
}
