package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Mount;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a task's rights when it runs a program: set-user-id and set-group-id bits and the
 * capabilities of the file (man 7 capabilities, security/commoncap.c).
 */
final class ExecCredentials {
  /**
   * {@code struct vfs_cap_data}: a revision with flags, then permitted and inheritable by words.
   */
  private static final String ATTRIBUTE = "security.capability";

  private static final int REVISION_MASK = 0xff000000;
  private static final int REVISION_1 = 0x01000000;
  private static final int REVISION_2 = 0x02000000;
  private static final int REVISION_3 = 0x03000000;
  private static final int EFFECTIVE = 1;

  /** The task's credentials after the execve. */
  final Credentials result;

  /** The program runs with more than its caller had (AT_SECURE). */
  final boolean secure;

  private ExecCredentials(Credentials result, boolean secure) {
    this.result = result;
    this.secure = secure;
  }

  /** What a file grants. */
  private record FileCapabilities(long permitted, long inheritable, boolean effective) {}

  /**
   * Works them out.
   *
   * @return null if the file demands capabilities that the task can never have: -EPERM
   */
  static @Nullable ExecCredentials of(Task t, File file) {
    Credentials old = t.creds;
    Credentials.Editor e = old.edit();
    Inode inode = file.inode;
    boolean mayGain = !old.noNewPrivs && Tracing.mayGainRights(t);
    boolean trusted = file.path == null || (file.path.mount().flags() & Mount.NOSUID) == 0;
    FileCapabilities caps = trusted ? parse(inode.getxattr(t, ATTRIBUTE)) : null;
    if (trusted && mayGain) {
      if ((inode.mode & Stat.S_ISUID) != 0) {
        e.euid = inode.uid;
      }
      if ((inode.mode & (Stat.S_ISGID | Stat.S_IXGRP)) == (Stat.S_ISGID | Stat.S_IXGRP)) {
        e.egid = inode.gid;
      }
    }
    boolean idsChanged = e.euid != old.euid || e.egid != old.egid;
    e.suid = e.fsuid = e.euid;
    e.sgid = e.fsgid = e.egid;
    if (idsChanged || caps != null) {
      e.ambient = 0;
    }
    long permitted = 0;
    boolean effective = false;
    if (caps != null) {
      permitted = caps.permitted() & old.bounding | caps.inheritable() & old.inheritable;
      effective = caps.effective();
      if (effective && (caps.permitted() & ~permitted) != 0) {
        return null;
      }
    }
    boolean rootMagic = (old.securebits & Capability.SECBIT_NOROOT) == 0;
    // A set-user-id-root program that also has capabilities gets those, not all.
    boolean onlyItsOwn = caps != null && e.euid == 0 && old.ruid != 0;
    if (rootMagic && !onlyItsOwn && (e.ruid == 0 || e.euid == 0)) {
      permitted = old.bounding | old.inheritable;
      effective = e.euid == 0;
    }
    e.permitted = permitted | e.ambient;
    if (!mayGain) {
      e.permitted &= old.permitted;
    }
    e.effective = effective ? e.permitted : e.ambient;
    e.securebits &= ~Capability.SECBIT_KEEP_CAPS;
    boolean gained = old.ruid != 0 && (effective || (e.permitted & ~e.ambient) != 0);
    boolean secure = idsChanged || old.ruid != e.euid || old.rgid != e.egid || gained;
    return new ExecCredentials(e.done(), secure);
  }

  private static @Nullable FileCapabilities parse(byte @Nullable [] bytes) {
    if (bytes == null || bytes.length < 12) {
      return null;
    }
    int magic = Bytes.getInt(bytes, 0);
    boolean effective = (magic & EFFECTIVE) != 0;
    int revision = magic & REVISION_MASK;
    if (revision == REVISION_1 && bytes.length == 12) {
      return new FileCapabilities(word(bytes, 4), word(bytes, 8), effective);
    }
    // Of the third revision is what another user namespace's root has set, unless that is ours.
    boolean known =
        revision == REVISION_2 && bytes.length == 20
            || revision == REVISION_3 && bytes.length == 24 && Bytes.getInt(bytes, 20) == 0;
    if (!known) {
      return null;
    }
    return new FileCapabilities(
        (word(bytes, 4) | word(bytes, 12) << 32) & Capability.ALL,
        (word(bytes, 8) | word(bytes, 16) << 32) & Capability.ALL,
        effective);
  }

  private static long word(byte[] bytes, int at) {
    return Bytes.getInt(bytes, at) & 0xffffffffL;
  }

  /** The error of a null result. */
  static long error() {
    return -Errno.EPERM;
  }
}
