package dev.vivarium.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UsageTest {
  @TempDir Path temp;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... arguments) {
    Context context =
        new Context(
            new PrintStream(out),
            new PrintStream(err),
            Map.of("XDG_RUNTIME_DIR", temp.toString(), "XDG_STATE_HOME", temp.toString()));
    return new Dispatcher(context).run(arguments);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "rum host true|2|no such command: rum; did you mean run?",
        "frobnicate|2|no such command: frobnicate; viv --help lists them",
        "run|2|run: Missing required parameter: 'IMAGE [COMMAND]'",
        "run --tiemout 3 host true|2|no such option: --tiemout; did you mean --timeout?",
        "run --timeout soon host true|2|run: --timeout: not a time such as 30s",
        "run --timeout 0 host true|2|run: --timeout: not longer than nothing",
        "run --memory lots host true|2|run: --memory: not a size such as 512m: lots",
        "run --memory 99999999t host true|2|run: --memory: not a size",
        "run --cpus -1 host true|2|run: --cpus: not a number of processors",
        "run --pids 0 host true|2|run: --pids: not a whole number",
        "run -v /etc host true|2|run: -v: not HOST:GUEST[:ro|rw]: /etc",
        "run -v /etc:etc host true|2|run: -v: not an absolute path inside",
        "run -v /nope/nope:/x host true|125|cannot mount: /nope/nope: no such file or directory",
        "run -w here host true|2|run: -w: the working directory must be absolute: here",
        "run -e =x host true|2|run: -e: not NAME=VALUE: =x",
        "run --env-file /nope host true|125|cannot read the file of variables: /nope: no such",
        "run --name a/b host true|2|run: --name: not a name: a/b",
        "run --vmm xen --engine microvm host true|2|run: --vmm: unknown: xen; there are qemu",
        "run --vmm qemu host true|2|run: --vmm (machine.vmm in a profile): the engine sentry has",
        "run --kernel-args a --engine sentry host true|2|run: --kernel-args (machine.kernel-args in"
            + " a profile): the",
        "run --kernel-args a=b host true|2|run: --kernel-args (machine.kernel-args in a profile)",
        "run --share nfs --engine microvm host true|2|run: --share: unknown: nfs; there are fuse and",
        "run --share virtiofs host true|2|run: --share (machine.share in a profile): the engine",
        "run --disk 1m --engine microvm host true|2|run: --disk: of a virtual machine from 16m to"
            + " 1024g: 1m",
        "run --disk lots --engine microvm host true|2|run: --disk: not a size such as 512m: lots",
        "run --kernel /nope --engine microvm host true|125|--kernel: there is no file that can be",
        "run --kernel-args ü --engine microvm host true|2|run: --kernel-args: at most 1024",
        "save a|2|save: no file; say where with -o FILE",
        "load|2|load: no file; say which with -i FILE",
        "prune --older-than soon|2|prune: --older-than: not a time",
        "prune --down-to lots|2|prune: --down-to: not a size",
        "import a b -e x|2|import: -e: not NAME=VALUE: x",
        "run --pull maybe host true|2|run: --pull: unknown: maybe",
        "run --trace /nope/x host true|125|cannot write the trace: /nope/x",
        "run -it host true|2|run: -t: standard input is not a terminal",
        "ps --format xml|2|unknown format: xml; there are table, json, jsonl and templates",
        "ps extra|2|ps: too many arguments: extra",
        "rm|2|rm: name a sandbox, or give --all",
        "rm nope|125|no such sandbox: nope; viv ps -a lists them",
        "logs nope|125|no such sandbox: nope",
        "kill -s NOSIG x|2|no such signal: NOSIG",
        "stop -t x y|2|stop: -t: not a number of seconds: x",
        "pull host|2|host is this machine itself",
        "completion tcsh|2|no completion for tcsh"
      })
  void badInputIsOneLineAndAnExitCode(String line, int code, String message) {
    assertEquals(code, run(line.split(" ")), () -> err.toString());
    String[] lines = err.toString().split("\n", -1);
    assertEquals(2, lines.length, err::toString);
    assertTrue(lines[0].startsWith("viv: ") && lines[0].contains(message), err::toString);
    assertEquals("", out.toString());
  }

  @Test
  void everyVerbHasHelpWithItsOptions() {
    for (Verbs verb : Verbs.values()) {
      out.reset();
      assertEquals(0, run(verb.word(), "--help"));
      assertTrue(out.toString().startsWith("Usage: viv " + verb.word()), out::toString);
      String direct = out.toString();
      out.reset();
      assertEquals(0, run("help", verb.word()));
      assertEquals(direct, out.toString());
    }
  }

  @Test
  void completionKnowsVerbsFlagsAndTheirValues() {
    assertEquals(0, run("completion", "--line", "viv "));
    for (Verbs verb : Verbs.values()) {
      assertTrue(out.toString().contains(verb.word() + "\n"), verb.word());
    }
    out.reset();
    assertEquals(0, run("completion", "--line", "viv run --ti"));
    assertEquals("--timeout\n", out.toString());
    out.reset();
    assertEquals(0, run("completion", "--line", "viv run --rm --net=f"));
    assertEquals("--net=full\n", out.toString());
    out.reset();
    assertEquals(0, run("completion", "--line", "viv run --profile unt"));
    assertEquals("untrusted\n", out.toString());
    out.reset();
    assertEquals(0, run("completion", "--line", "viv no-such-verb "));
    assertEquals("", out.toString());
    assertEquals(0, run("completion", "--line", "viv cp \"open quote"));
    assertEquals("", out.toString());
  }

  @Test
  void everyVerbHasAManPageWithItsOptions() throws java.io.IOException {
    ManPages.write(temp.resolve("man"));
    for (Verbs verb : Verbs.values()) {
      String page = Files.readString(temp.resolve("man/viv-" + verb.word() + ".1"));
      CommandTree.whole().getSubcommands().get(verb.word()).getCommandSpec().options().stream()
          .filter(option -> !option.hidden())
          .forEach(option ->
              assertTrue(
                  page.contains(option.longestName().replace("-", "\\-")), option::longestName));
      assertTrue(
          page.lines()
              .allMatch(
                  l -> !l.startsWith(".") || l.matches("\\.(TH|SH|TP|B|I|RI|BR|br|nf|fi)( .*)?")),
          page);
    }
  }

  @Test
  void anEmptyListingIsStillJson() {
    assertEquals(0, run("ps", "--format", "json"));
    assertEquals("[]\n", out.toString());
  }
}
