package dev.vivarium.engine;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * An engine for tests of everything around an engine: its "programs" are words, run on a thread of
 * the real sandbox process. {@code exit N}, {@code signal N} (end by one), {@code echo TEXT},
 * {@code error TEXT}, {@code cat}, {@code sleep}, {@code deaf} (ignores even kill), {@code report}
 * (prints the signals and sizes it gets until signal 15), {@code args} (prints what the
 * specification says), {@code refuse CODE TEXT} (cannot be started), {@code break TEXT} (fails
 * while it runs), {@code throw} (has a bug), {@code prepared} (exit code 0 if the engine was
 * prepared before).
 */
public final class ScriptedEngine implements Engine {
  private boolean prepared;

  @Override
  public String name() {
    return "scripted";
  }

  @Override
  public EngineProbe probe() {
    return new EngineProbe(
        true,
        List.of(new EngineProbe.Finding("script", EngineProbe.Level.OK, "it is a script", "")));
  }

  @Override
  public void prepare() {
    prepared = true;
  }

  @Override
  public RunningSandbox start(SandboxSpec spec, SandboxHost host) throws EngineException {
    List<String> words = spec.process().arguments();
    if (words.get(0).equals("prepared")) {
      words = List.of("exit", prepared ? "0" : "1");
    }
    if (words.get(0).equals("refuse")) {
      throw new EngineException(Integer.parseInt(words.get(1)), words.get(2));
    }
    if (words.get(0).equals("throw")) {
      throw new IllegalStateException("a bug");
    }
    host.log("scripted: " + words);
    Program program = new Program(spec, words, host.stdio());
    Thread thread = new Thread(program, "program");
    thread.setDaemon(true);
    thread.start();
    return program;
  }

  private static final class Program implements Runnable, RunningSandbox, RunningProcess {
    private final SandboxSpec spec;
    private final List<String> words;
    private final InputStream input;
    private final OutputStream output;
    private final OutputStream error;
    private final CompletableFuture<ExitStatus> end = new CompletableFuture<>();

    Program(SandboxSpec spec, List<String> words, SandboxHost.Stdio stdio) {
      this.spec = spec;
      this.words = words;
      if (stdio instanceof SandboxHost.Stdio.Streams streams) {
        input = streams.input();
        output = streams.output();
        error = streams.error();
        if (streams.terminal() && words.get(0).equals("report")) {
          say("size " + streams.rows() + "x" + streams.columns());
        }
      } else {
        input = new FileInputStream(FileDescriptor.in);
        output = new FileOutputStream(FileDescriptor.out);
        error = new FileOutputStream(FileDescriptor.err);
      }
    }

    private void say(String line) {
      try {
        output.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        end.complete(new ExitStatus(0, 13));
      }
    }

    @Override
    public void run() {
      try {
        switch (words.get(0)) {
          case "exit" -> exit(Integer.parseInt(words.get(1)));
          case "signal" -> end.complete(new ExitStatus(0, Integer.parseInt(words.get(1))));
          case "echo" -> {
            say(String.join(" ", words.subList(1, words.size())));
            exit(0);
          }
          case "error" -> {
            error.write((words.get(1) + "\n").getBytes(StandardCharsets.UTF_8));
            exit(0);
          }
          case "cat" -> {
            if (spec.process().stdin()) {
              input.transferTo(output);
            }
            exit(0);
          }
          case "args" -> {
            say(spec.process().arguments().toString());
            say(spec.process().environment().toString());
            say(spec.process().workingDirectory());
            say("user " + spec.process().user());
            say(spec.mounts().toString());
            say(spec.limits().toString());
            exit(0);
          }
          case "report" -> say("ready");
          case "break" -> end.completeExceptionally(new EngineException(125, words.get(1)));
          default -> {
            // sleep, deaf: until somebody ends it.
          }
        }
      } catch (IOException e) {
        end.complete(new ExitStatus(0, 13));
      }
    }

    private void exit(int code) {
      end.complete(new ExitStatus(code, 0));
    }

    @Override
    public ExitStatus await() throws EngineException, InterruptedException {
      try {
        return end.get();
      } catch (ExecutionException e) {
        throw (EngineException) e.getCause();
      }
    }

    @Override
    public void signal(int number) {
      if (words.get(0).equals("report")) {
        say("signal " + number);
        if (number != 15) {
          return;
        }
      }
      end.complete(new ExitStatus(0, number));
    }

    @Override
    public void resize(int rows, int columns) {
      say("size " + rows + "x" + columns);
    }

    @Override
    public RunningProcess exec(SandboxSpec.ProcessSpec process, SandboxHost.Stdio.Streams streams)
        throws EngineException {
      List<String> more = process.arguments();
      if (more.get(0).equals("refuse")) {
        throw new EngineException(Integer.parseInt(more.get(1)), more.get(2));
      }
      SandboxSpec as =
          new SandboxSpec(
              spec.id(),
              spec.name(),
              spec.engine(),
              spec.platform(),
              spec.root(),
              process,
              spec.hostname(),
              spec.mounts(),
              spec.readOnlyRoot(),
              spec.limits(),
              spec.timeout(),
              spec.traceFile());
      Program program = new Program(as, more, streams);
      Thread thread = new Thread(program, "one-more-program");
      thread.setDaemon(true);
      thread.start();
      end.thenRun(() -> program.end.complete(new ExitStatus(0, 9)));
      return program;
    }

    @Override
    public void kill() {
      if (!words.get(0).equals("deaf")) {
        end.complete(new ExitStatus(0, 9));
      }
    }
  }
}
