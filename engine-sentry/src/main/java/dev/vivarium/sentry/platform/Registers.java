package dev.vivarium.sentry.platform;

/**
 * The integer registers of a stopped guest thread. An accessor over memory that the guest may be
 * able to write: each getter reads once, and its value is to be validated like any other guest
 * input.
 */
public interface Registers {
  /**
   * Indices for {@link #get} and {@link #set}, in the order of {@code struct user_regs_struct}'s
   * names.
   */
  int R8 = 0;

  int R9 = 1;
  int R10 = 2;
  int R11 = 3;
  int R12 = 4;
  int R13 = 5;
  int R14 = 6;
  int R15 = 7;
  int RDI = 8;
  int RSI = 9;
  int RBP = 10;
  int RBX = 11;
  int RDX = 12;
  int RAX = 13;
  int RCX = 14;
  int RSP = 15;
  int RIP = 16;
  int EFLAGS = 17;

  /** How many registers the indices name. */
  int COUNT = 18;

  /** The order is that of {@code gregs} in the kernel's sigcontext (asm/sigcontext.h). */
  long get(int register);

  void set(int register, long value);

  /** The system call's number as it was made; kept because rax will hold the result. */
  int origRax();

  long fsBase();

  void setFsBase(long address);

  long gsBase();

  void setGsBase(long address);
}
