package dev.vivarium.profiles;

/** Words for the command line of a guest's kernel. */
public final class KernelArguments {
  /** A kernel for x86 takes 2048 bytes, and we need some. */
  private static final int MAX = 1024;

  private KernelArguments() {}

  /**
   * Checks them.
   *
   * @throws IllegalArgumentException that says what they must be
   */
  public static void check(String text) {
    if (text.length() > MAX || !text.chars().allMatch(c -> c >= ' ' && c <= '~')) {
      throw new IllegalArgumentException(
          "at most " + MAX + " characters of ASCII, without line breaks");
    }
  }
}
