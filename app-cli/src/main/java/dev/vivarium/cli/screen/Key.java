package dev.vivarium.cli.screen;

/**
 * One key.
 *
 * @param name which it is
 * @param character what it types, for {@link Name#CHARACTER}; else 0
 */
public record Key(Name name, int character) {
  /** Those that mean something on a screen. */
  public enum Name {
    CHARACTER,
    UP,
    DOWN,
    LEFT,
    RIGHT,
    PAGE_UP,
    PAGE_DOWN,
    HOME,
    END,
    ENTER,
    BACKSPACE,
    ESCAPE,
    /** Ctrl-C. */
    INTERRUPT,
    /** Any other, which nobody asked for. */
    OTHER
  }

  static Key of(Name name) {
    return new Key(name, 0);
  }

  static Key typed(int character) {
    return new Key(Name.CHARACTER, character);
  }

  /** Whether it types this. */
  public boolean is(char wanted) {
    return name == Name.CHARACTER && character == wanted;
  }
}
