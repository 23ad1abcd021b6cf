package dev.vivarium.engine.watch.calls;

import dev.vivarium.engine.SandboxSpec.CallRule;

/** Rules for single system calls, as people write them. */
public final class CallRules {
  private static final String END = "end";
  private static final int EPERM = 1;
  private static final int MOST = 133;

  private CallRules() {}

  /**
   * Reads {@code NAME}, which is refused with EPERM, {@code NAME:ERRNO} or {@code NAME:end}.
   *
   * @throws IllegalArgumentException that says what it must be
   */
  public static CallRule parse(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? text : text.substring(0, colon);
    CallTable.Call call =
        CallTable.get()
            .call(name)
            .orElseThrow(() -> new IllegalArgumentException("the name of a system call"));
    return new CallRule(
        call.number(), call.name(), colon < 0 ? EPERM : errno(text.substring(colon + 1)));
  }

  private static int errno(String name) {
    if (name.equals(END)) {
      return 0;
    }
    for (int errno = 1; errno <= MOST; errno++) {
      if (CallTable.get().errnoName(errno).equals(name)) {
        return errno;
      }
    }
    throw new IllegalArgumentException(
        "a system call with an error of Linux, such as :EPERM or :ENOSYS, or :end");
  }
}
