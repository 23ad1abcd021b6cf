package dev.vivarium.sentry.loader;

import dev.vivarium.sentry.vfs.File;
import org.jspecify.annotations.Nullable;

/**
 * A program that was found, opened and checked, and can be put into an address space. Holds a
 * reference on each file.
 */
public final class Program {
  /** The ELF file that will run. */
  final File file;

  final ElfHeader elf;

  /** Its dynamic loader, if it names one. */
  final @Nullable File interpreter;

  final @Nullable ElfHeader interpreterElf;

  /** The arguments, changed where scripts came in between. */
  final java.util.List<String> argv;

  /** What AT_EXECFN shows: the path as execve was given it. */
  final String execName;

  Program(
      File file,
      ElfHeader elf,
      @Nullable File interpreter,
      @Nullable ElfHeader interpreterElf,
      java.util.List<String> argv,
      String execName) {
    this.file = file;
    this.elf = elf;
    this.interpreter = interpreter;
    this.interpreterElf = interpreterElf;
    this.argv = argv;
    this.execName = execName;
  }

  /** The file whose setuid and setgid bits count, and which /proc/PID/exe names. */
  public File file() {
    return file;
  }

  /** The last component of the path that execve was given, for the task's name. */
  public String baseName() {
    return execName.substring(execName.lastIndexOf('/') + 1);
  }

  /** Lets go of the files. */
  public void close(dev.vivarium.sentry.kernel.Task t) {
    file.drop(t);
    if (interpreter != null) {
      interpreter.drop(t);
    }
  }
}
