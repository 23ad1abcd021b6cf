package dev.vivarium.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {
  private static final String DIGEST =
      "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  @ParameterizedTest
  @CsvSource({
    "debian, docker.io/library/debian:latest, debian:latest",
    "debian:12, docker.io/library/debian:12, debian:12",
    "me/tool, docker.io/me/tool:latest, me/tool:latest",
    "docker.io/debian, docker.io/library/debian:latest, debian:latest",
    "index.docker.io/library/debian, docker.io/library/debian:latest, debian:latest",
    "localhost/a, localhost/a:latest, localhost/a:latest",
    "localhost:5000/a/b:c, localhost:5000/a/b:c, localhost:5000/a/b:c",
    "[::1]:5000/a, [::1]:5000/a:latest, [::1]:5000/a:latest",
    "quay.io/x/y_z.w__v--u:1, quay.io/x/y_z.w__v--u:1, quay.io/x/y_z.w__v--u:1",
    "Host.example/a, host.example/a:latest, host.example/a:latest"
  })
  void namesAreCompleted(String text, String full, String familiar) throws ImageException {
    ImageReference reference = ImageReference.parse(text);
    assertEquals(full, reference.toString());
    assertEquals(familiar, reference.familiar());
    assertEquals(reference, ImageReference.parse(full));
  }

  @ParameterizedTest
  @ValueSource(strings = {"debian", "debian:12", "localhost:5000/a"})
  void digestsStand(String name) throws ImageException {
    ImageReference reference = ImageReference.parse(name + "@" + DIGEST);
    assertEquals(DIGEST, reference.manifestSelector());
    assertEquals(name.equals("debian:12"), reference.tag().isPresent());
    assertEquals(reference, ImageReference.parse(reference.toString()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "Debian",
        "a b",
        "a:",
        ":a",
        "a@",
        "a@sha256:12",
        "a/",
        "/a",
        "a//b",
        "../a",
        "a/../b",
        "a:b:c",
        "localhost:port/a",
        "a.b:99999999/c",
        "-a",
        "a-",
        "a..b",
        "a\nb",
        "a:\u00e9",
        "http://a/b",
        "host.example/",
        "Host/a"
      })
  void whatIsNoNameIsRefused(String text) {
    assertThrows(ImageException.class, () -> ImageReference.parse(text));
  }
}
