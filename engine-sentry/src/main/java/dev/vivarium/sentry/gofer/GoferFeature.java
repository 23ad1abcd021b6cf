package dev.vivarium.sentry.gofer;

import java.util.EnumSet;
import java.util.Set;

/** What stands between the gofer and the host; the bits of {@code enum feature} in protocol.h. */
public enum GoferFeature {
  USER_NAMESPACE("own user namespace"),
  MOUNT_NAMESPACE("own mount namespace with nothing in it but what is served"),
  PID_NAMESPACE("own pid namespace"),
  NETWORK_NAMESPACE("own network namespace"),
  IPC_NAMESPACE("own ipc namespace"),
  UTS_NAMESPACE("own uts namespace"),
  LANDLOCK("Landlock rules for what is served"),
  SECCOMP("list of allowed system calls"),
  NO_CAPABILITIES("no capabilities"),
  NOBODY("runs as nobody");

  private final String description;

  GoferFeature(String description) {
    this.description = description;
  }

  /** For people: what it is, in a few words. */
  public String description() {
    return description;
  }

  static Set<GoferFeature> fromBits(long bits) {
    Set<GoferFeature> set = EnumSet.noneOf(GoferFeature.class);
    for (GoferFeature f : values()) {
      if ((bits & 1L << f.ordinal()) != 0) {
        set.add(f);
      }
    }
    return set;
  }
}
