package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Entropy;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.PidTable;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.Uts;
import dev.vivarium.sentry.net.Network;
import dev.vivarium.sentry.vfs.StaticDirectory;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;

/** /proc/sys. What can be set without effect keeps what was written, for root. */
final class SysctlTree {
  private static final int CORE_PATTERN_MAX = 127;

  private final ProcFs fs;
  private final Map<String, StaticDirectory> directories = new HashMap<>();

  /** What a guest's filter may return (SECCOMP_RET_*). */
  private static final String SECCOMP_ACTIONS =
      "kill_process kill_thread trap errno user_notif trace log allow";

  private SysctlTree(ProcFs fs, StaticDirectory root) {
    this.fs = fs;
    directories.put("", fs.directory(root, "sys"));
  }

  static void addTo(ProcFs fs, StaticDirectory root) {
    SysctlTree tree = new SysctlTree(fs, root);
    tree.kernel(fs.kernel());
    tree.fileSystems();
    tree.memory();
    tree.network(fs.kernel().network());
  }

  private StaticDirectory parentOf(String path) {
    int slash = path.lastIndexOf('/');
    String parent = slash < 0 ? "" : path.substring(0, slash);
    StaticDirectory d = directories.get(parent);
    if (d == null) {
      d = fs.directory(parentOf(parent), parent.substring(parent.lastIndexOf('/') + 1));
      directories.put(parent, d);
    }
    return d;
  }

  private void show(String path, Text text) {
    fs.text(parentOf(path), path.substring(path.lastIndexOf('/') + 1), text);
  }

  private void fixed(String path, String value) {
    show(path, t -> value + "\n");
  }

  /** A value that root may change, and that nothing here depends on. */
  private void kept(String path, String value) {
    String[] now = {value};
    settable(path, t -> now[0] + "\n", v -> now[0] = v);
  }

  private void settable(String path, Text text, Consumer<String> set) {
    checked(
        path,
        text,
        v -> {
          set.accept(v);
          return 0;
        });
  }

  /** So many numbers of the network, each of which may be refused. */
  private void numbers(String path, int count, Text text, ToLongFunction<int[]> set) {
    checked(
        path,
        text,
        v -> {
          String[] words = v.split("\\s+");
          if (words.length != count) {
            return -Errno.EINVAL;
          }
          int[] values = new int[count];
          for (int i = 0; i < count; i++) {
            values[i] = ProcFs.number(words[i]);
          }
          return set.applyAsLong(values);
        });
  }

  private void checked(String path, Text text, ToLongFunction<String> set) {
    Text.Writer writer =
        (t, s) ->
            t.creds.capable(Capability.CAP_SYS_ADMIN) ? set.applyAsLong(s.strip()) : -Errno.EPERM;
    parentOf(path)
        .add(
            path.substring(path.lastIndexOf('/') + 1),
            new TextInode(fs, fs.nextIno(), 0644, text, writer));
  }

  private void kernel(Kernel kernel) {
    Uts uts = kernel.uts();
    settable(
        "kernel/hostname",
        t -> uts.nodename + "\n",
        v -> uts.nodename = v.substring(0, Math.min(v.length(), Uts.MAX_LENGTH)));
    settable(
        "kernel/domainname",
        t -> uts.domainname + "\n",
        v -> uts.domainname = v.substring(0, Math.min(v.length(), Uts.MAX_LENGTH)));
    fixed("kernel/ostype", Uts.SYSNAME);
    fixed("kernel/osrelease", Uts.RELEASE);
    fixed("kernel/version", Uts.VERSION);
    fixed("kernel/arch", Uts.MACHINE);
    fixed("kernel/pid_max", Integer.toString(PidTable.PID_MAX));
    fixed("kernel/threads-max", "4096");
    fixed("kernel/ngroups_max", "65536");
    fixed("kernel/cap_last_cap", Integer.toString(Capability.CAP_LAST_CAP));
    fixed("kernel/overflowuid", "65534");
    fixed("kernel/overflowgid", "65534");
    fixed("kernel/randomize_va_space", "2");
    fixed("kernel/perf_event_paranoid", "4");
    fixed("kernel/dmesg_restrict", "1");
    fixed("kernel/kptr_restrict", "2");
    fixed("kernel/tainted", "0");
    fixed("kernel/sysrq", "0");
    fixed("kernel/yama/ptrace_scope", "1");
    fixed("kernel/seccomp/actions_avail", SECCOMP_ACTIONS);
    fixed("kernel/seccomp/actions_logged", SECCOMP_ACTIONS.replace(" allow", ""));
    fixed("kernel/core_pipe_limit", "0");
    show("kernel/ns_last_pid", t -> t.kernel().pids().lastPid() + "\n");
    fixed("kernel/sched_rr_timeslice_ms", "100");
    fixed("kernel/sched_rt_period_us", "1000000");
    fixed("kernel/sched_rt_runtime_us", "950000");
    fixed("kernel/sched_autogroup_enabled", "0");
    fixed("kernel/io_uring_disabled", "2"); // as is io_uring_setup: for everybody
    fixed("kernel/unprivileged_bpf_disabled", "2");
    fixed("kernel/modules_disabled", "1");
    fixed("kernel/numa_balancing", "0");
    fixed("kernel/nmi_watchdog", "0");
    fixed("kernel/shm_rmid_forced", "0");
    fixed("kernel/auto_msgmni", "0");
    fixed("kernel/pty/max", "4096");
    settable(
        "kernel/core_pattern",
        t -> kernel.corePattern + "\n",
        v -> kernel.corePattern = v.substring(0, Math.min(v.length(), CORE_PATTERN_MAX)));
    settable(
        "kernel/core_uses_pid",
        t -> (kernel.coreUsesPid ? 1 : 0) + "\n",
        v -> kernel.coreUsesPid = !v.equals("0"));
    kept("kernel/panic", "0");
    kept("kernel/printk", "4\t4\t1\t7");
    kept("kernel/shmmax", "18446744073692774399");
    kept("kernel/shmall", "18446744073692774399");
    kept("kernel/shmmni", "4096");
    kept("kernel/sem", "32000\t1024000000\t500\t32000");
    kept("kernel/msgmax", "8192");
    kept("kernel/msgmnb", "16384");
    kept("kernel/msgmni", "32000");
    kept("kernel/sched_child_runs_first", "0");
    kept("kernel/unprivileged_userns_clone", "0");
    String bootId = uuid(kernel.entropy());
    fixed("kernel/random/boot_id", bootId);
    show("kernel/random/uuid", t -> uuid(t.kernel().entropy()) + "\n");
    fixed("kernel/random/entropy_avail", "256");
    fixed("kernel/random/poolsize", "256");
    fixed("kernel/random/write_wakeup_threshold", "256");
    fixed("kernel/random/urandom_min_reseed_secs", "60");
    // unshare(2) and clone(2) refuse every kind of namespace.
    fixed("user/max_user_namespaces", "0");
  }

  /** A random UUID (RFC 9562, version 4). */
  static String uuid(Entropy entropy) {
    byte[] b = new byte[16];
    entropy.fill(b, 0, 16);
    b[6] = (byte) (b[6] & 0x0f | 0x40);
    b[8] = (byte) (b[8] & 0x3f | 0x80);
    String hex = java.util.HexFormat.of().formatHex(b);
    return String.join(
        "-",
        hex.substring(0, 8),
        hex.substring(8, 12),
        hex.substring(12, 16),
        hex.substring(16, 20),
        hex.substring(20));
  }

  private void fileSystems() {
    fixed("fs/file-max", "9223372036854775807");
    show("fs/file-nr", SysctlTree::openFiles);
    fixed("fs/nr_open", "1048576");
    fixed("fs/pipe-max-size", "1048576");
    fixed("fs/pipe-user-pages-soft", "16384");
    fixed("fs/pipe-user-pages-hard", "0");
    fixed("fs/aio-max-nr", "65536");
    fixed("fs/aio-nr", "0");
    fixed("fs/mount-max", "4096");
    fixed("fs/overflowuid", "65534");
    fixed("fs/overflowgid", "65534");
    kept("fs/protected_hardlinks", "1");
    kept("fs/protected_symlinks", "1");
    kept("fs/suid_dumpable", "0");
    kept("fs/lease-break-time", "45");
    kept("fs/inotify/max_queued_events", "16384");
    kept("fs/inotify/max_user_instances", "128");
    kept("fs/inotify/max_user_watches", "65536");
    kept("fs/epoll/max_user_watches", "1048576");
    kept("fs/mqueue/msg_max", "10");
    kept("fs/mqueue/msgsize_max", "8192");
    kept("fs/mqueue/queues_max", "256");
  }

  private static String openFiles(Task reader) {
    long n = 0;
    for (var g : reader.kernel().pids().groups()) {
      if (!g.leader().hasExited()) {
        n += g.leader().fds.count();
      }
    }
    return n + "\t0\t9223372036854775807\n";
  }

  private void memory() {
    kept("vm/overcommit_memory", "1");
    kept("vm/overcommit_ratio", "50");
    kept("vm/overcommit_kbytes", "0");
    kept("vm/max_map_count", "65530");
    kept("vm/swappiness", "60");
    kept("vm/mmap_min_addr", "65536");
    kept("vm/dirty_ratio", "20");
    kept("vm/dirty_background_ratio", "10");
    kept("vm/nr_hugepages", "0");
    kept("vm/drop_caches", "0");
    kept("vm/min_free_kbytes", "67584");
    kept("vm/vfs_cache_pressure", "100");
    kept("vm/page-cluster", "3");
    kept("vm/oom_kill_allocating_task", "0");
    kept("vm/panic_on_oom", "0");
    kept("vm/dirty_expire_centisecs", "3000");
    kept("vm/dirty_writeback_centisecs", "500");
    kept("vm/zone_reclaim_mode", "0");
    fixed("vm/nr_overcommit_hugepages", "0");
    fixed("vm/hugetlb_shm_group", "0");
    fixed("vm/legacy_va_layout", "0");
    fixed("vm/stat_interval", "1");
    fixed("vm/unprivileged_userfaultfd", "0");
  }

  private void network(Network net) {
    kept("net/core/somaxconn", "4096");
    kept("net/core/rmem_default", "212992");
    kept("net/core/rmem_max", "212992");
    kept("net/core/wmem_default", "212992");
    kept("net/core/wmem_max", "212992");
    numbers(
        "net/ipv4/ip_local_port_range",
        2,
        t -> net.firstEphemeralPort() + "\t" + net.lastEphemeralPort() + "\n",
        v -> net.setEphemeralPorts(v[0], v[1]));
    kept("net/ipv4/ip_forward", "0");
    numbers(
        "net/ipv4/ip_unprivileged_port_start",
        1,
        t -> net.firstUnprivilegedPort() + "\n",
        v -> net.setFirstUnprivilegedPort(v[0]));
    kept("net/ipv4/ping_group_range", "0\t2147483647");
    kept("net/ipv4/tcp_fin_timeout", "60");
    kept("net/ipv4/tcp_keepalive_time", "7200");
    kept("net/ipv4/tcp_keepalive_intvl", "75");
    kept("net/ipv4/tcp_keepalive_probes", "9");
    kept("net/ipv4/tcp_rmem", "4096\t131072\t6291456");
    kept("net/ipv4/tcp_wmem", "4096\t16384\t4194304");
    kept("net/ipv4/tcp_sack", "1");
    kept("net/ipv4/tcp_timestamps", "1");
    kept("net/ipv4/tcp_window_scaling", "1");
    kept("net/ipv4/tcp_congestion_control", "cubic");
    kept("net/ipv4/tcp_allowed_congestion_control", "reno cubic");
    kept("net/ipv4/tcp_available_congestion_control", "reno cubic");
    kept("net/ipv4/tcp_max_syn_backlog", "4096");
    kept("net/ipv4/tcp_syncookies", "1");
    kept("net/ipv4/tcp_tw_reuse", "2");
    kept("net/ipv4/tcp_retries2", "15");
    kept("net/ipv4/tcp_syn_retries", "6");
    kept("net/ipv4/tcp_fastopen", "0");
    kept("net/ipv4/tcp_slow_start_after_idle", "1");
    kept("net/ipv4/ip_default_ttl", "64");
    kept("net/ipv4/ip_nonlocal_bind", "0");
    kept("net/core/netdev_max_backlog", "1000");
    kept("net/core/optmem_max", "131072");
    kept("net/ipv6/bindv6only", "0");
    for (String of : new String[] {"all", "default", "lo"}) {
      kept("net/ipv6/conf/" + of + "/disable_ipv6", "0");
      kept("net/ipv6/conf/" + of + "/forwarding", "0");
      kept("net/ipv4/conf/" + of + "/forwarding", "0");
      kept("net/ipv4/conf/" + of + "/rp_filter", "0");
      kept("net/ipv4/conf/" + of + "/arp_ignore", "0");
    }
    kept("net/unix/max_dgram_qlen", "512");
  }
}
