package dev.vivarium.microvm;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.microvm.agent.AgentConnection;
import dev.vivarium.microvm.agent.GuestProcess;
import dev.vivarium.microvm.agent.ProcessRequest;
import dev.vivarium.microvm.agent.StartFailure;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;

/** Starts commands in a guest, and says why one could not be started. */
final class GuestCommand {
  private static final int FAILED = 125;
  private static final int CANNOT_RUN = 126;
  private static final int NOT_FOUND = 127;

  private static final int ENOENT = 2;
  private static final int ENOEXEC = 8;
  private static final int EACCES = 13;

  private static final String DEFAULT_PATH =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private GuestCommand() {}

  /**
   * Starts it; returns once its program is loaded.
   *
   * @throws EngineException if it could not be: the guest goes on
   * @throws IOException if the guest is lost
   */
  static GuestProcess start(
      AgentConnection agent, SandboxSpec.ProcessSpec command, SandboxHost.Stdio stdio)
      throws EngineException, IOException, InterruptedException {
    GuestProcess process = agent.start(request(command, stdio));
    Optional<StartFailure> failure;
    try {
      failure = process.started().get();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e);
    }
    if (failure.isPresent()) {
      throw failure(command, failure.get());
    }
    return process;
  }

  private static ProcessRequest request(SandboxSpec.ProcessSpec command, SandboxHost.Stdio stdio) {
    SandboxHost.Stdio.Streams streams =
        stdio instanceof SandboxHost.Stdio.Streams given
            ? given
            : new SandboxHost.Stdio.Streams(
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err),
                false,
                24,
                80);
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("PATH", DEFAULT_PATH);
    if (streams.terminal()) {
      environment.put("TERM", "xterm");
    }
    environment.putAll(command.environment());
    return new ProcessRequest(
        command.arguments(),
        environment,
        command.workingDirectory(),
        command.user(),
        streams.terminal(),
        streams.rows(),
        streams.columns(),
        command.stdin(),
        streams.input(),
        streams.output(),
        streams.error());
  }

  /** The line for the user about a process that could not be started. */
  static EngineException failure(SandboxSpec.ProcessSpec command, StartFailure failure) {
    String program = command.arguments().getFirst();
    String user = command.user();
    int colon = user.indexOf(':');
    return switch (failure.kind()) {
      case CANNOT_EXECUTE ->
          switch (failure.errno()) {
            case ENOENT ->
                new EngineException(NOT_FOUND, "command not found: " + program + " in the sandbox");
            case ENOEXEC ->
                new EngineException(
                    CANNOT_RUN,
                    "cannot run "
                        + program
                        + ": not a program for x86-64 Linux (wrong architecture, or a script"
                        + " without #!)");
            case EACCES ->
                new EngineException(
                    CANNOT_RUN, "cannot run " + program + ": permission denied; is it executable?");
            default ->
                new EngineException(
                    CANNOT_RUN, "cannot run " + program + ": error " + failure.errno());
          };
      case NO_SUCH_USER ->
          new EngineException(
              CANNOT_RUN,
              "no such user: "
                  + (colon < 0 ? user : user.substring(0, colon))
                  + " in the image's /etc/passwd; use a number or another name");
      case NO_SUCH_GROUP ->
          new EngineException(
              CANNOT_RUN,
              "no such group: "
                  + user.substring(colon + 1)
                  + " in the image's /etc/group; use a number or another name");
      case NO_DIRECTORY ->
          new EngineException(
              CANNOT_RUN,
              "cannot go to the working directory: "
                  + command.workingDirectory()
                  + " in the sandbox: error "
                  + failure.errno());
      case CANNOT_PREPARE ->
          new EngineException(FAILED, "the guest cannot make a process: error " + failure.errno());
    };
  }
}
