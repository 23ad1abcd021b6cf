package dev.vivarium.engine.process;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.watch.Recorder;
import dev.vivarium.engine.watch.Watch;
import dev.vivarium.engine.watch.export.EventOutput;
import dev.vivarium.engine.watch.export.Format;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a specification wants written down of a run, from its first system call on. */
final class Recording {
  private static final int FAILED = 125;

  private final SandboxLog log;
  private @Nullable Recorder recorder;

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
    List<EventOutput> outputs = new ArrayList<>();
    try {
      if (spec.traceFile().isPresent()) {
        outputs.add(trace(Path.of(spec.traceFile().get())));
      }
      if (!outputs.isEmpty()) {
        recording.recorder = new Recorder(watch, outputs, false);
      }
    } catch (IOException e) {
      throw new EngineException(
          FAILED,
          "cannot write the trace: " + spec.traceFile().orElse("") + ": " + Reason.of(e),
          e);
    }
    return recording;
  }

  private static EventOutput trace(Path file) throws IOException {
    return Format.ofFile(file.toString())
        .output(
            Files.newBufferedWriter(file, StandardCharsets.UTF_8),
            System.currentTimeMillis() * 1_000_000);
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
