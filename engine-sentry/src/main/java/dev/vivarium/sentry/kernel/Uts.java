package dev.vivarium.sentry.kernel;

/** What uname(2) says. */
public final class Uts {
  public static final String SYSNAME = "Linux";

  /** A release that programs can compare: the Linux whose interface this kernel offers. */
  public static final String RELEASE = "6.12.0-vivarium";

  public static final String VERSION = "#1 SMP PREEMPT_DYNAMIC Vivarium sentry";
  public static final String MACHINE = "x86_64";

  /** Longest name (__NEW_UTS_LEN). */
  public static final int MAX_LENGTH = 64;

  public String nodename = "vivarium";
  public String domainname = "(none)";
}
