package dev.vivarium.gui.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ResourceBundle;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MessagesTest {
  private static final Pattern WHOLE_KEY =
      Pattern.compile("Messages\\.text\\(\\s*\"([^\"]+)\"\\s*[,)]");
  private static final Pattern ACTION = Pattern.compile("Action\\.of\\(\\s*\"([^\"]+)\"\\s*,");

  @Test
  void everyTextThatIsAskedForIsInTheBundle() throws IOException {
    Set<String> bundle = ResourceBundle.getBundle("dev.vivarium.gui.frame.messages").keySet();
    Set<String> missing = new TreeSet<>();
    int asked = 0;
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        String source = Files.readString(file);
        Matcher keys = WHOLE_KEY.matcher(source);
        while (keys.find()) {
          asked++;
          missing.add(keys.group(1));
        }
        Matcher actions = ACTION.matcher(source);
        while (actions.find()) {
          missing.add("action." + actions.group(1));
        }
      }
    }
    missing.removeAll(bundle);
    assertEquals(Set.of(), missing);
    assertEquals(true, asked > 100, "the pattern finds them");
  }

  @Test
  void valuesArePutIn() {
    assertEquals("Open sandbox web", Messages.text("palette.open", "web"));
  }
}
