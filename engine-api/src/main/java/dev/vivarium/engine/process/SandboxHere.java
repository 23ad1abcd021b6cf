package dev.vivarium.engine.process;

import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.Directories;
import java.io.IOException;
import java.io.PrintStream;

/**
 * Makes this very process the sandbox's, for the command that asked for it and stays with it. Saves
 * a second JVM; to all other clients it is a sandbox like any.
 */
public final class SandboxHere {
  private SandboxHere() {}

  /**
   * Runs it. This process ends as the sandbox does.
   *
   * @param spec what to run; its name is claimed already
   * @param keep whether state and log are kept after its end
   * @param front whose signals are the sandbox's
   * @param err where what went wrong is told
   * @return the exit code, should this process survive its end
   * @throws IOException if it could not begin
   */
  public static int run(
      Directories directories, SandboxSpec spec, boolean keep, Front front, PrintStream err)
      throws IOException {
    Priority.keep();
    SandboxProcess process = new SandboxProcess(directories, spec.id());
    SandboxOutcome outcome = process.runHere(spec, keep, front);
    if (!outcome.message().isEmpty()) {
      err.print("viv: " + outcome.message() + "\n");
      err.flush();
    }
    process.end(outcome.exitCode());
    return outcome.exitCode();
  }

  /**
   * Runs a container. This process ends as it does, unless it could not be created.
   *
   * @param container what its manager is told
   * @return why it could not be created
   * @throws IOException if it could not begin
   */
  public static String runContainer(
      Directories directories, SandboxSpec spec, Container container, Front front)
      throws IOException {
    SandboxProcess process = new SandboxProcess(directories, spec.id());
    SandboxOutcome outcome = process.runContainer(spec, container, front);
    if (container.isCreated()) {
      process.end(outcome.exitCode());
    }
    return outcome.message();
  }
}
