package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Sys;

/** inotify: programs that find none fall back to looking from time to time. */
final class SysInotify {
  private SysInotify() {}

  static void register(SyscallTable.Builder b) {
    String why = "File systems do not tell of changes yet.";
    b.unsupported(Sys.INOTIFY_INIT, "inotify_init", why);
    b.unsupported(Sys.INOTIFY_INIT1, "inotify_init1", why);
    b.unsupported(Sys.INOTIFY_ADD_WATCH, "inotify_add_watch", why);
    b.unsupported(Sys.INOTIFY_RM_WATCH, "inotify_rm_watch", why);
  }
}
