package dev.vivarium.sentry.abi;

/** Readiness bits of poll(2) and epoll(7) (asm-generic/poll.h). */
public final class Poll {
  public static final int IN = 1;
  public static final int PRI = 2;
  public static final int OUT = 4;
  public static final int ERR = 8;
  public static final int HUP = 16;
  public static final int NVAL = 32;
  public static final int RDNORM = 64;
  public static final int RDBAND = 0x80;
  public static final int WRNORM = 0x100;
  public static final int WRBAND = 0x200;
  public static final int MSG = 0x400;
  public static final int RDHUP = 0x2000;

  private Poll() {}
}
