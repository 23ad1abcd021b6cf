package dev.vivarium.engine.compare;

import dev.vivarium.engine.watch.report.Report;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.JsonDocument;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs the same command under several engines, in turn: first all once, then all a second time, so
 * that what changes on the machine meanwhile meets all alike. The first run of each, which finds
 * nothing in any cache, is not counted.
 */
public final class Comparison {
  /** Without our kernel and without a machine of its own. */
  public static final String NATIVE = "native";

  private static final String HOST = "host";
  private static final long SAMPLE_MILLIS = 100;
  private static final int MAX_OUTPUT = 4096;
  private static final long NANOS_PER_TICK = 10_000_000;

  /** Hears how far it is. */
  public interface Listener {
    /** A run begins: 0 is the one that is not counted, {@code runs + 1} the one that is watched. */
    void begins(String engine, int run, int runs);

    /** A run has ended; what has come of its engine so far. */
    default void ended(Result soFar) {}
  }

  private final List<String> viv;
  private final String image;
  private final List<String> command;
  private final Map<String, List<Measurement>> measured = new LinkedHashMap<>();
  private final Map<String, String> problems = new LinkedHashMap<>();
  private final Map<String, Result.Calls> watched = new LinkedHashMap<>();
  private @Nullable NativeBundle bundle;
  private volatile @Nullable Process current;

  /**
   * Prepares one.
   *
   * @param viv what runs {@code viv}
   * @param image {@code host} or an image that is here
   */
  public Comparison(List<String> viv, String image, List<String> command) {
    this.viv = List.copyOf(viv);
    this.image = image;
    this.command = List.copyOf(command);
  }

  /**
   * Runs all.
   *
   * @param runs how many are counted, of each
   * @param watch whether each that can has one run more whose system calls are counted
   */
  public List<Result> run(List<String> engines, int runs, boolean watch, Listener listener)
      throws IOException, InterruptedException {
    try {
      engines.forEach(engine -> measured.put(engine, new ArrayList<>()));
      for (int i = 0; i <= runs; i++) {
        for (String engine : engines) {
          if (!problems.containsKey(engine)) {
            listener.begins(engine, i, runs);
            once(engine, i > 0);
            listener.ended(result(engine));
          }
        }
      }
      for (String engine : engines) {
        if (watch && !engine.equals(NATIVE) && !problems.containsKey(engine)) {
          listener.begins(engine, runs + 1, runs);
          watch(engine);
          listener.ended(result(engine));
        }
      }
    } finally {
      Process left = current;
      if (left != null) {
        left.destroy();
      }
      if (bundle != null) {
        bundle.close();
      }
    }
    return engines.stream().map(this::result).toList();
  }

  private Result result(String engine) {
    return new Result(
        engine,
        measured.getOrDefault(engine, List.of()),
        Optional.ofNullable(watched.get(engine)),
        problems.getOrDefault(engine, ""));
  }

  private void once(String engine, boolean counts) throws IOException, InterruptedException {
    Optional<List<String>> line = line(engine, List.of());
    if (line.isEmpty()) {
      return;
    }
    Outcome outcome = measure(line.get());
    int code = outcome.measurement.exitCode();
    if (code != 0) {
      String said = outcome.error.lines().reduce((a, b) -> b).orElse("");
      problems.put(engine, "ended with " + code + (said.isEmpty() ? "" : ": " + said));
    }
    List<Measurement> all = measured.get(engine);
    if (all != null && counts && code == 0) {
      all.add(outcome.measurement);
    }
  }

  private Optional<List<String>> line(String engine, List<String> flags) throws IOException {
    List<String> line = new ArrayList<>();
    if (engine.equals(NATIVE)) {
      Optional<String> runtime = NativeBundle.runtime();
      if (runtime.isEmpty() || !image.equals(HOST)) {
        problems.put(
            engine,
            runtime.isEmpty()
                ? "neither runc nor crun is installed"
                : "only the image host: others are never unpacked here");
        return Optional.empty();
      }
      NativeBundle made = bundle == null ? NativeBundle.create(command) : bundle;
      bundle = made;
      line.addAll(
          List.of(
              runtime.get(),
              "run",
              "--bundle",
              made.path().toString(),
              "vivarium-compare-" + ProcessHandle.current().pid()));
    } else {
      line.addAll(viv);
      line.addAll(List.of("run", "--rm", "--pull", "never", "--engine", engine));
      line.addAll(flags);
      line.addAll(List.of(image, "--"));
      line.addAll(command);
    }
    return Optional.of(line);
  }

  private record Outcome(Measurement measurement, String error) {}

  private Outcome measure(List<String> line) throws IOException, InterruptedException {
    Path error = Files.createTempFile("vivarium-compare-", ".err");
    try {
      long before = childrenNanos();
      long diskBefore = diskBytes();
      long begin = System.nanoTime();
      Process process =
          new ProcessBuilder(line)
              .redirectInput(new File("/dev/null"))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(error.toFile())
              .start();
      current = process;
      long[] peak = {0};
      Thread sampler =
          Thread.ofPlatform().daemon().name("memory").start(() -> sample(process, peak));
      int code = process.waitFor();
      long wall = System.nanoTime() - begin;
      sampler.interrupt();
      sampler.join();
      current = null;
      byte[] said = Files.readAllBytes(error);
      return new Outcome(
          new Measurement(wall, childrenNanos() - before, peak[0], diskBytes() - diskBefore, code),
          new String(
              said,
              Math.max(0, said.length - MAX_OUTPUT),
              Math.min(said.length, MAX_OUTPUT),
              StandardCharsets.UTF_8));
    } finally {
      Files.deleteIfExists(error);
    }
  }

  private static void sample(Process process, long[] peak) {
    try {
      while (process.isAlive()) {
        long sum =
            Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .mapToLong(handle -> proportionalBytes(handle.pid()))
                .sum();
        peak[0] = Math.max(peak[0], sum);
        Thread.sleep(SAMPLE_MILLIS);
      }
    } catch (InterruptedException e) {
      // It is over.
    }
  }

  private static long proportionalBytes(long pid) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/smaps_rollup"))) {
        if (line.startsWith("Pss:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
        }
      }
    } catch (IOException | NumberFormatException e) {
      // It is gone.
    }
    return 0;
  }

  /** What children of this process that have been waited for used, and theirs. */
  private static long childrenNanos() throws IOException {
    String stat = Files.readString(Path.of("/proc/self/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    // The 16th and the 17th, of which the first two are cut off.
    return (Long.parseLong(fields[13]) + Long.parseLong(fields[14])) * NANOS_PER_TICK;
  }

  /**
   * What this process, which itself has next to nothing to do with disks, and children of it that
   * have been waited for, and theirs, read from and wrote for disks. None where the kernel does not
   * count it.
   */
  private static long diskBytes() throws IOException {
    Path file = Path.of("/proc/self/io");
    long bytes = 0;
    if (Files.isReadable(file)) {
      for (String line : Files.readAllLines(file)) {
        if (line.startsWith("read_bytes:") || line.startsWith("write_bytes:")) {
          bytes += Long.parseLong(line.substring(line.indexOf(':') + 1).strip());
        }
      }
    }
    return bytes;
  }

  /** Once more, looked at. */
  private void watch(String engine) throws IOException, InterruptedException {
    Path report = Files.createTempFile("vivarium-compare-", ".json");
    try {
      Optional<List<String>> line = line(engine, List.of("--report", report.toString()));
      if (line.isPresent() && measure(line.get()).measurement.exitCode() == 0) {
        calls(Files.readAllBytes(report)).ifPresent(found -> watched.put(engine, found));
      }
    } finally {
      Files.deleteIfExists(report);
    }
  }

  private static Optional<Result.Calls> calls(byte[] json) throws IOException {
    Object root;
    try {
      root = JsonDocument.read(json, Report.MAX_DEPTH);
    } catch (BadDocumentException e) {
      return Optional.empty();
    }
    if (!(root instanceof Map<?, ?> report)
        || !(report.get("systemCalls") instanceof List<?> calls)) {
      return Optional.empty();
    }
    long count = 0;
    long most = -1;
    Map<?, ?> busiest = Map.of();
    for (Object one : calls) {
      if (one instanceof Map<?, ?> call) {
        count += number(call, "count");
        long own = number(call, "totalNanos") - number(call, "blockedNanos");
        if (own > most) {
          most = own;
          busiest = call;
        }
      }
    }
    long unsupported = 0;
    if (report.get("unsupported") instanceof List<?> list) {
      unsupported = list.size();
    }
    double seconds = Math.max(1, number(report, "durationNanos")) / 1e9;
    return Optional.of(
        new Result.Calls(
            count,
            count / seconds,
            String.valueOf(busiest.get("name")),
            number(busiest, "p50Nanos"),
            number(busiest, "p99Nanos"),
            unsupported));
  }

  private static long number(Map<?, ?> of, String name) {
    return of.get(name) instanceof Number n ? n.longValue() : 0;
  }

  /** Reads a list of engines as a person writes it. */
  public static List<String> engines(String text) {
    return Arrays.stream(text.split(",")).map(String::strip).filter(s -> !s.isEmpty()).toList();
  }
}
