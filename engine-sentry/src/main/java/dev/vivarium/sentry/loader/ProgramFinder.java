package dev.vivarium.sentry.loader;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Mount;
import dev.vivarium.sentry.vfs.Notify;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.Permissions;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.WalkResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds what execve is to run: follows script lines, opens and checks ELF files. */
public final class ProgramFinder {
  /** First bytes of a file that decide what it is (BINPRM_BUF_SIZE). */
  private static final int START = 256;

  /** Scripts whose interpreter is a script (fs/exec.c exec_binprm). */
  private static final int MAX_SCRIPTS = 5;

  private final Task t;

  /** The first error; see {@link #fail}. */
  private long error;

  public ProgramFinder(Task t) {
    this.t = t;
  }

  /** Why {@link #find} returned null. */
  public long error() {
    return error;
  }

  /**
   * Finds a program.
   *
   * @param dirfd and {@code path} as of execveat
   * @param walkFlags {@link PathWalker} flags
   * @return null and {@link #error} on failure
   */
  public @Nullable Program find(int dirfd, String path, int walkFlags, List<String> argv) {
    String execName = execName(dirfd, path);
    File file = open(dirfd, path, walkFlags);
    List<String> args = argv;
    String scriptName = execName;
    for (int depth = 0; file != null; depth++) {
      byte[] start = new byte[START];
      long n = readFully(file, start, 0);
      if (n < 0) {
        return drop(file, n);
      }
      int length = (int) n;
      if (length < 2 || start[0] != '#' || start[1] != '!') {
        return elf(file, start, length, args, execName);
      }
      Script script = Script.parse(start, length);
      if (script == null) {
        return drop(file, -Errno.ENOEXEC);
      }
      if (depth == MAX_SCRIPTS) {
        return drop(file, -Errno.ELOOP);
      }
      file.drop(t);
      List<String> next = new ArrayList<>(args.size() + 2);
      next.add(script.interpreter());
      if (script.argument() != null) {
        next.add(script.argument());
      }
      next.add(scriptName);
      if (args.size() > 1) {
        next.addAll(args.subList(1, args.size()));
      }
      args = next;
      scriptName = script.interpreter();
      file = open(Fcntl.AT_FDCWD, script.interpreter(), PathWalker.FOLLOW);
    }
    return null;
  }

  /** Whether there is a file to run at a place: 0 or a negative errno. */
  public long check(int dirfd, String path, int walkFlags) {
    File file = open(dirfd, path, walkFlags);
    if (file == null) {
      return error;
    }
    file.drop(t);
    return 0;
  }

  /** What a script is told its own name is, when it was started by a descriptor. */
  private static String execName(int dirfd, String path) {
    if (dirfd == Fcntl.AT_FDCWD || path.startsWith("/")) {
      return path;
    }
    return path.isEmpty() ? "/dev/fd/" + dirfd : "/dev/fd/" + dirfd + "/" + path;
  }

  private @Nullable Program elf(
      File file, byte[] start, int length, List<String> args, String execName) {
    ElfHeader elf = header(file, start, length, -Errno.ENOEXEC);
    if (elf == null) {
      file.drop(t);
      return null;
    }
    if (elf.interpLength == 0) {
      return new Program(file, elf, null, null, args, execName);
    }
    byte[] name = new byte[elf.interpLength];
    long n = readFully(file, name, elf.interpOffset);
    if (n < name.length || name[name.length - 1] != 0) {
      return drop(file, n < 0 ? n : n < name.length ? -Errno.EIO : -Errno.ENOEXEC);
    }
    int end = 0;
    while (name[end] != 0) {
      end++;
    }
    String interpreter = new String(name, 0, end, StandardCharsets.ISO_8859_1);
    File loader = open(Fcntl.AT_FDCWD, interpreter, PathWalker.FOLLOW);
    if (loader == null) {
      file.drop(t);
      return null;
    }
    byte[] loaderStart = new byte[START];
    n = readFully(loader, loaderStart, 0);
    ElfHeader loaderElf = n < 0 ? fail(n) : header(loader, loaderStart, (int) n, -Errno.ELIBBAD);
    if (loaderElf == null) {
      loader.drop(t);
      file.drop(t);
      return null;
    }
    return new Program(file, elf, loader, loaderElf, args, execName);
  }

  private @Nullable ElfHeader header(File file, byte[] start, int length, int whenBad) {
    ElfHeader.PhdrRange range = ElfHeader.phdrRange(start, length);
    if (range == null) {
      return fail(whenBad);
    }
    byte[] phdrs = new byte[range.length()];
    long n = readFully(file, phdrs, range.offset());
    if (n < phdrs.length) {
      return fail(n < 0 ? n : whenBad);
    }
    ElfHeader elf = ElfHeader.parse(start, phdrs);
    return elf == null ? fail(whenBad) : elf;
  }

  private @Nullable File open(int dirfd, String path, int walkFlags) {
    WalkResult found = new WalkResult();
    long rc = PathWalker.walk(t, dirfd, path, walkFlags, found);
    if (rc < 0) {
      return fail(rc);
    }
    VfsPath where = found.path();
    if (where.inode().isSymlink()) {
      return fail(-Errno.ELOOP);
    }
    if (!where.inode().isRegular() || (where.mount().flags() & Mount.NOEXEC) != 0) {
      return fail(-Errno.EACCES);
    }
    rc = Permissions.check(t, where.inode(), Permissions.EXEC);
    if (rc < 0) {
      return fail(rc);
    }
    FileRef out = new FileRef();
    rc = where.inode().open(t, where, Fcntl.O_RDONLY, out);
    if (rc < 0) {
      return fail(rc);
    }
    Notify.event(where, Notify.IN_OPEN);
    Notify.event(where, Notify.IN_ACCESS);
    return out.file;
  }

  private long readFully(File file, byte[] target, long offset) {
    int done = 0;
    while (done < target.length) {
      long n = file.read(t, Uio.of(target, done, target.length - done), offset + done);
      if (n < 0) {
        return n;
      }
      if (n == 0) {
        break;
      }
      done += (int) n;
    }
    return done;
  }

  private <T> @Nullable T fail(long why) {
    error = why;
    return null;
  }

  private @Nullable Program drop(File file, long why) {
    file.drop(t);
    return fail(why);
  }
}
