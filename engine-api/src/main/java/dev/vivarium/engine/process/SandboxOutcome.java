package dev.vivarium.engine.process;

import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.SandboxState.Status;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the end of a sandbox comes to.
 *
 * @param exitCode what the run command exits with
 * @param reason for the state; empty if it ended by itself
 * @param message the line that the user is told; may be empty
 */
record SandboxOutcome(Status status, int exitCode, String reason, String message) {
  /** An end by a failure of ours or of what it was asked to be. */
  static SandboxOutcome failure(int exitCode, @Nullable String message) {
    String line = message == null ? "the engine failed without saying why" : message;
    return new SandboxOutcome(Status.FAILED, exitCode, line, line);
  }

  /** The same, and what of the report the profile flags is said too. */
  SandboxOutcome with(List<String> flagged, SandboxSpec spec, boolean kept) {
    if (flagged.isEmpty()) {
      return this;
    }
    String line =
        "the report flags "
            + String.join(", ", flagged)
            + (kept ? "; viv report " + spec.name() + " shows it" : "");
    return new SandboxOutcome(
        status, exitCode, reason, message.isEmpty() ? line : message + "; " + line);
  }
}
