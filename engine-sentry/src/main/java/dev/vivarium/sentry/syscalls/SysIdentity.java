package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.Task;

/** User and group ids (man 7 credentials). */
final class SysIdentity {
  private static final int NGROUPS_MAX = 65536;

  /** "Leave it as it is" in the calls that set several ids. */
  private static final int KEEP = -1;

  private SysIdentity() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.GETUID, "getuid", (t, a0, a1, a2, a3, a4, a5) -> id(t.creds.ruid)).fast();
    b.full(Sys.GETEUID, "geteuid", (t, a0, a1, a2, a3, a4, a5) -> id(t.creds.euid)).fast();
    b.full(Sys.GETGID, "getgid", (t, a0, a1, a2, a3, a4, a5) -> id(t.creds.rgid)).fast();
    b.full(Sys.GETEGID, "getegid", (t, a0, a1, a2, a3, a4, a5) -> id(t.creds.egid)).fast();
    b.full(Sys.GETRESUID, "getresuid", SysIdentity::getresuid).fast();
    b.full(Sys.GETRESGID, "getresgid", SysIdentity::getresgid).fast();
    b.full(Sys.SETUID, "setuid", SysIdentity::setuid).fast();
    b.full(Sys.SETGID, "setgid", SysIdentity::setgid).fast();
    b.full(Sys.SETREUID, "setreuid", SysIdentity::setreuid).fast();
    b.full(Sys.SETREGID, "setregid", SysIdentity::setregid).fast();
    b.full(Sys.SETRESUID, "setresuid", SysIdentity::setresuid).fast();
    b.full(Sys.SETRESGID, "setresgid", SysIdentity::setresgid).fast();
    b.full(Sys.SETFSUID, "setfsuid", SysIdentity::setfsuid).fast();
    b.full(Sys.SETFSGID, "setfsgid", SysIdentity::setfsgid).fast();
    b.full(Sys.GETGROUPS, "getgroups", SysIdentity::getgroups).fast();
    b.full(Sys.SETGROUPS, "setgroups", SysIdentity::setgroups).fast();
  }

  private static long id(int value) {
    return value & 0xffffffffL;
  }

  private static long writeThree(Task t, long[] addresses, int... ids) {
    for (int i = 0; i < ids.length; i++) {
      if (t.mm.writeInt(addresses[i], ids[i]) != 0) {
        return -Errno.EFAULT;
      }
    }
    return 0;
  }

  static long getresuid(Task t, long r, long e, long s, long a3, long a4, long a5) {
    return writeThree(t, new long[] {r, e, s}, t.creds.ruid, t.creds.euid, t.creds.suid);
  }

  static long getresgid(Task t, long r, long e, long s, long a3, long a4, long a5) {
    return writeThree(t, new long[] {r, e, s}, t.creds.rgid, t.creds.egid, t.creds.sgid);
  }

  /** Puts new user ids in force, with what they mean for capabilities (cap_emulate_setxuid). */
  private static long commitUids(Task t, Credentials.Editor e) {
    Credentials old = t.creds;
    e.fsuid = e.euid;
    if ((old.securebits & Capability.SECBIT_NO_SETUID_FIXUP) == 0) {
      boolean hadRoot = old.ruid == 0 || old.euid == 0 || old.suid == 0;
      boolean hasRoot = e.ruid == 0 || e.euid == 0 || e.suid == 0;
      if (hadRoot && !hasRoot) {
        if ((old.securebits & Capability.SECBIT_KEEP_CAPS) == 0) {
          e.permitted = 0;
          e.effective = 0;
        }
        e.ambient = 0;
      }
      if (old.euid == 0 && e.euid != 0) {
        e.effective = 0;
      } else if (old.euid != 0 && e.euid == 0) {
        e.effective = e.permitted;
      }
      fixFsCapabilities(old.fsuid, e);
    }
    change(t, e);
    return 0;
  }

  private static void fixFsCapabilities(int oldFsuid, Credentials.Editor e) {
    long fsCaps =
        1L << Capability.CAP_CHOWN
            | 1L << Capability.CAP_DAC_OVERRIDE
            | 1L << Capability.CAP_DAC_READ_SEARCH
            | 1L << Capability.CAP_FOWNER
            | 1L << Capability.CAP_FSETID
            | 1L << Capability.CAP_MKNOD
            | 1L << Capability.CAP_LINUX_IMMUTABLE
            | 1L << Capability.CAP_MAC_OVERRIDE;
    if (oldFsuid == 0 && e.fsuid != 0) {
      e.effective &= ~fsCaps;
    } else if (oldFsuid != 0 && e.fsuid == 0) {
      e.effective |= e.permitted & fsCaps;
    }
  }

  private static void change(Task t, Credentials.Editor e) {
    Credentials old = t.creds;
    Credentials fresh = e.done();
    if (old.euid != fresh.euid
        || old.egid != fresh.egid
        || old.fsuid != fresh.fsuid
        || old.fsgid != fresh.fsgid) {
      t.group.dumpable = 0;
      t.parentDeathSignal = 0;
    }
    if (old.ruid != fresh.ruid) {
      t.tooManyOfUser =
          fresh.ruid != 0
              && t.group.rlimits.exceeds(
                  Resource.RLIMIT_NPROC, t.kernel().pids().countOf(fresh.ruid));
    }
    t.creds = fresh;
  }

  static long setuid(Task t, long uid, long a1, long a2, long a3, long a4, long a5) {
    int id = (int) uid;
    if (id == KEEP) {
      return -Errno.EINVAL;
    }
    Credentials c = t.creds;
    Credentials.Editor e = c.edit();
    if (c.capable(Capability.CAP_SETUID)) {
      e.ruid = id;
      e.suid = id;
    } else if (id != c.ruid && id != c.suid) {
      return -Errno.EPERM;
    }
    e.euid = id;
    return commitUids(t, e);
  }

  static long setreuid(Task t, long real, long effective, long a2, long a3, long a4, long a5) {
    int r = (int) real;
    int e = (int) effective;
    Credentials c = t.creds;
    boolean privileged = c.capable(Capability.CAP_SETUID);
    Credentials.Editor edit = c.edit();
    if (r != KEEP) {
      if (!privileged && r != c.ruid && r != c.euid) {
        return -Errno.EPERM;
      }
      edit.ruid = r;
    }
    if (e != KEEP) {
      if (!privileged && e != c.ruid && e != c.euid && e != c.suid) {
        return -Errno.EPERM;
      }
      edit.euid = e;
    }
    if (r != KEEP || e != KEEP && e != c.ruid) {
      edit.suid = edit.euid;
    }
    return commitUids(t, edit);
  }

  static long setresuid(Task t, long real, long effective, long saved, long a3, long a4, long a5) {
    int r = (int) real;
    int e = (int) effective;
    int s = (int) saved;
    Credentials c = t.creds;
    if (!c.capable(Capability.CAP_SETUID)
        && !(isOwnUid(c, r) && isOwnUid(c, e) && isOwnUid(c, s))) {
      return -Errno.EPERM;
    }
    Credentials.Editor edit = c.edit();
    edit.ruid = r == KEEP ? c.ruid : r;
    edit.euid = e == KEEP ? c.euid : e;
    edit.suid = s == KEEP ? c.suid : s;
    return commitUids(t, edit);
  }

  private static boolean isOwnUid(Credentials c, int id) {
    return id == KEEP || id == c.ruid || id == c.euid || id == c.suid;
  }

  static long setgid(Task t, long gid, long a1, long a2, long a3, long a4, long a5) {
    int id = (int) gid;
    if (id == KEEP) {
      return -Errno.EINVAL;
    }
    Credentials c = t.creds;
    Credentials.Editor e = c.edit();
    if (c.capable(Capability.CAP_SETGID)) {
      e.rgid = id;
      e.sgid = id;
    } else if (id != c.rgid && id != c.sgid) {
      return -Errno.EPERM;
    }
    e.egid = id;
    e.fsgid = id;
    change(t, e);
    return 0;
  }

  static long setregid(Task t, long real, long effective, long a2, long a3, long a4, long a5) {
    int r = (int) real;
    int e = (int) effective;
    Credentials c = t.creds;
    boolean privileged = c.capable(Capability.CAP_SETGID);
    Credentials.Editor edit = c.edit();
    if (r != KEEP) {
      if (!privileged && r != c.rgid && r != c.egid) {
        return -Errno.EPERM;
      }
      edit.rgid = r;
    }
    if (e != KEEP) {
      if (!privileged && e != c.rgid && e != c.egid && e != c.sgid) {
        return -Errno.EPERM;
      }
      edit.egid = e;
    }
    if (r != KEEP || e != KEEP && e != c.rgid) {
      edit.sgid = edit.egid;
    }
    edit.fsgid = edit.egid;
    change(t, edit);
    return 0;
  }

  static long setresgid(Task t, long real, long effective, long saved, long a3, long a4, long a5) {
    int r = (int) real;
    int e = (int) effective;
    int s = (int) saved;
    Credentials c = t.creds;
    if (!c.capable(Capability.CAP_SETGID)
        && !(isOwnGid(c, r) && isOwnGid(c, e) && isOwnGid(c, s))) {
      return -Errno.EPERM;
    }
    Credentials.Editor edit = c.edit();
    edit.rgid = r == KEEP ? c.rgid : r;
    edit.egid = e == KEEP ? c.egid : e;
    edit.sgid = s == KEEP ? c.sgid : s;
    edit.fsgid = edit.egid;
    change(t, edit);
    return 0;
  }

  private static boolean isOwnGid(Credentials c, int id) {
    return id == KEEP || id == c.rgid || id == c.egid || id == c.sgid;
  }

  /** Returns the id that was, whether or not it could be set. */
  static long setfsuid(Task t, long uid, long a1, long a2, long a3, long a4, long a5) {
    Credentials c = t.creds;
    int id = (int) uid;
    boolean allowed =
        id == c.ruid
            || id == c.euid
            || id == c.suid
            || id == c.fsuid
            || c.capable(Capability.CAP_SETUID);
    if (id != KEEP && allowed && id != c.fsuid) {
      Credentials.Editor e = c.edit();
      e.fsuid = id;
      if ((c.securebits & Capability.SECBIT_NO_SETUID_FIXUP) == 0) {
        fixFsCapabilities(c.fsuid, e);
      }
      change(t, e);
    }
    return id(c.fsuid);
  }

  static long setfsgid(Task t, long gid, long a1, long a2, long a3, long a4, long a5) {
    Credentials c = t.creds;
    int id = (int) gid;
    boolean allowed =
        id == c.rgid
            || id == c.egid
            || id == c.sgid
            || id == c.fsgid
            || c.capable(Capability.CAP_SETGID);
    if (id != KEEP && allowed && id != c.fsgid) {
      Credentials.Editor e = c.edit();
      e.fsgid = id;
      change(t, e);
    }
    return id(c.fsgid);
  }

  static long getgroups(Task t, long size, long list, long a2, long a3, long a4, long a5) {
    int room = (int) size;
    int count = t.creds.groupCount();
    if (room < 0 || room != 0 && room < count) {
      return -Errno.EINVAL;
    }
    if (room != 0) {
      byte[] b = new byte[4 * count];
      for (int i = 0; i < count; i++) {
        Bytes.putInt(b, 4 * i, t.creds.groupAt(i));
      }
      if (t.mm.copyOut(list, b, 0, b.length) != 0) {
        return -Errno.EFAULT;
      }
    }
    return count;
  }

  static long setgroups(Task t, long size, long list, long a2, long a3, long a4, long a5) {
    if (!t.creds.capable(Capability.CAP_SETGID)) {
      return -Errno.EPERM;
    }
    if ((int) size < 0 || (int) size > NGROUPS_MAX) {
      return -Errno.EINVAL;
    }
    byte[] b = new byte[4 * (int) size];
    if (t.mm.copyIn(list, b, 0, b.length) != 0) {
      return -Errno.EFAULT;
    }
    int[] groups = new int[(int) size];
    for (int i = 0; i < groups.length; i++) {
      groups[i] = Bytes.getInt(b, 4 * i);
    }
    t.creds = t.creds.edit().groups(groups).done();
    return 0;
  }
}
