package dev.vivarium.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageVerbsTest {
  @TempDir Path temp;

  private Viv.Result viv(Viv viv, String... arguments) throws IOException, InterruptedException {
    return viv.finish(viv.start(arguments), "");
  }

  private String succeed(Viv viv, String... arguments) throws IOException, InterruptedException {
    Viv.Result result = viv(viv, arguments);
    assertEquals(0, result.code(), result.err());
    return result.out();
  }

  @Test
  void anImageGoesAllTheWay() throws Exception {
    Viv viv = new Viv(temp);
    Path tree = Files.createDirectories(temp.resolve("tree/bin"));
    Files.writeString(tree.resolve("tool"), "#!/bin/sh\n");
    String id = succeed(viv, "import", "tree", "made:1", "--cmd", "/bin/tool").strip();
    assertTrue(id.matches("sha256:[0-9a-f]{64}"), id);
    assertEquals(id, succeed(viv, "tag", "made:1", "other/name").strip());
    assertTrue(succeed(viv, "history", "made:1").contains("viv import tree"));
    succeed(viv, "save", "-o", "saved.tar", "--progress", "none", "made:1");
    assertTrue(succeed(viv, "verify", "--progress", "none").contains("1 layers, 0 damaged"));
    succeed(viv, "rmi", id);
    assertFalse(succeed(viv, "images", "--format", "json").contains("made"));
    String loaded = succeed(viv, "load", "-i", "saved.tar", "--progress", "none");
    assertTrue(loaded.contains("docker.io/library/made:1"), loaded);
    assertTrue(succeed(viv, "prune").contains("freed 0"));
    String pruned = succeed(viv, "prune", "--all");
    assertTrue(pruned.contains("other/name"), pruned);
    assertEquals("", succeed(viv, "images", "-q"));
    Viv.Result gone = viv(viv, "history", "made:1");
    assertEquals(125, gone.code());
    assertTrue(gone.err().contains("no such image here: made:1"), gone.err());
  }
}
