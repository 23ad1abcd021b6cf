package dev.vivarium.cli;

import dev.vivarium.cli.compare.CompareCommand;
import dev.vivarium.cli.export.ExportCommand;
import dev.vivarium.cli.host.CompletionCommand;
import dev.vivarium.cli.host.DoctorCommand;
import dev.vivarium.cli.host.GuiCommand;
import dev.vivarium.cli.host.VersionCommand;
import dev.vivarium.cli.image.CommitCommand;
import dev.vivarium.cli.image.HistoryCommand;
import dev.vivarium.cli.image.ImagesCommand;
import dev.vivarium.cli.image.ImportCommand;
import dev.vivarium.cli.image.LoadCommand;
import dev.vivarium.cli.image.PruneCommand;
import dev.vivarium.cli.image.PullCommand;
import dev.vivarium.cli.image.PushCommand;
import dev.vivarium.cli.image.RmiCommand;
import dev.vivarium.cli.image.SaveCommand;
import dev.vivarium.cli.image.TagCommand;
import dev.vivarium.cli.image.VerifyCommand;
import dev.vivarium.cli.profile.ProfileCommand;
import dev.vivarium.cli.run.AttachCommand;
import dev.vivarium.cli.run.ExecCommand;
import dev.vivarium.cli.run.OpenCommand;
import dev.vivarium.cli.run.RunCommand;
import dev.vivarium.cli.sandbox.AnswerCommand;
import dev.vivarium.cli.sandbox.CpCommand;
import dev.vivarium.cli.sandbox.DiffCommand;
import dev.vivarium.cli.sandbox.InspectCommand;
import dev.vivarium.cli.sandbox.KillCommand;
import dev.vivarium.cli.sandbox.LogsCommand;
import dev.vivarium.cli.sandbox.PauseCommand;
import dev.vivarium.cli.sandbox.PsCommand;
import dev.vivarium.cli.sandbox.QuestionsCommand;
import dev.vivarium.cli.sandbox.RecoverCommand;
import dev.vivarium.cli.sandbox.RmCommand;
import dev.vivarium.cli.sandbox.StopCommand;
import dev.vivarium.cli.sandbox.WaitCommand;
import dev.vivarium.cli.shell.ShellCommand;
import dev.vivarium.cli.watch.EventsCommand;
import dev.vivarium.cli.watch.LatencyCommand;
import dev.vivarium.cli.watch.ReportCommand;
import dev.vivarium.cli.watch.StatsCommand;
import dev.vivarium.cli.watch.TraceCommand;
import java.util.List;
import java.util.Optional;

/** The registry of verbs: help, completion and dispatch all come from it. */
public enum Verbs {
  RUN("run", "Run a command in a new sandbox"),
  OPEN("open", "Run a downloaded file safely, and show what it did"),
  EXEC("exec", "Run one more command in a running sandbox"),
  ATTACH("attach", "Connect this terminal to a sandbox that runs in the background"),
  PS("ps", "List sandboxes"),
  LOGS("logs", "Show what a sandbox wrote"),
  STOP("stop", "Ask sandboxes to end, and end them"),
  KILL("kill", "Send sandboxes a signal"),
  PAUSE("pause", "Let sandboxes stand still"),
  UNPAUSE("unpause", "Let paused sandboxes go on"),
  QUESTIONS("questions", "List what sandboxes ask you, and answer it on a terminal"),
  ANSWER("answer", "Answer what a sandbox asks: allow, always, refuse or never"),
  WAIT("wait", "Wait for sandboxes to end, and print their exit codes"),
  RM("rm", "Remove finished sandboxes"),
  TRACE("trace", "Show a running sandbox's system calls as they are made"),
  EVENTS("events", "Show what a running sandbox does: processes, files, network, signals"),
  LATENCY("latency", "Show how long a sandbox's system calls take"),
  STATS("stats", "Show what sandboxes use"),
  REPORT("report", "Show what a finished run did, and what that comes to"),
  INSPECT("inspect", "Show everything about a sandbox or an image, as JSON"),
  CP("cp", "Copy files into or out of a sandbox"),
  DIFF("diff", "List the files that a sandbox added, changed or deleted"),
  RECOVER("recover", "Take out files that a sandbox made or changed"),
  IMAGES("images", "List images"),
  PULL("pull", "Fetch an image from its registry"),
  RMI("rmi", "Remove images"),
  TAG("tag", "Give an image another name"),
  PUSH("push", "Bring an image to a registry"),
  SAVE("save", "Write images into an archive"),
  LOAD("load", "Take images from an archive"),
  COMMIT("commit", "Make an image of what a sandbox changed"),
  IMPORT("import", "Make an image of a directory or a tar file"),
  HISTORY("history", "Show what made an image"),
  PRUNE("prune", "Remove images that are not needed"),
  VERIFY("verify", "Check every byte of the image store"),
  PROFILE("profile", "Read, check, compare and make profiles: what a sandbox may do"),
  EXPORT("export", "Write a sandbox or a profile for Kubernetes, compose, podman or systemd"),
  COMPARE("compare", "Time the same work under each engine, side by side"),
  SHELL("shell", "Open the prompt, or run a script of its commands"),
  GUI("gui", "Open the desktop"),
  DOCTOR("doctor", "Say what this machine can and cannot do, and how to fix it"),
  COMPLETION("completion", "Print the completion script of a shell"),
  VERSION("version", "Print the version");

  private final String word;
  private final String summary;

  Verbs(String word, String summary) {
    this.word = word;
    this.summary = summary;
  }

  /** Makes the command; its class is loaded only now. */
  Command command() {
    return switch (this) {
      case RUN -> new RunCommand();
      case OPEN -> new OpenCommand();
      case EXEC -> new ExecCommand();
      case ATTACH -> new AttachCommand();
      case PS -> new PsCommand();
      case LOGS -> new LogsCommand();
      case STOP -> new StopCommand();
      case KILL -> new KillCommand();
      case PAUSE -> new PauseCommand(true);
      case UNPAUSE -> new PauseCommand(false);
      case QUESTIONS -> new QuestionsCommand();
      case ANSWER -> new AnswerCommand();
      case WAIT -> new WaitCommand();
      case RM -> new RmCommand();
      case TRACE -> new TraceCommand();
      case EVENTS -> new EventsCommand();
      case LATENCY -> new LatencyCommand();
      case STATS -> new StatsCommand();
      case REPORT -> new ReportCommand();
      case INSPECT -> new InspectCommand();
      case CP -> new CpCommand();
      case DIFF -> new DiffCommand();
      case RECOVER -> new RecoverCommand();
      case IMAGES -> new ImagesCommand();
      case PULL -> new PullCommand();
      case RMI -> new RmiCommand();
      case TAG -> new TagCommand();
      case PUSH -> new PushCommand();
      case SAVE -> new SaveCommand();
      case LOAD -> new LoadCommand();
      case COMMIT -> new CommitCommand();
      case IMPORT -> new ImportCommand();
      case HISTORY -> new HistoryCommand();
      case PRUNE -> new PruneCommand();
      case VERIFY -> new VerifyCommand();
      case PROFILE -> new ProfileCommand();
      case EXPORT -> new ExportCommand();
      case COMPARE -> new CompareCommand();
      case SHELL -> new ShellCommand();
      case GUI -> new GuiCommand();
      case DOCTOR -> new DoctorCommand();
      case COMPLETION -> new CompletionCommand();
      case VERSION -> new VersionCommand();
    };
  }

  public String word() {
    return word;
  }

  public String summary() {
    return summary;
  }

  /** The one with this word. */
  static Optional<Verbs> find(String word) {
    for (Verbs verb : values()) {
      if (verb.word.equals(word)) {
        return Optional.of(verb);
      }
    }
    return Optional.empty();
  }

  /** The one that a mistyped word most likely meant. */
  static Optional<String> similar(String typed) {
    return Spelling.closest(typed, List.of(values()).stream().map(Verbs::word).toList());
  }
}
