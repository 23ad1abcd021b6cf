package dev.vivarium.engine.watch.report;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** What paths and calls mean to somebody who wonders whether to trust a program. */
final class Rules {
  private static final String HOME = "(/root|/home/[^/]+)";

  /** Files through which a program would be run again. */
  private static final Pattern PERSISTENCE =
      Pattern.compile(
          "/etc/(cron[^/]*|anacrontab|profile|profile\\.d|bash\\.bashrc|zsh|rc\\.local|init\\.d|rc[0-9S]\\.d"
              + "|systemd|xdg/autostart|ld\\.so\\.preload|ld\\.so\\.conf.*|udev|inittab|pam\\.d"
              + "|environment|update-motd\\.d)(/.*)?|/var/spool/(cron|at|anacron)(/.*)?"
              + "|(/usr)?/lib/systemd/(system|user)/.*|"
              + HOME
              + "/\\.(bashrc|bash_profile|bash_login|bash_logout|profile|zshrc|zshenv"
              + "|zprofile|login|cshrc|xinitrc|xsession|xprofile|pam_environment|inputrc|vimrc)"
              + "|"
              + HOME
              + "/\\.ssh/(authorized_keys2?|rc|config|environment)"
              + "|"
              + HOME
              + "/\\.config/(autostart|systemd|fish|environment\\.d)(/.*)?"
              + "|"
              + HOME
              + "/\\.local/share/systemd(/.*)?"
              + "|.*/\\.git/hooks/.*|"
              + HOME
              + "/\\.gitconfig");

  /** Who may log in, and as what. */
  private static final Pattern ACCOUNTS =
      Pattern.compile("/etc/(passwd|shadow|group|gshadow|sudoers|sudoers\\.d/.*|subuid|subgid)-?");

  /** What is nobody else's business. */
  private static final Pattern SECRETS =
      Pattern.compile(
          "/etc/(shadow|gshadow)-?|/etc/ssh/ssh_host_.*_key|/etc/ssl/private(/.*)?"
              + "|"
              + HOME
              + "/\\.ssh/(id_.*|identity|.*_key|known_hosts)"
              + "|"
              + HOME
              + "/\\.(gnupg|aws|azure|kube|password-store|mozilla|thunderbird)(/.*)?"
              + "|"
              + HOME
              + "/\\.(netrc|pgpass|my\\.cnf|git-credentials|npmrc|pypirc|bash_history"
              + "|zsh_history|python_history|psql_history|mysql_history)"
              + "|"
              + HOME
              + "/\\.docker/config\\.json"
              + "|"
              + HOME
              + "/\\.config/(gcloud|gh|google-chrome|chromium|BraveSoftware|op)(/.*)?"
              + "|"
              + HOME
              + "/\\.local/share/(keyrings|kwalletd)(/.*)?"
              + "|"
              + HOME
              + "/\\.(bitcoin|ethereum|electrum|monero)(/.*)?|.*/wallet\\.dat"
              + "|/proc/[0-9]+/(environ|mem|maps)|/run/secrets(/.*)?"
              + "|/var/run/secrets(/.*)?");

  /** The machine itself, below all files. */
  private static final Pattern KERNEL =
      Pattern.compile(
          "/proc/(kcore|kallsyms|kmsg|sysrq-trigger|sys/kernel/(core_pattern|modprobe|hotplug"
              + "|kptr_restrict|randomize_va_space|yama/.*))|/dev/(mem|kmem|port|kmsg)"
              + "|/dev/(sd|hd|vd|nvme|xvd|dm-|loop|mapper/).*|/sys/kernel/debug(/.*)?"
              + "|/sys/firmware(/.*)?|/sys/fs/cgroup/.*release_agent|/lib/modules(/.*)?"
              + "|/(run|var/run)/docker\\.sock|/boot/.+");

  /** What every program reads. */
  private static final Pattern SYSTEM =
      Pattern.compile(
          "/(usr|lib|lib32|lib64|bin|sbin|opt)(/.*)?|/etc/(ld\\.so\\.(cache|conf.*|preload)|localtime"
              + "|locale\\..*|nsswitch\\.conf|gai\\.conf|host\\.conf|selinux(/.*)?|alternatives/.*)"
              + "|/dev/(null|zero|full|random|urandom|tty|pts/.*|ptmx|shm)"
              + "|/proc/(self|thread-self|filesystems|meminfo|cpuinfo|stat|sys/kernel/(ngroups_max"
              + "|osrelease|pid_max|cap_last_cap))(/.*)?|/sys/devices/system/cpu(/.*)?|/");

  /** Calls by which a program would get more than it has. */
  static final Set<String> PRIVILEGE =
      Set.of(
          "ptrace",
          "mount",
          "umount2",
          "pivot_root",
          "chroot",
          "init_module",
          "finit_module",
          "delete_module",
          "bpf",
          "perf_event_open",
          "kexec_load",
          "kexec_file_load",
          "reboot",
          "iopl",
          "ioperm",
          "unshare",
          "setns",
          "userfaultfd",
          "process_vm_readv",
          "process_vm_writev",
          "open_by_handle_at",
          "swapon",
          "swapoff",
          "acct",
          "settimeofday",
          "clock_settime",
          "adjtimex",
          "clock_adjtime",
          "sethostname",
          "setdomainname",
          "move_mount",
          "fsopen",
          "fsmount",
          "open_tree",
          "fspick",
          "mount_setattr",
          "pidfd_getfd",
          "syslog",
          "quotactl",
          "add_key",
          "request_key",
          "keyctl",
          "modify_ldt",
          "lookup_dcookie",
          "vhangup",
          "nfsservctl");

  /** Calls that change who a process is. */
  static final Set<String> IDENTITY =
      Set.of(
          "setuid",
          "setgid",
          "setreuid",
          "setregid",
          "setresuid",
          "setresgid",
          "setfsuid",
          "setfsgid",
          "setgroups",
          "capset");

  /** Calls that few programs make; what they are for. */
  static final List<String> UNUSUAL =
      List.of(
          "personality",
          "seccomp",
          "memfd_create",
          "memfd_secret",
          "userfaultfd",
          "io_uring_setup",
          "fanotify_init",
          "kcmp",
          "process_madvise",
          "remap_file_pages",
          "uselib",
          "execveat",
          "name_to_handle_at",
          "pkey_alloc",
          "landlock_create_ruleset",
          "mbind",
          "migrate_pages",
          "move_pages",
          "vmsplice",
          "iopl",
          "sysfs",
          "ustat",
          "_sysctl",
          "create_module",
          "mknod",
          "mknodat");

  private Rules() {}

  static boolean isPersistence(String path) {
    return PERSISTENCE.matcher(path).matches();
  }

  static boolean isAccounts(String path) {
    return ACCOUNTS.matcher(path).matches();
  }

  static boolean isSecret(String path) {
    return SECRETS.matcher(path).matches();
  }

  static boolean isKernel(String path) {
    return KERNEL.matcher(path).matches();
  }

  static boolean isSystem(String path) {
    return SYSTEM.matcher(path).matches();
  }
}
