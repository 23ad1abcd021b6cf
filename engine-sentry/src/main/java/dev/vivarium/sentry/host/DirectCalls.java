package dev.vivarium.sentry.host;

import org.jspecify.annotations.Nullable;

/**
 * Host calls through a library of ours with a few functions (host.c, confine.c, checkpoint.c). It
 * is there for the start of a sandbox alone: jnr-ffi writes classes at run time, which no AOT cache
 * can keep.
 */
final class DirectCalls implements HostCalls {
  private DirectCalls() {}

  /** Null if the library cannot be loaded: another processor, or nowhere to load it from. */
  static @Nullable DirectCalls load() {
    try {
      NativeFiles.loadLibrary("libvivarium-host.so");
      return new DirectCalls();
    } catch (UnsatisfiedLinkError | IllegalStateException e) {
      return null;
    }
  }

  @Override
  public native long call(long nr, long a0, long a1, long a2, long a3, long a4, long a5);

  @Override
  public int spawn(long path, long argv, long envp, long fds, int count) {
    return spawn0(path, argv, envp, fds, count);
  }

  @Override
  public long confine(long rules, int with) {
    return confine0(rules, with);
  }

  @Override
  public int checkpoint(long path, long jar) {
    return checkpoint0(path, jar);
  }

  private static native int checkpoint0(long path, long jar);

  private static native long confine0(long rules, int with);

  private static native int spawn0(long path, long argv, long envp, long fds, int count);
}
