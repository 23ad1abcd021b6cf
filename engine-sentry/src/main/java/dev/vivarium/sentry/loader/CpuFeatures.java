package dev.vivarium.sentry.loader;

/** What the auxiliary vector says of the processor. */
final class CpuFeatures {
  /**
   * CPUID.1:EDX of every x86-64 processor that this runs on: FPU to SSE2 without what only a kernel
   * or a machine check handler could use. Programs ask CPUID itself for more.
   */
  private static final long BASELINE = 0x078bfbffL;

  private CpuFeatures() {}

  static long hwcap() {
    return BASELINE;
  }
}
