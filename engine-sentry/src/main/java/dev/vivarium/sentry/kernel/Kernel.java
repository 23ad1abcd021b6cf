package dev.vivarium.sentry.kernel;

/** One sandbox's kernel: what all its tasks share. */
public final class Kernel {
  private final KernelLoop loop = new KernelLoop();

  public KernelLoop loop() {
    return loop;
  }
}
