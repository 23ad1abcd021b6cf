package dev.vivarium.engine;

import java.nio.charset.StandardCharsets;

/** Names and other texts of guests, whose kernels know bytes: a char stands for one byte. */
public final class GuestText {
  private GuestText() {}

  /** The bytes of a text in UTF-8, one to a char. */
  public static String of(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }
}
