package dev.vivarium.profiles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswersTest {
  @TempDir Path folder;

  @Test
  void answersAreReadWithTheProfileThatTheyWereGivenFor() throws Exception {
    Profiles profiles = new Profiles(folder.resolve("profiles"));
    Path file = profiles.answers().remember("agent", "api.example.org:443/tcp", true);
    profiles.answers().remember("agent", "*.evil.example", false);
    assertEquals(folder.resolve("answers/agent.yaml"), file);
    Profile agent = profiles.load("agent");
    assertTrue(agent.list(Field.ALLOW).contains("api.example.org:443/tcp"));
    assertTrue(agent.list(Field.ALLOW).contains("github.com:443"), "what it had before stays");
    assertEquals(List.of("*.evil.example"), agent.list(Field.DENY_HOST));
    assertTrue(!profiles.load("dev").list(Field.ALLOW).contains("api.example.org:443/tcp"));
  }

  @Test
  void theNewestAnswerHolds() throws Exception {
    Profiles profiles = new Profiles(folder.resolve("profiles"));
    profiles.answers().remember("agent", "a.org", true);
    profiles.answers().remember("agent", "a.org", false);
    assertEquals(List.of("a.org"), profiles.load("agent").list(Field.DENY_HOST));
    assertTrue(!profiles.load("agent").list(Field.ALLOW).contains("a.org"));
    profiles.answers().remember("agent", "a.org", true);
    assertEquals(List.of(), profiles.load("agent").list(Field.DENY_HOST));
  }

  @Test
  void profilesOfTheSameFileNameHaveAnswersOfTheirOwn() throws Exception {
    Profiles profiles = new Profiles(folder.resolve("profiles"));
    Path one = Files.createDirectories(folder.resolve("one")).resolve("Pro file.yaml");
    Path two = Files.createDirectories(folder.resolve("two")).resolve("Pro file.yaml");
    for (Path file : List.of(one, two)) {
      Files.writeString(file, "network: {mode: ask}\n");
    }
    assertNotEquals(Answers.key(one.toString()), Answers.key(two.toString()));
    profiles.answers().remember(Answers.key(one.toString()), "a.org", true);
    assertEquals(List.of("a.org"), profiles.load(one.toString()).list(Field.ALLOW));
    assertEquals(List.of(), profiles.load(two.toString()).list(Field.ALLOW));
  }

  @Test
  void whatMakesNoSenseIsNotKept() {
    Answers answers = new Profiles(folder.resolve("profiles")).answers();
    assertThrows(IOException.class, () -> answers.remember("", "a.org", true));
    assertThrows(IOException.class, () -> answers.remember("../agent", "a.org", true));
    assertThrows(IOException.class, () -> answers.remember("agent", "a.org\nb: c", true));
    assertTrue(Files.notExists(folder.resolve("answers")));
  }
}
