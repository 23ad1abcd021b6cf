package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.watch.calls.CallRules;
import dev.vivarium.profiles.Quantity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The values that flags take, those of {@code run} above all. */
public final class Values {
  private Values() {}

  private static CliException wrong(String flag, String value, String what) {
    // A flag of another verb comes with that verb's name.
    String where = flag.startsWith("-") ? "run: " + flag : flag;
    return new CliException(CliException.USAGE, where + ": not " + what + ": " + value);
  }

  /** Reads a value; what it must be is the message of an exception. */
  private static <T> T read(String flag, String value, Function<String, T> reader)
      throws CliException {
    try {
      return reader.apply(value);
    } catch (IllegalArgumentException e) {
      throw wrong(flag, value, String.valueOf(e.getMessage()));
    }
  }

  /** Bytes: a number with k, m, g or t, in powers of 1024 as everywhere for memory. */
  public static long size(String flag, String value) throws CliException {
    return read(flag, value, Quantity::bytes);
  }

  /** Seconds unless another unit is given. */
  public static Duration duration(String flag, String value) throws CliException {
    return read(flag, value, Quantity::duration);
  }

  /** A number of processors, fractions allowed. */
  static double processors(String flag, String value) throws CliException {
    return read(flag, value, Quantity::processors);
  }

  /** A count of at least one. */
  static int count(String flag, String value) throws CliException {
    return read(flag, value, Quantity::count);
  }

  /** {@code NAME[:ERRNO|:end]}: a system call that is refused. */
  static SandboxSpec.CallRule callRule(String flag, String value) throws CliException {
    return read(flag, value, CallRules::parse);
  }

  /** {@code HOST:GUEST[:ro|rw]}; read-only unless said. */
  static SandboxSpec.Mount mount(String flag, String value) throws CliException {
    String[] parts = value.split(":", -1);
    boolean modeGiven = parts.length == 3;
    if (parts.length < 2 || parts.length > 3 || parts[0].isEmpty()) {
      throw wrong(flag, value, "HOST:GUEST[:ro|rw]");
    }
    if (modeGiven && !parts[2].equals("ro") && !parts[2].equals("rw")) {
      throw wrong(flag, value, "a mount that ends in :ro or :rw");
    }
    if (!parts[1].startsWith("/") || parts[1].equals("/")) {
      throw wrong(flag, value, "an absolute path inside, other than /");
    }
    boolean writable = modeGiven && parts[2].equals("rw");
    Path source = Path.of(parts[0]).toAbsolutePath().normalize();
    String problem =
        !Files.exists(source)
            ? "no such file or directory"
            : !Files.isReadable(source)
                ? "permission denied"
                : writable && !Files.isWritable(source) ? "not writable" : "";
    if (!problem.isEmpty()) {
      throw new CliException(
          CliException.FAILED,
          "cannot mount: " + source + ": " + problem + "; give a path that you can read");
    }
    return new SandboxSpec.Mount(source.toString(), parts[1], writable);
  }

  /** {@code NAME=VALUE}, or {@code NAME} for the value that it has here. */
  static void environment(
      String flag, String value, Map<String, String> here, Map<String, String> into)
      throws CliException {
    int equals = value.indexOf('=');
    if (value.isEmpty() || equals == 0 || value.indexOf('\0') >= 0) {
      throw wrong(flag, value, "NAME=VALUE");
    }
    if (equals > 0) {
      into.put(value.substring(0, equals), value.substring(equals + 1));
    } else if (here.containsKey(value)) {
      into.put(value, here.get(value));
    } else {
      into.remove(value);
    }
  }

  /** A file with one {@code NAME=VALUE} per line; # begins a comment line. */
  static void environmentFile(String file, Map<String, String> here, Map<String, String> into)
      throws CliException {
    List<String> lines;
    try {
      lines = Files.readAllLines(Path.of(file), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new CliException(
          CliException.FAILED,
          "cannot read the file of variables: "
              + file
              + ": "
              + dev.vivarium.engine.state.Reason.of(e),
          e);
    }
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).stripLeading();
      if (!line.isEmpty() && !line.startsWith("#")) {
        environment("--env-file " + file + ":" + (i + 1), line, here, into);
      }
    }
  }
}
