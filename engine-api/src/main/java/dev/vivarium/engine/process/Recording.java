package dev.vivarium.engine.process;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.engine.watch.Recorder;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.engine.watch.Wants;
import dev.vivarium.engine.watch.Watch;
import dev.vivarium.engine.watch.export.AsciiSink;
import dev.vivarium.engine.watch.export.EventOutput;
import dev.vivarium.engine.watch.export.Format;
import dev.vivarium.engine.watch.report.Change;
import dev.vivarium.engine.watch.report.ChangeReader;
import dev.vivarium.engine.watch.report.Report;
import dev.vivarium.engine.watch.report.ReportCollector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a specification wants written down of a run, from its first system call on. */
final class Recording {
  private static final int FAILED = 125;

  private final SandboxLog log;
  private volatile @Nullable Recorder recorder;
  private @Nullable ReportCollector collector;

  /** Where the report goes: open from the start, since later this process can open nothing. */
  private @Nullable FileChannel reportFile;

  /** What it left changed, once it has ended; null if that is not known. */
  private volatile @Nullable ChangeReader changed;

  private Recording(SandboxLog log) {
    this.log = log;
  }

  /**
   * Begins; does nothing if nothing is wanted.
   *
   * @throws EngineException if what is wanted cannot be written
   */
  static Recording begin(SandboxSpec spec, Watch watch, SandboxLog log) throws EngineException {
    Recording recording = new Recording(log);
    if (spec.traceFile().isEmpty() && spec.reportFile().isEmpty()) {
      return recording;
    }
    List<EventOutput> outputs = new ArrayList<>();
    try {
      Format format = Format.ofFile(spec.traceFile().orElse(""));
      if (spec.traceFile().isPresent()) {
        outputs.add(trace(Path.of(spec.traceFile().get()), format));
      }
      if (spec.reportFile().isPresent()) {
        recording.reportFile = report(spec.reportFile().get());
        recording.collector = new ReportCollector();
        outputs.add(recording.collector);
      }
      if (!outputs.isEmpty()) {
        boolean report = spec.reportFile().isPresent();
        boolean trace = spec.traceFile().isPresent();
        recording.recorder =
            new Recorder(
                watch,
                outputs,
                new Wants(
                    report || format != Format.PCAP,
                    report,
                    trace && format == Format.TEXT,
                    trace && format == Format.PCAP));
      }
    } catch (IOException e) {
      throw new EngineException(FAILED, "cannot record the run: " + file(spec, e), e);
    }
    return recording;
  }

  private static String file(SandboxSpec spec, IOException e) {
    String file =
        e instanceof FileSystemException f && f.getFile() != null
            ? f.getFile()
            : spec.traceFile().orElse("");
    return file + ": " + Reason.of(e);
  }

  /** Null for one that is only kept. */
  private static @Nullable FileChannel report(String file) throws IOException {
    return file.isEmpty()
        ? null
        : FileChannel.open(
            Path.of(file),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
  }

  private static EventOutput trace(Path file, Format format) throws IOException {
    return format.output(
        new AsciiSink(Files.newOutputStream(file)), System.currentTimeMillis() * 1_000_000);
  }

  /**
   * The sandbox is over and its files are not: looks at what it changed, if a report is wanted.
   *
   * @param kept where the changes were written to; null if they were not
   */
  void take(SandboxHost.Changes changes, @Nullable Path kept) {
    if (collector == null) {
      return;
    }
    ChangeReader reader = new ChangeReader();
    try {
      if (kept != null && Files.exists(kept)) {
        reader.read(kept);
      } else {
        reader.read(changes);
      }
      reader.compare(changes);
      changed = reader;
    } catch (IOException e) {
      log.add("the report does not say what it changed: " + Reason.of(e));
    }
  }

  /**
   * Writes the report, if one is wanted. After {@link #end}.
   *
   * @param figures the last ones; null if there are none
   * @param entry where it is kept; null if nothing is
   * @return the findings that its profile flags
   */
  List<String> report(
      SandboxSpec spec, Report.End how, @Nullable Statistics figures, @Nullable StateEntry entry) {
    ReportCollector seen = collector;
    if (seen == null) {
      return List.of();
    }
    List<String> flagged = List.of();
    try {
      Optional<List<Change>> changes = Optional.ofNullable(changed).map(ChangeReader::changes);
      Report report = Report.of(spec, how, seen, Optional.ofNullable(figures), changes);
      flagged = report.flagged();
      if (entry != null) {
        entry.create().writeReport(report.json());
      }
      try (FileChannel file = reportFile) {
        if (file != null) {
          String name = spec.reportFile().orElseThrow();
          ByteBuffer bytes = ByteBuffer.wrap(report.as(Report.formOfFile(name)).orElseThrow());
          while (bytes.hasRemaining()) {
            file.write(bytes);
          }
        }
      }
    } catch (IOException | RuntimeException e) {
      log.add("the report could not be written", e);
    }
    return flagged;
  }

  /**
   * The report so far.
   *
   * @throws IOException if there is none; the message says why
   */
  Report reportNow(SandboxSpec spec, Instant created, Watch watch, RunningSandbox sandbox)
      throws IOException, InterruptedException {
    ReportCollector seen = collector;
    Recorder r = recorder;
    if (seen == null || r == null) {
      throw new IOException("it was not started with --record or --report");
    }
    Optional<Statistics> figures;
    try {
      figures = Optional.of(watch.statistics());
    } catch (IOException e) {
      figures = Optional.empty(); // this engine has none
    }
    Optional<List<Change>> changes;
    try {
      ChangeReader reader = new ChangeReader();
      sandbox.visitChanges(all -> {
        reader.read(all);
        reader.compare(all);
      });
      changes = Optional.of(reader.changes());
    } catch (EngineException e) {
      changes = Optional.empty(); // nor those
    }
    Optional<Statistics> f = figures;
    Optional<List<Change>> c = changes;
    return r.between(() -> Report.of(spec, Report.End.notYet(created), seen, f, c));
  }

  /** The engine has ended: writes the rest. */
  void end() {
    Recorder r = recorder;
    recorder = null;
    if (r == null) {
      return;
    }
    try {
      r.close();
    } catch (IOException e) {
      log.add("what was to be recorded is incomplete: " + Reason.of(e));
    }
  }
}
