package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.vfs.File;

/** The name of a core file: /proc/sys/kernel/core_pattern, filled in (Linux: format_corename). */
final class CoreName {
  private static final int LONGEST = 4096;

  private CoreName() {}

  /** Empty if there is to be no file: the pattern names a program, or nothing. */
  static String of(Task t, int signo) {
    String pattern = t.kernel().corePattern;
    if (pattern.isEmpty() || pattern.startsWith("|")) {
      return "";
    }
    StringBuilder name = new StringBuilder();
    boolean hasPid = false;
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c != '%' || i + 1 == pattern.length()) {
        name.append(c == '%' ? "" : c);
        continue;
      }
      char what = pattern.charAt(++i);
      hasPid |= what == 'p' || what == 'P';
      name.append(value(t, signo, what));
    }
    if (!hasPid && t.kernel().coreUsesPid) {
      name.append('.').append(t.group.pid());
    }
    return name.length() > LONGEST ? "" : name.toString();
  }

  private static String value(Task t, int signo, char what) {
    return switch (what) {
      case '%' -> "%";
      case 'p', 'P' -> Integer.toString(t.group.pid());
      case 'i', 'I' -> Integer.toString(t.tid());
      case 'u' -> Integer.toUnsignedString(t.creds.ruid);
      case 'g' -> Integer.toUnsignedString(t.creds.rgid);
      case 'd' -> Integer.toString(t.group.dumpable);
      case 's' -> Integer.toString(signo);
      case 't' -> Long.toString(System.currentTimeMillis() / 1000);
      case 'h' -> escaped(t.kernel().uts().nodename);
      case 'e' -> escaped(t.comm);
      case 'f' -> escaped(baseName(executable(t)));
      case 'E' -> escaped(executable(t));
      case 'c' -> Long.toUnsignedString(t.group.rlimits.soft(Resource.RLIMIT_CORE));
      default -> "";
    };
  }

  private static String executable(Task t) {
    File exe = t.mm.exe;
    return exe == null ? t.comm : exe.where().display(t.fs.root());
  }

  private static String baseName(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** No process may name a place by its name. */
  private static String escaped(String part) {
    if (part.equals(".") || part.equals("..")) {
      return "!" + part.substring(1);
    }
    return part.isEmpty() ? "!" : part.replace('/', '!');
  }
}
