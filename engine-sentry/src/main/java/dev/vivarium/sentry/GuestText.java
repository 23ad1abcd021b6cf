package dev.vivarium.sentry;

import java.nio.charset.StandardCharsets;

/** What a specification says, as the kernel's strings hold it: a char is a byte of its UTF-8. */
final class GuestText {
  private GuestText() {}

  static String of(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }
}
