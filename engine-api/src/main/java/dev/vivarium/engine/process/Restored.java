package dev.vivarium.engine.process;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jdk.internal.misc.Unsafe;

/**
 * A process that goes on from a checkpoint (decision 0046): what the JDK has asked the kernel for
 * once, in another process, is so no more, and the JDK has no way to be told. A test holds each of
 * them to what is so, lest another JDK keep them elsewhere unnoticed.
 */
public final class Restored {
  private static final Unsafe UNSAFE = Unsafe.getUnsafe();

  private Restored() {}

  /** Has the JDK know this process's environment, folder and number. */
  public static void adopt() throws IOException {
    adoptEnvironment(words("/proc/self/environ"));
    adoptFolder(Files.readSymbolicLink(Path.of("/proc/self/cwd")).toString());
    adoptNumber();
  }

  /** This process's command line. */
  public static List<String> commandLine() throws IOException {
    return words("/proc/self/cmdline");
  }

  /** Texts with a zero behind each. */
  private static List<String> words(String file) throws IOException {
    String all = new String(Files.readAllBytes(Path.of(file)), StandardCharsets.UTF_8);
    return all.isEmpty()
        ? List.of()
        : Arrays.asList(all.substring(0, all.length() - 1).split("\0", -1));
  }

  @SuppressWarnings("unchecked")
  static void adoptEnvironment(List<String> now) {
    // What is shown is a view that nobody can change, of the map that each ProcessBuilder begins
    // with.
    Map<String, String> shown = System.getenv();
    Map<String, String> held =
        (Map<String, String>) UNSAFE.getReference(shown, offset(shown.getClass(), "m"));
    Map<String, String> wanted = new HashMap<>();
    for (String variable : now) {
      int end = variable.indexOf('=', 1);
      if (end > 0) {
        wanted.putIfAbsent(variable.substring(0, end), variable.substring(end + 1));
      }
    }
    held.clear();
    held.putAll(wanted);
  }

  static void adoptFolder(String now) {
    System.setProperty("user.dir", now);
    FileSystem paths = FileSystems.getDefault();
    UNSAFE.putReference(
        paths,
        offset(paths.getClass().getSuperclass(), "defaultDirectory"),
        now.getBytes(StandardCharsets.UTF_8));
    Object files;
    try {
      files =
          UNSAFE.getReference(
              File.class, UNSAFE.staticFieldOffset(File.class.getDeclaredField("FS")));
    } catch (NoSuchFieldException e) {
      throw new IllegalStateException(e);
    }
    UNSAFE.putReference(files, offset(files.getClass(), "userDir"), now);
  }

  private static void adoptNumber() throws IOException {
    String status = Files.readString(Path.of("/proc/self/stat"));
    long number = Long.parseLong(status.substring(0, status.indexOf(' ')));
    // This one knows when it began, which tells it from another of its number.
    ProcessHandle right = ProcessHandle.of(number).orElseThrow();
    ProcessHandle current = ProcessHandle.current();
    for (String field : new String[] {"pid", "startTime"}) {
      long offset = offset(current.getClass(), field);
      UNSAFE.putLong(current, offset, UNSAFE.getLong(right, offset));
    }
  }

  private static long offset(Class<?> declaring, String field) {
    return UNSAFE.objectFieldOffset(declaring, field);
  }
}
