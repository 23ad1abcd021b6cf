package dev.vivarium.sentry.trace;

import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.syscalls.SyscallTable;

/** The system-call table with a {@link TraceWriter} looking on. */
public final class TracingDispatcher implements Kernel.Dispatcher {
  private final SyscallTable table;
  private final TraceWriter writer;

  public TracingDispatcher(SyscallTable table, TraceWriter writer) {
    this.table = table;
    this.writer = writer;
  }

  @Override
  public boolean isFast(int number) {
    return table.isFast(number);
  }

  @Override
  public long call(Task t, int number, long a0, long a1, long a2, long a3, long a4, long a5) {
    // The arguments are read before the call: it may change the memory that they point to, and the
    // call that
    // ends the task does not come back.
    TraceWriter.Call call = writer.enter(t, number, table.name(number), a0, a1, a2, a3, a4, a5);
    long result = table.call(t, number, a0, a1, a2, a3, a4, a5);
    writer.leave(call, result);
    return result;
  }
}
