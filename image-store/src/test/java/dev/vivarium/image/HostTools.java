package dev.vivarium.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Programs of the host that tests compare with. */
public final class HostTools {
  private HostTools() {}

  /** Runs a program; its output, one byte per char. Fails the test if the program fails. */
  public static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    assertEquals(0, process.waitFor(), () -> List.of(command) + ": " + output);
    return output;
  }

  public static boolean has(String program) {
    for (String directory : System.getenv().getOrDefault("PATH", "").split(":")) {
      if (Files.isExecutable(Path.of(directory, program))) {
        return true;
      }
    }
    return false;
  }

  /** Skips the test where the program is missing. */
  public static void need(String program) {
    assumeTrue(has(program), () -> program + " is not installed");
  }

  /** Skips the test where the user may not mount. */
  public static void needRoot() {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
  }

  /** Checks the file with the reference implementation. */
  public static void fsck(Path erofs) throws IOException, InterruptedException {
    if (has("fsck.erofs")) {
      run("fsck.erofs", "--extract", erofs.toString());
    }
  }
}
