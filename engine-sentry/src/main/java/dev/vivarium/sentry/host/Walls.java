package dev.vivarium.sentry.host;

import dev.vivarium.engine.Confinement;
import dev.vivarium.sentry.abi.Errno;

/** The walls around this very process (confine.c, calls.c). */
public final class Walls extends Confinement {
  @Override
  protected long confine(long rules, int with) {
    return Libc.CALLS.confine(rules, with);
  }

  @Override
  protected String nameOf(int errno) {
    return Errno.name(errno);
  }
}
