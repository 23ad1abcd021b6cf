package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;

/**
 * What no program in a sandbox may do, however privileged inside: it is refused as Linux refuses
 * one without the capability. And what is not there: ENOSYS.
 */
final class SysClosed {
  private static final String REFUSED = "Refused with EPERM in every sandbox.";

  /** SWAP_FLAG_* of linux/swap.h. */
  private static final int SWAP_FLAGS = 0x7ffff;

  private SysClosed() {}

  static void register(SyscallTable.Builder b) {
    refused(b, Sys.REBOOT, "reboot");
    b.partial(Sys.SWAPON, "swapon", SysClosed::swapon, REFUSED).fast();
    refused(b, Sys.SWAPOFF, "swapoff");
    refused(b, Sys.ACCT, "acct");
    refused(b, Sys.INIT_MODULE, "init_module");
    refused(b, Sys.FINIT_MODULE, "finit_module");
    refused(b, Sys.DELETE_MODULE, "delete_module");
    refused(b, Sys.KEXEC_LOAD, "kexec_load");
    refused(b, Sys.KEXEC_FILE_LOAD, "kexec_file_load");
    refused(b, Sys.IOPL, "iopl");
    refused(b, Sys.IOPERM, "ioperm");
    refused(b, Sys.SYSLOG, "syslog");
    refused(b, Sys.VHANGUP, "vhangup");
    refused(b, Sys.QUOTACTL, "quotactl");
    refused(b, Sys.OPEN_BY_HANDLE_AT, "open_by_handle_at");
    refused(b, Sys.BPF, "bpf");
    refused(b, Sys.PERF_EVENT_OPEN, "perf_event_open");
    refused(b, Sys.FANOTIFY_INIT, "fanotify_init");

    b.unsupported(Sys.IO_URING_SETUP, "io_uring_setup", "io_uring is not offered.").probed();
    b.unsupported(Sys.IO_URING_ENTER, "io_uring_enter", "io_uring is not offered.").probed();
    b.unsupported(Sys.IO_URING_REGISTER, "io_uring_register", "io_uring is not offered.").probed();
    String keys = "There are no keyrings, as in a kernel built without CONFIG_KEYS.";
    b.unsupported(Sys.ADD_KEY, "add_key", keys);
    b.unsupported(Sys.REQUEST_KEY, "request_key", keys);
    b.unsupported(Sys.KEYCTL, "keyctl", keys);
    String rules = "No rules of a program's own; what it may reach is what the sandbox shows it.";
    b.unsupported(Sys.LANDLOCK_CREATE_RULESET, "landlock_create_ruleset", rules).probed();
    b.unsupported(Sys.LANDLOCK_ADD_RULE, "landlock_add_rule", rules).probed();
    b.unsupported(Sys.LANDLOCK_RESTRICT_SELF, "landlock_restrict_self", rules).probed();
    b.unsupported(Sys.MODIFY_LDT, "modify_ldt", "There are no local descriptor tables.");
    b.unsupported(Sys.FANOTIFY_MARK, "fanotify_mark", "There is no fanotify_init to mark for.");
    b.unsupported(Sys.NAME_TO_HANDLE_AT, "name_to_handle_at", "Files have no handles.").probed();
    b.unsupported(Sys.OPEN_TREE, "open_tree", "The newer mount calls; mount(2) does the work.")
        .probed();
    b.unsupported(Sys.MOVE_MOUNT, "move_mount", "The newer mount calls; mount(2) does the work.")
        .probed();
    b.unsupported(Sys.FSOPEN, "fsopen", "The newer mount calls; mount(2) does the work.").probed();
    b.unsupported(Sys.FSCONFIG, "fsconfig", "The newer mount calls; mount(2) does the work.")
        .probed();
    b.unsupported(Sys.FSMOUNT, "fsmount", "The newer mount calls; mount(2) does the work.")
        .probed();
    b.unsupported(Sys.FSPICK, "fspick", "The newer mount calls; mount(2) does the work.").probed();
    b.unsupported(
            Sys.MOUNT_SETATTR, "mount_setattr", "The newer mount calls; mount(2) does the work.")
        .probed();
    b.unsupported(Sys.STATMOUNT, "statmount", "The newer mount calls; mount(2) does the work.")
        .probed();
    b.unsupported(Sys.LISTMOUNT, "listmount", "The newer mount calls; mount(2) does the work.")
        .probed();
    b.unsupported(Sys.QUOTACTL_FD, "quotactl_fd", "There are no quotas.");
    b.unsupported(Sys.CACHESTAT, "cachestat", "The page cache is not counted by file.");
  }

  private static void refused(SyscallTable.Builder b, int number, String name) {
    b.partial(number, name, SysClosed::refuse, REFUSED).fast();
  }

  static long swapon(Task t, long path, long flags, long a2, long a3, long a4, long a5) {
    return ((int) flags & ~SWAP_FLAGS) != 0 ? -Errno.EINVAL : -Errno.EPERM;
  }

  static long refuse(Task t, long a0, long a1, long a2, long a3, long a4, long a5) {
    return -Errno.EPERM;
  }
}
