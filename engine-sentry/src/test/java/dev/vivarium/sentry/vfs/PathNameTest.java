package dev.vivarium.sentry.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PathNameTest {
  private static List<String> names(PathName path) {
    return IntStream.range(0, path.count()).mapToObj(path::name).toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "/", "//", "a", "a/", "/a", "//a//", "a/b", "/a//b/./../c", "./", "..", "a//"})
  void componentsAreWhatLiesBetweenSlashes(String text) {
    PathName path = PathName.of(text);
    assertEquals(Arrays.stream(text.split("/")).filter(s -> !s.isEmpty()).toList(), names(path));
    assertEquals(text.startsWith("/"), path.isAbsolute());
    assertEquals(text.endsWith("/") && path.count() > 0, path.hasTrailingSlash());
    assertEquals(text, path.toString());
    assertEquals(text.length(), path.length());
    assertEquals(text.isEmpty(), path.isEmpty());
  }
}
