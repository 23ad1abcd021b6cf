package dev.vivarium.engine.state;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How far a sandbox is, as {@code state.json} tells it; with what a listing shows, so that a
 * listing reads one small file per sandbox.
 *
 * @param id 12 hex digits
 * @param name the user's or a made-up one
 * @param engine that runs it
 * @param platform how the engine gets hold of system calls; empty until it runs
 * @param image as the user wrote it
 * @param command argv of the first process
 * @param status how far it is
 * @param pid of the sandbox's process on the host
 * @param created when the sandbox was made
 * @param finished when it ended
 * @param exitCode as a shell would show it; meaningful once it ended
 * @param reason why it failed or was ended, one line; empty if the command ended by itself
 * @param degraded which wall this host could not give, which was permitted; empty if all stand
 */
public record SandboxState(
    String id,
    String name,
    String engine,
    String platform,
    String image,
    List<String> command,
    Status status,
    long pid,
    Instant created,
    Optional<Instant> finished,
    int exitCode,
    String reason,
    String degraded) {

  public SandboxState {
    command = List.copyOf(command);
  }

  /** One around which all walls stand. */
  public SandboxState(
      String id,
      String name,
      String engine,
      String platform,
      String image,
      List<String> command,
      Status status,
      long pid,
      Instant created,
      Optional<Instant> finished,
      int exitCode,
      String reason) {
    this(
        id, name, engine, platform, image, command, status, pid, created, finished, exitCode,
        reason, "");
  }

  /** The steps of a sandbox's life. */
  public enum Status {
    /** Its process is there, its command not yet. */
    CREATED,
    RUNNING,
    /** Running, but made to stand still for now. */
    PAUSED,
    /** Its command ended, or was ended. */
    EXITED,
    /** The engine or the sandbox's process failed. */
    FAILED;

    /** As in JSON and listings. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    static Status of(String word) {
      return valueOf(word.toUpperCase(Locale.ROOT));
    }
  }

  /** Whether it is created, running or paused. */
  public boolean isAlive() {
    return status == Status.CREATED || status == Status.RUNNING || status == Status.PAUSED;
  }

  /**
   * The same sandbox, running.
   *
   * @param on the platform
   * @param without which wall is missing; empty if none is
   */
  public SandboxState running(String on, String without) {
    return new SandboxState(
        id,
        name,
        engine,
        on,
        image,
        command,
        Status.RUNNING,
        pid,
        created,
        finished,
        exitCode,
        reason,
        without);
  }

  /** The same sandbox, one step on. */
  public SandboxState with(Status next) {
    return new SandboxState(
        id, name, engine, platform, image, command, next, pid, created, finished, exitCode, reason,
        degraded);
  }

  /** The same sandbox at its end. */
  public SandboxState ended(Status how, Instant when, int code, String why) {
    return new SandboxState(
        id,
        name,
        engine,
        platform,
        image,
        command,
        how,
        pid,
        created,
        Optional.of(when),
        code,
        why,
        degraded);
  }
}
