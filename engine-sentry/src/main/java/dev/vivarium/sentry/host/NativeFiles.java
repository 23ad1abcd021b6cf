package dev.vivarium.sentry.host;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The native programs. An installation has them in a folder beside its jar: opening a file is
 * quick, and its pages are shared between sandboxes. Otherwise they come out of the jar.
 */
public final class NativeFiles {
  private static final int O_RDONLY = 0;

  private NativeFiles() {}

  /**
   * Opens a program, so that it can be executed.
   *
   * @return a close-on-exec descriptor
   */
  public static int open(String name) {
    File file = file(name);
    if (file.canExecute()) {
      return check(Libc.open(file.getPath(), O_RDONLY), name);
    }
    byte[] content = content(name);
    int writable = check(Libc.memfdCreate("vivarium-" + name, Libc.MFD_CLOEXEC), name);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(content.length);
      Fields.copy(content, 0, buffer, 0, content.length);
      long done = 0;
      while (done < content.length) {
        done +=
            check((int) Libc.write(writable, buffer.address() + done, content.length - done), name);
      }
      // A file that is open for writing cannot be executed (ETXTBSY).
      return check(Libc.open("/proc/self/fd/" + writable, O_RDONLY), name);
    } finally {
      Libc.close(writable);
    }
  }

  /**
   * Loads a library into this JVM. Makes no use of {@link Libc}, which needs it.
   *
   * @throws UnsatisfiedLinkError if it is not for this machine
   * @throws IllegalStateException if there is none, or nowhere to load it from
   */
  static void loadLibrary(String name) {
    File file = file(name);
    if (file.isFile()) {
      System.load(file.getPath());
      return;
    }
    try {
      Path copy = Files.createTempFile("vivarium", ".so");
      try {
        Files.write(copy, content(name));
        System.load(copy.toString());
      } finally {
        Files.delete(copy);
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot load native/" + name, e);
    }
  }

  /** Where it would be if the first entry of the class path is ours, a jar or a folder. */
  private static File file(String name) {
    String path = System.getProperty("java.class.path", "");
    int end = path.indexOf(File.pathSeparatorChar);
    File first = new File(end < 0 ? path : path.substring(0, end)).getAbsoluteFile();
    return new File(
        first.getPath().endsWith(".jar") ? first.getParentFile() : first, "native/" + name);
  }

  private static byte[] content(String name) {
    try (InputStream in = NativeFiles.class.getResourceAsStream("/native/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks native/" + name + ": build it again");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException("cannot read native/" + name + " in the jar", e);
    }
  }

  private static int check(int result, String name) {
    if (result < 0) {
      throw new IllegalStateException("cannot load native/" + name + ": " + Errno.name(-result));
    }
    return result;
  }
}
