package dev.vivarium.sentry.net;

import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;

/** {@code struct ucred}: who is at the other end. */
public record PeerCredentials(int pid, int uid, int gid) {
  public static final int SIZE = 12;

  /** What is said where nobody is known. */
  static final PeerCredentials NOBODY = new PeerCredentials(0, -1, -1);

  static PeerCredentials of(Task t) {
    return t.tid() == 0
        ? new PeerCredentials(0, 0, 0)
        : new PeerCredentials(t.group.pid(), t.creds.euid, t.creds.egid);
  }

  public byte[] encode() {
    byte[] b = new byte[SIZE];
    Bytes.putInt(b, 0, pid);
    Bytes.putInt(b, 4, uid);
    Bytes.putInt(b, 8, gid);
    return b;
  }
}
