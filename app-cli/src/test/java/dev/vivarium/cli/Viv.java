package dev.vivarium.cli;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The real client in a process of its own, with the scripted engine in real sandbox processes, and
 * with directories that belong to one test.
 */
final class Viv {
  private final Path temp;
  private final String java = Path.of(System.getProperty("java.home"), "bin/java").toString();

  Viv(Path temp) throws IOException {
    this.temp = temp;
    Files.createDirectory(temp.resolve("r"));
    Files.write(
        temp.resolve("sandbox.args"),
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.vivarium.engine.process.SandboxMain"));
  }

  /** How a command ended and what it wrote. */
  record Result(int code, String out, String err) {}

  List<String> line(String... arguments) {
    List<String> line =
        new ArrayList<>(
            List.of(
                java,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dvivarium.home=" + temp,
                "-cp",
                System.getProperty("java.class.path"),
                "dev.vivarium.cli.Main"));
    line.addAll(List.of(arguments));
    return line;
  }

  Process start(List<String> line) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(line);
    builder.directory(temp.toFile());
    builder.environment().put("XDG_RUNTIME_DIR", temp.resolve("r").toString());
    builder.environment().put("XDG_STATE_HOME", temp.resolve("state").toString());
    builder.environment().put("VIVARIUM_STORE", temp.resolve("store").toString());
    builder.environment().put("VIVARIUM_ENGINE", "scripted");
    builder.environment().put("FROM_HERE", "yes");
    builder.redirectError(new File(temp.toFile(), "err"));
    return builder.start();
  }

  Process start(String... arguments) throws IOException {
    return start(line(arguments));
  }

  Result finish(Process process, String input) throws IOException, InterruptedException {
    try (OutputStream to = process.getOutputStream()) {
      to.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It does not read.
    }
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("it did not end; so far: " + out);
    }
    return new Result(process.exitValue(), out, Files.readString(temp.resolve("err")));
  }

  Result run(String... arguments) throws IOException, InterruptedException {
    return finish(start(arguments), "");
  }

  /** What is left in the run directory. */
  List<String> running() throws IOException {
    try (var entries = Files.list(temp.resolve("r/vivarium"))) {
      return entries.map(entry -> entry.getFileName().toString()).toList();
    }
  }

  /** The host processes that serve this sandbox. */
  static List<ProcessHandle> processes(String id) {
    return ProcessHandle.allProcesses()
        .filter(process ->
            process.info().arguments().map(args -> List.of(args).contains(id)).orElse(false))
        .toList();
  }
}
