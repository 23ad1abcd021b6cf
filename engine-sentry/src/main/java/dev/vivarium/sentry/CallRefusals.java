package dev.vivarium.sentry;

import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.SandboxSpec.CallRule;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.syscalls.SyscallTable;

/**
 * System calls that a profile refuses. They have another handler in the table, so that all others
 * are answered as ever; a guest cannot take that back. On the kernel thread.
 */
final class CallRefusals {
  /** As if a filter of its own had killed the command: 128 + SIGSYS. */
  private static final int ENDED = 159;

  private final SandboxHost host;

  private CallRefusals(SandboxHost host) {
    this.host = host;
  }

  /** Puts the rules of a specification into the table. */
  static void apply(SandboxSpec spec, SandboxHost host, SyscallTable table) {
    CallRefusals refusals = new CallRefusals(host);
    for (CallRule rule : spec.calls()) {
      boolean[] told = new boolean[1];
      table.refuse(rule.number(), (t, a0, a1, a2, a3, a4, a5) -> refusals.refuse(t, rule, told));
    }
  }

  /** Whether one is about a call that the platform would answer alone. */
  static boolean needEveryCall(SandboxSpec spec) {
    return spec.calls().stream().anyMatch(r -> SyscallTable.isAnsweredInGuest(r.number()));
  }

  private long refuse(Task t, CallRule rule, boolean[] told) {
    int pid = t.group.pid();
    host.events().policy(pid, false, "the system call " + rule.name(), "system-calls.deny");
    if (!told[0]) {
      told[0] = true;
      host.log("system-calls.deny: refused " + rule.name() + " to process " + pid);
    }
    if (rule.endsRun()) {
      host.end(ENDED, "it made a system call that its profile forbids: " + rule.name());
      return -Errno.EPERM;
    }
    return -rule.errno();
  }
}
