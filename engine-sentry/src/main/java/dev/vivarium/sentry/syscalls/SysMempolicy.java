package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.MemoryPolicy;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Locking;

/** Memory policies (set_mempolicy and its relatives), on a machine with one memory node. */
final class SysMempolicy {
  // linux/mempolicy.h
  private static final int MPOL_DEFAULT = 0;
  private static final int MPOL_PREFERRED = 1;
  private static final int MPOL_BIND = 2;
  private static final int MPOL_INTERLEAVE = 3;
  private static final int MPOL_LOCAL = 4;
  private static final int MPOL_PREFERRED_MANY = 5;
  private static final int MPOL_WEIGHTED_INTERLEAVE = 6;
  private static final int MPOL_F_STATIC_NODES = 1 << 15;
  private static final int MPOL_F_RELATIVE_NODES = 1 << 14;
  private static final int MPOL_F_NUMA_BALANCING = 1 << 13;
  private static final int MODE_FLAGS =
      MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING;
  private static final int MPOL_F_NODE = 1;
  private static final int MPOL_F_ADDR = 2;
  private static final int MPOL_F_MEMS_ALLOWED = 4;
  private static final int MPOL_MF_STRICT = 1;
  private static final int MPOL_MF_MOVE = 2;
  private static final int MPOL_MF_MOVE_ALL = 4;

  private static final long PAGE = 4096;

  /** A set may be longer, but not have nodes above (CONFIG_NODES_SHIFT). */
  private static final int MAX_NODES = 1024;

  private static final long OTHERS = 1L << 62;

  private SysMempolicy() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.SET_MEMPOLICY, "set_mempolicy", SysMempolicy::setMempolicy);
    b.partial(
        Sys.GET_MEMPOLICY,
        "get_mempolicy",
        SysMempolicy::getMempolicy,
        "For an address it answers with the default policy, whatever mbind was told.");
    b.partial(
        Sys.MBIND,
        "mbind",
        SysMempolicy::mbind,
        "Checked, and without effect on the one memory node there is; the policy is not kept.");
    b.unsupported(
        Sys.SET_MEMPOLICY_HOME_NODE, "set_mempolicy_home_node", "There is one memory node.");
    b.unsupported(Sys.MIGRATE_PAGES, "migrate_pages", "There is one memory node.");
    b.unsupported(Sys.MOVE_PAGES, "move_pages", "There is one memory node.");
  }

  static long setMempolicy(Task t, long mode, long mask, long max, long a3, long a4, long a5) {
    int rc = checkMode((int) mode);
    if (rc < 0) {
      return rc;
    }
    long nodes = readNodes(t, mask, max);
    if (nodes < 0) {
      return nodes;
    }
    rc = checkNodes((int) mode, nodes);
    if (rc < 0) {
      return rc;
    }
    t.memoryPolicy = policy((int) mode, nodes);
    return 0;
  }

  private static MemoryPolicy policy(int given, long nodes) {
    int mode = given & ~MODE_FLAGS;
    int flags = given & MODE_FLAGS;
    if (mode == MPOL_DEFAULT) {
      return MemoryPolicy.DEFAULT;
    }
    if (mode == MPOL_PREFERRED && nodes == 0) {
      mode = MPOL_LOCAL;
    }
    boolean asGiven = (flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)) != 0;
    return new MemoryPolicy(mode, flags, mode == MPOL_LOCAL ? 0 : asGiven ? nodes & ~OTHERS : 1);
  }

  private static int checkMode(int given) {
    int mode = given & ~MODE_FLAGS;
    int flags = given & MODE_FLAGS;
    boolean balances = (flags & MPOL_F_NUMA_BALANCING) != 0;
    boolean wrong =
        mode < 0
            || mode > MPOL_WEIGHTED_INTERLEAVE
            || (flags & MPOL_F_STATIC_NODES) != 0 && (flags & MPOL_F_RELATIVE_NODES) != 0
            || balances && mode != MPOL_BIND && mode != MPOL_PREFERRED_MANY;
    return wrong ? -Errno.EINVAL : 0;
  }

  /** Whether a mode goes with a set of nodes, of which the first is the one there is. */
  private static int checkNodes(int given, long nodes) {
    int mode = given & ~MODE_FLAGS;
    boolean asGiven = (given & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)) != 0;
    boolean folds = (given & MPOL_F_RELATIVE_NODES) != 0;
    boolean right =
        switch (mode) {
          case MPOL_DEFAULT -> nodes == 0;
          case MPOL_LOCAL -> nodes == 0 && !asGiven;
          case MPOL_PREFERRED -> nodes == 0 ? !asGiven : folds || (nodes & 1) != 0;
          default -> nodes != 0 && (folds || (nodes & 1) != 0);
        };
    return right ? 0 : -Errno.EINVAL;
  }

  /** The first 32 nodes of a set, {@link #OTHERS} for any above, or a negative errno. */
  private static long readNodes(Task t, long mask, long max) {
    long bits = max - 1;
    if (bits == 0 || mask == 0) {
      return 0;
    }
    if (bits < 0 || bits > PAGE * 8) {
      return -Errno.EINVAL;
    }
    long nodes = 0;
    for (long at = (bits - 1) / 64; at >= 0; at--) {
      long word = t.mm.readLong(mask + at * 8);
      if (t.mm.error() != 0) {
        return -Errno.EFAULT;
      }
      if (at == (bits - 1) / 64 && bits % 64 != 0) {
        word &= (1L << bits % 64) - 1;
      }
      if (word != 0 && at >= MAX_NODES / 64) {
        return -Errno.EINVAL;
      }
      long low = at == 0 ? word & 0xffffffffL : 0;
      nodes |= low | (word != low ? OTHERS : 0);
    }
    return nodes;
  }

  static long getMempolicy(
      Task t, long modeOut, long maskOut, long max, long address, long flagsArgument, long a5) {
    long flags = flagsArgument;
    if (maskOut != 0 && max == 0) {
      return -Errno.EINVAL;
    }
    if ((flags & ~(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED)) != 0) {
      return -Errno.EINVAL;
    }
    int mode = 0;
    long nodes = 0;
    if ((flags & MPOL_F_MEMS_ALLOWED) != 0) {
      if (flags != MPOL_F_MEMS_ALLOWED) {
        return -Errno.EINVAL;
      }
      nodes = 1;
    } else if ((flags & MPOL_F_ADDR) != 0) {
      if (!Locking.isMapped(t, t.mm, address, address + 1)) {
        return -Errno.EFAULT;
      }
    } else {
      MemoryPolicy policy = t.memoryPolicy;
      boolean interleaves =
          policy.mode() == MPOL_INTERLEAVE || policy.mode() == MPOL_WEIGHTED_INTERLEAVE;
      if (address != 0 || (flags & MPOL_F_NODE) != 0 && !interleaves) {
        return -Errno.EINVAL;
      }
      mode = (flags & MPOL_F_NODE) != 0 ? 0 : policy.mode() | policy.flags();
      nodes = policy.nodes();
    }
    if (modeOut != 0 && t.mm.writeInt(modeOut, mode) != 0) {
      return -Errno.EFAULT;
    }
    return maskOut == 0 ? 0 : writeNodes(t, maskOut, max, nodes);
  }

  private static long writeNodes(Task t, long mask, long max, long nodes) {
    long bytes = (max - 1 + 63) / 64 * 8;
    if (bytes < 0 || bytes > PAGE) {
      return -Errno.EINVAL;
    }
    if (bytes > 8 && t.mm.clear(mask + 8, bytes - 8) != 0) {
      return -Errno.EFAULT;
    }
    return bytes > 0 && t.mm.writeLong(mask, nodes) != 0 ? -Errno.EFAULT : 0;
  }

  static long mbind(Task t, long addr, long length, long mode, long mask, long max, long flags) {
    int rc = checkMode((int) mode);
    if (rc < 0) {
      return rc;
    }
    long nodes = readNodes(t, mask, max);
    if (nodes < 0) {
      return nodes;
    }
    int how = (int) flags;
    if ((how & ~(MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL)) != 0) {
      return -Errno.EINVAL;
    }
    if ((how & MPOL_MF_MOVE_ALL) != 0 && !t.creds.capable(Capability.CAP_SYS_NICE)) {
      return -Errno.EPERM;
    }
    long end = addr + ((length + PAGE - 1) & -PAGE);
    if ((addr & PAGE - 1) != 0 || Long.compareUnsigned(end, addr) < 0) {
      return -Errno.EINVAL;
    }
    if (end == addr) {
      return 0;
    }
    rc = checkNodes((int) mode, nodes);
    if (rc < 0) {
      return rc;
    }
    return Locking.isMapped(t, t.mm, addr, end) ? 0 : -Errno.EFAULT;
  }
}
