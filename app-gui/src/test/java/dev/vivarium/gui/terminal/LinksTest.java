package dev.vivarium.gui.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class LinksTest {
  private static String at(String line, int column) {
    return Links.at(line, column).map(Links.Link::address).orElse("");
  }

  @Test
  void anAddressIsFoundWhereverOneOfItsLettersIs() {
    String line = "see https://example.org/a?b=c#d, then (http://localhost:8080/) or [x]";
    assertEquals("", at(line, 3));
    assertEquals("https://example.org/a?b=c#d", at(line, 4));
    assertEquals("https://example.org/a?b=c#d", at(line, 30));
    assertEquals("", at(line, 31));
    assertEquals("http://localhost:8080/", at(line, 45));
    assertEquals(
        Optional.of(new Links.Link(4, 31, "https://example.org/a?b=c#d")), Links.at(line, 9));
  }

  @Test
  void bracketsThatBelongToItStay() {
    assertEquals("https://en.example/Rust_(x)", at("https://en.example/Rust_(x)", 2));
    assertEquals("http://[::1]:80/", at("http://[::1]:80/", 2));
  }

  @Test
  void whatLooksLikeAnotherAddressIsNone() {
    assertEquals("", at("https://bank.example@evil.example/", 10));
    assertEquals("", at("file:///etc/passwd javascript:alert(1)", 3));
    assertEquals("", at("https://", 3));
    // Cyrillic letters end it before they can pass for Latin ones.
    assertEquals("", at("https://\u0430pple.example/", 10));
  }
}
