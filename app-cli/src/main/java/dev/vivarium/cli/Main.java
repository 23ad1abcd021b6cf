package dev.vivarium.cli;

import dev.vivarium.engine.process.Front;
import dev.vivarium.engine.process.Preparation;

/** {@code viv}. */
public final class Main {
  private static final int HUNG_UP = 129;

  private Main() {}

  /** Runs one command; the process ends with its exit code. */
  public static void main(String[] args) {
    if (Front.isThere(System.getenv())) {
      Preparation.begin();
    }
    int code = new Dispatcher(Context.ofProcess()).run(args);
    // Not System.exit: no hook of ours is left to run, and daemon threads need no end.
    Runtime.getRuntime().halt(code);
  }

  /** Ends the process as SIGHUP would: its terminal is gone, and nobody is there to be told. */
  public static void hangUp() {
    Runtime.getRuntime().halt(HUNG_UP);
  }
}
