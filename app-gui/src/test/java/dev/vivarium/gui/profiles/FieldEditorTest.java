package dev.vivarium.gui.profiles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.vivarium.profiles.Field;
import org.junit.jupiter.api.Test;

class FieldEditorTest {
  @Test
  void whatIsTypedBecomesAChangeOfTheText() throws Exception {
    assertEquals("limits:\n  memory: 2g\n", FieldEditor.change(Field.MEMORY, " 2g ").in(""));
    assertEquals(
        "mounts:\n  - a:/a\n  - b:/b:rw\n",
        FieldEditor.change(Field.MOUNTS, "a:/a\n\n b:/b:rw\n").in(""));
    assertEquals(
        "user: \"0\"\nenvironment:\n  A: b=c\n",
        FieldEditor.change(Field.ENVIRONMENT, "A=b=c").in("user: \"0\"\n"));
    assertEquals("", FieldEditor.change(Field.USER, "").in("user: 0\n"));
  }

  @Test
  void whatIsWrongSaysWhatItMustBe() {
    for (var wrong :
        java.util.Map.of(
                Field.MEMORY,
                "much",
                Field.MOUNTS,
                "a:/a\nb",
                Field.ENVIRONMENT,
                "A",
                Field.NETWORK,
                "x")
            .entrySet()) {
      assertThrows(
          IllegalArgumentException.class,
          () -> FieldEditor.change(wrong.getKey(), wrong.getValue()),
          wrong.getValue());
    }
  }
}
