package dev.vivarium.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What the documentation tells people to type and where it sends them. */
class DocumentationTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern INLINE = Pattern.compile("`(?:\\./)?viv ([^`]*)`");

  @Test
  void everyLinkLeadsSomewhere() throws IOException {
    List<String> broken = new ArrayList<>();
    int links = 0;
    for (Path page : pages()) {
      Matcher m = LINK.matcher(withoutCode(Files.readString(page)));
      while (m.find()) {
        String target = m.group(1);
        if (target.matches("[a-z]+:.*")) {
          continue;
        }
        links++;
        String[] parts = target.split("#", 2);
        Path file = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();
        if (!Files.exists(file)) {
          broken.add(ROOT.relativize(page) + ": " + target);
        } else if (parts.length == 2 && !anchors(file).contains(parts[1])) {
          broken.add(ROOT.relativize(page) + ": no such heading: " + target);
        }
      }
    }
    assertEquals(List.of(), broken);
    assertTrue(links > 50, "only " + links + " links were found");
  }

  @Test
  void everyPageIsInTheIndex() throws IOException {
    String index = Files.readString(ROOT.resolve("docs/README.md"));
    try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
      assertEquals(
          List.of(),
          files
              .map(f -> f.getFileName().toString())
              .filter(f -> f.endsWith(".md") && !f.equals("README.md"))
              .filter(f -> !index.contains("(" + f + ")"))
              .sorted()
              .toList());
    }
  }

  @Test
  void everyCommandInTheDocumentationIsOneThatTheProgramTakes() throws IOException {
    List<String> wrong = new ArrayList<>();
    int commands = 0;
    for (Path page : pages()) {
      for (String command : commands(Files.readString(page))) {
        commands++;
        String problem = problem(command);
        if (!problem.isEmpty()) {
          wrong.add(ROOT.relativize(page) + ": viv " + command + ": " + problem);
        }
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(commands > 150, "only " + commands + " commands were found");
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    pages.add(ROOT.resolve("README.md"));
    pages.add(ROOT.resolve("CONTRIBUTING.md"));
    try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
      docs.filter(f -> f.toString().endsWith(".md")).sorted().forEach(pages::add);
    }
    return pages;
  }

  private static String withoutCode(String text) {
    return text.replaceAll("(?ms)^ *```.*?^ *```", "").replaceAll("`[^`\n]*`", "code");
  }

  /** As GitHub makes them of headings. */
  private static Set<String> anchors(Path page) throws IOException {
    return Files.readAllLines(page).stream()
        .filter(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("#+ *", "").toLowerCase(Locale.ROOT))
        .map(line -> line.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
        .collect(Collectors.toSet());
  }

  /** What stands in code, as a line of its own or within a sentence, without the first word. */
  private static List<String> commands(String text) {
    List<String> found = new ArrayList<>();
    boolean fenced = false;
    String drawn = text.replaceAll("(?ms)^```mermaid$.*?^```$", "");
    for (String line : drawn.replace("\\\n", " ").lines().toList()) {
      if (line.strip().startsWith("```")) {
        fenced = !fenced;
      } else if (fenced || line.startsWith("    ")) {
        // Beside a command stands what it does, or another command, after some space.
        for (String piece : line.strip().split(" {3,}")) {
          String command = piece.replaceFirst("^\\$ ", "");
          if (command.matches("(\\./)?viv .*")) {
            found.add(command.replaceFirst("^\\S+ ", ""));
          }
        }
      } else {
        Matcher m = INLINE.matcher(line);
        while (m.find()) {
          found.add(m.group(1).replace("\\|", "|"));
        }
      }
    }
    return found;
  }

  /** What the parser has against it; nothing for a bare verb, of which one just speaks. */
  private static String problem(String command) {
    List<String> words = words(command);
    if (words.isEmpty()) {
      return "";
    }
    Map<String, CommandLine> verbs = CommandTree.whole().getSubcommands();
    if (words.getFirst().equals("help")) {
      return words.size() == 1 || words.get(1).equals("VERB") || verbs.containsKey(words.get(1))
          ? ""
          : "no such verb: " + words.get(1);
    }
    if (!verbs.containsKey(words.getFirst())) {
      return "no such verb";
    }
    if (words.size() == 1 || words.stream().anyMatch(w -> w.contains("<Tab>"))) {
      return "";
    }
    // "viv run --report FILE": a flag is spoken of, not a whole command.
    boolean onlyFlags = words.stream().skip(1).noneMatch(DocumentationTest::isWhole);
    try {
      CommandTree.whole().parseArgs(words.toArray(String[]::new));
      return "";
    } catch (CommandLine.MissingParameterException e) {
      return onlyFlags || e.getMissing().stream().noneMatch(a -> a.isOption())
          ? ""
          : String.valueOf(e.getMessage());
    } catch (CommandLine.ParameterException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static boolean isWhole(String word) {
    return !word.startsWith("-");
  }

  /** As a shell splits it, up to where something else begins; what is optional is there. */
  private static List<String> words(String command) {
    List<String> words = new ArrayList<>();
    Matcher m = Pattern.compile("(?:'[^']*'|\"[^\"]*\"|[^\\s'\"])+").matcher(command);
    while (m.find()) {
      String word = m.group();
      if (word.equals("|") || word.equals(">") || word.equals("#") || word.startsWith("(")) {
        break;
      }
      if (word.equals("...")) {
        words.add("x");
        continue;
      }
      if (word.startsWith("'") || word.startsWith("\"")) {
        words.add(word.substring(1, word.length() - 1));
      } else {
        words.add(
            word.startsWith("[") || word.endsWith("]") ? word.replaceAll("[\\[\\]]", "") : word);
      }
    }
    return words;
  }
}
