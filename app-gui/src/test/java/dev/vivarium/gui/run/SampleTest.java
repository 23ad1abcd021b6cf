package dev.vivarium.gui.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.vivarium.engine.open.Detector;
import dev.vivarium.gui.frame.Messages;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleTest {
  @TempDir private Path temp;

  @Test
  void eachIsAScriptWhateverItIsCalledAndIsNotExecutable() throws IOException {
    for (Sample sample : Sample.values()) {
      File file = sample.write(temp.resolve("samples"));
      assertFalse(file.canExecute(), file.getName());
      assertEquals(
          "a script, for /bin/sh",
          new Detector().detect(file.toPath(), file.getName()).summary(),
          file.getName());
      // Again: what is there is replaced.
      assertEquals(file, sample.write(temp.resolve("samples")));
    }
  }

  @Test
  void eachHasItsWordsInTheListAndInThePalette() {
    for (Sample sample : Sample.values()) {
      assertFalse(Messages.text("sandboxes.empty.sample." + sample.key()).isEmpty());
      assertFalse(Messages.text("action.sample." + sample.key()).isEmpty());
    }
  }
}
