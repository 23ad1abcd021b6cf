package dev.vivarium.engine.compare;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.state.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonTest {
  @TempDir private Path temp;

  /** Stands for viv: writes down how it was called, and ends as its engine is to. */
  private Path program() throws Exception {
    Path program = temp.resolve("viv");
    Files.writeString(
        program,
        "#!/bin/sh\necho \"$*\" >>"
            + temp
            + "/calls\n"
            + "case \"$*\" in *'--engine microvm'*) echo 'viv: no such engine' >&2; exit 125;;"
            + " *--report*) while [ \"$1\" != --report ]; do shift; done\n"
            + "echo '{\"schemaVersion\":1,\"durationNanos\":2000000000,\"systemCalls\":[{\"name\":\"read\",\"count\":30,"
            + "\"totalNanos\":900,\"blockedNanos\":800,\"p50Nanos\":1,\"p99Nanos\":2},{\"name\":\"write\",\"count\":10,\"totalNanos\":500,\"blockedNanos\":0,\"p50Nanos\":3,\"p99Nanos\":4}],\"unsupported\":[{\"name\":\"x\"}]}'"
            + " >\"$2\";; esac\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    return program;
  }

  @Test
  void enginesTakeTurnsAndTheFirstRunIsNotCounted() throws Exception {
    List<String> begun = new ArrayList<>();
    List<Result> results =
        new Comparison(List.of(program().toString()), "img", List.of("true", "-x"))
            .run(
                List.of("sentry", "microvm", "native"),
                2,
                true,
                (engine, run, runs) -> begun.add(engine + run));
    assertEquals(List.of("sentry0", "microvm0", "native0", "sentry1", "sentry2", "sentry3"), begun);
    assertEquals(2, results.get(0).runs().size());
    assertEquals(Optional.of(new Result.Calls(40, 20, "write", 3, 4, 1)), results.get(0).watched());
    assertEquals("ended with 125: viv: no such engine", results.get(1).problem());
    assertTrue(results.get(2).problem().matches("only the image host.*|neither runc.*"));
    assertEquals(
        "run --rm --pull never --engine sentry img -- true -x",
        Files.readAllLines(temp.resolve("calls")).get(0));
  }

  @Test
  void whatHasComeSoFarIsToldAfterEachRun() throws Exception {
    List<String> told = new ArrayList<>();
    new Comparison(List.of(program().toString()), "img", List.of("true"))
        .run(
            List.of("sentry", "microvm"),
            1,
            true,
            new Comparison.Listener() {
              @Override
              public void begins(String engine, int run, int runs) {
                // not what is asked here
              }

              @Override
              public void ended(Result soFar) {
                told.add(
                    soFar.engine()
                        + soFar.runs().size()
                        + (soFar.watched().isPresent() ? "w" : "")
                        + (soFar.problem().isEmpty() ? "" : "!"));
              }
            });
    assertEquals(List.of("sentry0", "microvm0!", "sentry1", "sentry1w"), told);
  }

  @Test
  void aFileHasTheFormThatItsNameAsksFor() throws Exception {
    List<Result> results =
        List.of(
            new Result(
                "sentry",
                List.of(new Measurement(5, 6, 7, 8, 0)),
                Optional.of(new Result.Calls(40, 20.5, "write", 3, 4, 1)),
                ""),
            new Result("native", List.of(), Optional.empty(), "=it | said \"no\""));
    String csv = new String(ResultText.forFile("a.csv", results), UTF_8);
    assertEquals("sentry,1,5,5,5,6,7,8,40,20.5,write,3,4,", csv.lines().skip(1).findFirst().get());
    assertEquals(
        "native,0,,,,,,,,,,,,\"'=it | said \"\"no\"\"\"", csv.lines().skip(2).findFirst().get());
    String markdown = new String(ResultText.forFile("a.MD", results), UTF_8);
    assertTrue(
        markdown.lines().allMatch(l -> l.chars().filter(c -> c == '|').count() == 15), markdown);
    Map<?, ?> json = Json.object(ResultText.forFile("a.json", results));
    assertEquals(
        List.of("sentry", "native"),
        ((List<?>) json.get("engines")).stream().map(e -> ((Map<?, ?>) e).get("engine")).toList());
  }

  /** Of "1m2.345s". */
  private static double seconds(String text) {
    int minutes = text.indexOf('m');
    return 60 * Double.parseDouble(text.substring(0, minutes))
        + Double.parseDouble(text.substring(minutes + 1, text.length() - 1));
  }

  @Test
  void timeProcessorAndDiskAgreeWithTheSameWorkTimedByHand() throws Exception {
    // Half a second at least, half a second of a processor, 8 MiB for a disk; by a child's child.
    Path program = temp.resolve("work");
    Path written = temp.resolve("written");
    Files.writeString(
        program,
        "#!/bin/sh\nexport LC_ALL=C\nbash -c 'dd if=/dev/zero of=%s bs=1M count=8 conv=fsync 2>/dev/null; i=0;"
                .formatted(written)
            + " while [ $i -lt 200000 ]; do i=$((i + 1)); done; sleep 0.5; times >%s.times'\n"
                .formatted(written));
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    long begin = System.nanoTime();
    Result result =
        new Comparison(List.of(program.toString()), "img", List.of("true"))
            .run(List.of("sentry"), 3, false, (engine, run, of) -> {})
            .getFirst();
    long all = System.nanoTime() - begin;
    assertEquals(3, result.runs().size(), result.problem());
    // Shells say what they used themselves: "0m0.312s 0m0.011s", their own and their children's.
    double byHand =
        Files.readString(Path.of(written + ".times"))
            .lines()
            .flatMap(line -> Arrays.stream(line.split(" ")))
            .mapToDouble(ComparisonTest::seconds)
            .sum();
    Measurement last = result.runs().getLast();
    // Counted in ticks of 10 ms, and the outer shell's own are among it.
    assertTrue(
        Math.abs(last.cpuNanos() / 1e9 - byHand) < 0.06 + byHand / 10,
        last + ", by hand " + byHand);
    assertTrue(result.least(Measurement::wallNanos) >= 500_000_000, result.toString());
    // With the uncounted one there are four.
    assertTrue(
        result.runs().stream().mapToLong(Measurement::wallNanos).sum() < all, result.toString());
    if (!Files.getFileStore(temp).type().equals("tmpfs")
        && Files.isReadable(Path.of("/proc/self/io"))) {
      assertTrue(last.diskBytes() >= 8 << 20, last.toString());
      assertTrue(last.diskBytes() < 64 << 20, last.toString());
    }
  }

  @Test
  void theMiddleIsARunThatThereWas() {
    List<Measurement> runs = new ArrayList<>();
    for (long wall : new long[] {5, 1, 9, 3}) {
      runs.add(new Measurement(wall, 0, 0, 0, 0));
    }
    Result result = new Result("sentry", runs, Optional.empty(), "");
    assertEquals(3, result.median(Measurement::wallNanos));
    assertEquals(1, result.least(Measurement::wallNanos));
    assertEquals(9, result.greatest(Measurement::wallNanos));
    assertEquals(
        0, new Result("x", List.of(), Optional.empty(), "").median(Measurement::wallNanos));
  }

  @Test
  void aBundleShowsTheSystemAndNothingPersonal() throws Exception {
    Path made;
    try (NativeBundle bundle = NativeBundle.create(List.of("sh", "-c", "a \"b\""))) {
      made = bundle.path();
      String config = Files.readString(made.resolve("config.json"));
      assertTrue(config.contains("\"args\":[\"sh\",\"-c\",\"a \\\"b\\\"\"]"), config);
      assertTrue(config.contains("\"source\":\"/usr\",\"options\":[\"rbind\",\"ro\"]"), config);
      assertFalse(config.contains("\"source\":\"/root\""), config);
      assertFalse(config.contains("\"source\":\"/home\""), config);
    }
    assertFalse(Files.exists(made));
  }

  @Test
  void everyPresetHasAName() {
    for (Preset preset : Preset.values()) {
      assertEquals(Optional.of(preset), Preset.of(preset.word()));
    }
    assertEquals(Optional.empty(), Preset.of("nope"));
  }
}
