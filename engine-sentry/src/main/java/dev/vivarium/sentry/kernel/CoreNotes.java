package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.memory.DumpPlan;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a core file says of the process besides its memory: the notes, in Linux's order
 * (linux/elf.h, linux/elfcore.h).
 */
final class CoreNotes {
  private static final int NT_PRSTATUS = 1;
  private static final int NT_PRFPREG = 2;
  private static final int NT_PRPSINFO = 3;
  private static final int NT_AUXV = 6;
  private static final int NT_X86_XSTATE = 0x202;
  private static final int NT_FILE = 0x46494c45;
  private static final int NT_SIGINFO = 0x53494749;

  // struct elf_prstatus
  private static final int PRSTATUS_SIZE = 336;
  private static final int PR_REG = 112;
  private static final int PR_FPVALID = 328;

  // struct elf_prpsinfo
  private static final int PRPSINFO_SIZE = 136;
  private static final int PR_FNAME = 40;
  private static final int PR_FNAME_MAX = 15;
  private static final int PR_PSARGS = 56;
  private static final int PR_PSARGS_MAX = 79;

  /** Linux leaves the list of files out that is longer. */
  private static final int MOST_FILES = 4 << 20;

  private static final long PAGE = 4096;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream(8192);

  private CoreNotes() {}

  /** All notes; the dumping task comes first, the other tasks of its process stand still. */
  static byte[] of(Task dumper, SignalInfo info, List<DumpPlan.Part> parts) {
    CoreNotes notes = new CoreNotes();
    notes.note("CORE", NT_PRSTATUS, status(dumper, info.signo));
    notes.note("CORE", NT_PRPSINFO, process(dumper));
    byte[] siginfo = new byte[SignalInfo.SIZE];
    info.encode(siginfo, 0);
    notes.note("CORE", NT_SIGINFO, siginfo);
    notes.note("CORE", NT_AUXV, dumper.mm.auxv);
    byte[] files = files(parts);
    if (files.length <= MOST_FILES) {
      notes.note("CORE", NT_FILE, files);
    }
    notes.floatingPoint(dumper);
    for (Task t : new ArrayList<>(dumper.group.tasks)) {
      if (t != dumper && !t.hasExited()) {
        notes.note("CORE", NT_PRSTATUS, status(t, info.signo));
        notes.floatingPoint(t);
      }
    }
    return notes.out.toByteArray();
  }

  private void floatingPoint(Task t) {
    note("CORE", NT_PRFPREG, RegisterSets.floatingPoint(t));
    byte[] extended = RegisterSets.extended(t);
    if (extended.length > RegisterSets.FXSAVE_SIZE) {
      note("LINUX", NT_X86_XSTATE, extended);
    }
  }

  private void note(String name, int type, byte[] content) {
    byte[] head = new byte[12 + (name.length() + 1 + 3 & -4)];
    Bytes.putInt(head, 0, name.length() + 1);
    Bytes.putInt(head, 4, content.length);
    Bytes.putInt(head, 8, type);
    System.arraycopy(name.getBytes(StandardCharsets.ISO_8859_1), 0, head, 12, name.length());
    out.writeBytes(head);
    out.writeBytes(content);
    out.writeBytes(new byte[-content.length & 3]);
  }

  private static byte[] status(Task t, int signo) {
    ThreadGroup g = t.group;
    byte[] b = new byte[PRSTATUS_SIZE];
    Bytes.putInt(b, 0, signo);
    Bytes.putShort(b, 12, signo);
    Bytes.putLong(b, 16, t.pending.set() & ~SignalSet.bit(dev.vivarium.sentry.abi.Signals.SIGKILL));
    Bytes.putLong(b, 24, t.sigmask);
    putIds(b, 32, t.tid(), g);
    CpuTimes own = t == g.leader ? g.cpuTimes() : t.times();
    putTime(b, 48, own.userNanos);
    putTime(b, 64, own.systemNanos);
    putTime(b, 80, g.reapedChildren.userNanos);
    putTime(b, 96, g.reapedChildren.systemNanos);
    byte[] registers = RegisterSets.general(t);
    System.arraycopy(registers, 0, b, PR_REG, registers.length);
    Bytes.putInt(b, PR_FPVALID, 1);
    return b;
  }

  private static void putIds(byte[] b, int at, int pid, ThreadGroup g) {
    Bytes.putInt(b, at, pid);
    Bytes.putInt(b, at + 4, g.ppid());
    Bytes.putInt(b, at + 8, g.processGroup().id());
    Bytes.putInt(b, at + 12, g.session().id());
  }

  private static void putTime(byte[] b, int at, long nanos) {
    Bytes.putLong(b, at, nanos / NANOS_PER_SECOND);
    Bytes.putLong(b, at + 8, nanos % NANOS_PER_SECOND / 1000);
  }

  private static byte[] process(Task t) {
    byte[] b = new byte[PRPSINFO_SIZE];
    b[1] = 'R';
    b[3] = (byte) t.nice;
    Bytes.putInt(b, 16, t.creds.ruid);
    Bytes.putInt(b, 20, t.creds.rgid);
    putIds(b, 24, t.group.pid(), t.group);
    byte[] name = t.comm.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(name, 0, b, PR_FNAME, Math.min(name.length, PR_FNAME_MAX));
    long room = Math.clamp(t.mm.argEnd - t.mm.argStart, 0, PR_PSARGS_MAX);
    byte[] arguments = new byte[(int) room];
    int got = t.mm.access(t, t, t.mm.argStart, arguments, 0, arguments.length, false);
    for (int i = 0; i < got; i++) {
      b[PR_PSARGS + i] = arguments[i] == 0 ? (byte) ' ' : arguments[i];
    }
    return b;
  }

  private static byte[] files(List<DumpPlan.Part> parts) {
    List<DumpPlan.Part> mapped = parts.stream().filter(p -> !p.fileName().isEmpty()).toList();
    ByteArrayOutputStream names = new ByteArrayOutputStream();
    byte[] table = new byte[16 + 24 * mapped.size()];
    Bytes.putLong(table, 0, mapped.size());
    Bytes.putLong(table, 8, PAGE);
    int at = 16;
    for (DumpPlan.Part p : mapped) {
      Bytes.putLong(table, at, p.start());
      Bytes.putLong(table, at + 8, p.end());
      Bytes.putLong(table, at + 16, p.fileOffset() / PAGE);
      at += 24;
      names.writeBytes(p.fileName().getBytes(StandardCharsets.ISO_8859_1));
      names.write(0);
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream(table.length + names.size());
    all.writeBytes(table);
    all.writeBytes(names.toByteArray());
    return all.toByteArray();
  }
}
