package dev.vivarium.sentry.kernel;

import org.jspecify.annotations.Nullable;

/** What the kernel keeps about a task that another one traces; {@link Tracing} works on it. */
public final class Tracee {
  /** The task that traces; only it may ask for anything. */
  final Task tracer;

  /** The tracer's credentials when it attached: what an execve of the tracee may gain by them. */
  final Credentials tracerCreds;

  /** By PTRACE_SEIZE. */
  final boolean seized;

  /** PTRACE_O_* bits. */
  int options;

  /** What PTRACE_GETEVENTMSG gives. */
  long message;

  /**
   * How the tracer has let it go on: stopping at system calls, instead of them, at instructions.
   */
  boolean stopsAtCalls;

  boolean emulatesCalls;
  boolean singleSteps;

  /** TF is set in the guest's flags because of its tracer, not by the guest. */
  boolean forcedTrapFlag;

  /** It was set when the guest stopped last. */
  boolean stepped;

  private @Nullable DebugRegisters debugRegisters;

  /** It stands still for its tracer. */
  boolean stopped;

  /** Its code is as in its files: no system-call instruction is a jump. */
  boolean hasOwnCode;

  /** The stop is that of the entry to a system call, which has not been made yet. */
  boolean atEntry;

  /** PTRACE_LISTEN: stopped, but the next change of the group stop is to be reported. */
  boolean listening;

  /** What wait4 is to report of the present stop: signal, and event times 256; 0 once reported. */
  int report;

  /** PTRACE_GETSIGINFO of the present stop. */
  @Nullable SignalInfo info;

  /** The signal that the tracer passes on when it lets go on. */
  int injected;

  /** A trap is due: PTRACE_INTERRUPT, a group stop, or (the second) a change of the group stop. */
  boolean trapStop;

  boolean trapNotify;

  /** Woken when the tracer lets it go on. */
  final WaitQueue resumed = new WaitQueue();

  /** Woken when it has stopped, for PTRACE_ATTACH to a stopped task. */
  final WaitQueue stops = new WaitQueue();

  Tracee(Task tracer, boolean seized, int options) {
    this.tracer = tracer;
    this.tracerCreds = tracer.creds;
    this.seized = seized;
    this.options = options;
  }

  boolean trapPending() {
    return trapStop || trapNotify;
  }

  boolean wants(int event) {
    return (options & 1 << event) != 0;
  }

  /** The task that traces it. */
  public Task tracer() {
    return tracer;
  }

  /** Whether it goes on instruction by instruction, for its tracer or for what is watched. */
  boolean steps() {
    return singleSteps || debugRegisters != null && debugRegisters.isArmed();
  }

  /** Its debug registers; null while none was set. */
  public @Nullable DebugRegisters debugRegisters() {
    return debugRegisters;
  }

  /** The same, made if need be. */
  public DebugRegisters ownDebugRegisters() {
    DebugRegisters own = debugRegisters;
    if (own == null) {
      own = new DebugRegisters();
      debugRegisters = own;
    }
    return own;
  }

  /** A new program has none. */
  void dropDebugRegisters() {
    debugRegisters = null;
  }

  /** PTRACE_GETEVENTMSG. */
  public long message() {
    return message;
  }

  /** PTRACE_GETSIGINFO; null if the stop is none for a signal. */
  public @Nullable SignalInfo info() {
    return info;
  }

  /** PTRACE_SETSIGINFO. */
  public void setInfo(SignalInfo replacement) {
    info = replacement;
  }

  /** PTRACE_SETOPTIONS, after they have been checked. */
  public void setOptions(int bits) {
    options = bits;
  }

  /** Whether the stop is that of the entry to a system call. */
  public boolean isAtEntry() {
    return atEntry;
  }
}
