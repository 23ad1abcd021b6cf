package dev.vivarium.cli;

/** {@code viv}. */
public final class Main {
  private Main() {}

  /** Runs one command; the process ends with its exit code. */
  public static void main(String[] args) {
    int code = new Dispatcher(Context.ofProcess()).run(args);
    // Not System.exit: no hook of ours is left to run, and daemon threads need no end.
    Runtime.getRuntime().halt(code);
  }
}
