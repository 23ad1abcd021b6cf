package dev.vivarium.sentry.kernel;

/** The kernel thread's main loop: runs tasks, looks for events, keeps time. */
public final class KernelLoop {
  void makeRunnable(Task task) {}
}
