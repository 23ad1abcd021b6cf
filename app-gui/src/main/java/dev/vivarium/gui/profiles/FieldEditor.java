package dev.vivarium.gui.profiles;

import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.ProfileException;
import dev.vivarium.profiles.ProfileText;
import dev.vivarium.profiles.Setting;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javafx.css.PseudoClass;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Control;
import javafx.scene.control.Label;
import javafx.scene.control.TextArea;
import javafx.scene.control.TextField;
import javafx.scene.control.TextInputControl;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;

/**
 * One field of a profile in the form: its own value, or, greyed, what it inherits. What is typed is
 * checked at once, and goes into the text if it is right.
 */
final class FieldEditor {
  private static final PseudoClass WRONG = PseudoClass.getPseudoClass("error");
  private static final int MOST_LINES = 8;

  /** Takes a change into the text. */
  interface Change {
    /** The text with the change. */
    String in(String text) throws ProfileException;
  }

  /** Hears of changes that the user made. */
  interface Listener {
    void changed(Change change);

    /** Something was typed that cannot go into the text. */
    void wrong();
  }

  private final Field field;
  private final Listener listener;
  private final Control control;
  private final Label below = Ui.paragraph("", "muted", "small");
  private final Button reset;
  private final Node node;
  private boolean filling;
  private boolean wrong;

  FieldEditor(Field field, Listener listener) {
    this.field = field;
    this.listener = listener;
    boolean one = field.shape() == Field.Shape.ONE && !field.choices().isEmpty();
    control = one ? chosen() : typed();
    control.setId("field-" + field.key().replace('.', '-'));
    control.setAccessibleText(label(field) + ": " + field.description());
    control.setMaxWidth(Double.MAX_VALUE);
    Ui.tip(control, field.description());
    reset =
        Ui.iconButton(
            Icons.KILL, Messages.text("profiles.form.reset", label(field)), this::takeBack);
    below.setMinWidth(0);
    below.setVisible(false);
    below.setManaged(false);
    VBox box = Ui.column(3, Ui.row(4, Ui.grow(control), reset), below);
    node = box;
  }

  /** Its name in the form. */
  static String label(Field field) {
    String key = "profiles.field." + field.key();
    String text = Messages.text(key);
    // One that came after this form shows as profiles have it.
    return text.equals(key) ? field.key() : text;
  }

  Node node() {
    return node;
  }

  private Control chosen() {
    ComboBox<String> box = new ComboBox<>();
    box.getItems().add("");
    box.getItems().addAll(field.choices());
    box.setConverter(
        new StringConverter<>() {
          @Override
          public String toString(@Nullable String value) {
            return value == null || value.isEmpty() ? box.getPromptText() : value;
          }

          @Override
          public String fromString(String text) {
            return text;
          }
        });
    box.valueProperty().addListener((o, before, now) -> changed());
    return box;
  }

  private Control typed() {
    TextInputControl text = field.shape() == Field.Shape.ONE ? new TextField() : area();
    text.textProperty().addListener((o, before, now) -> changed());
    return text;
  }

  private static TextArea area() {
    TextArea area = new TextArea();
    area.getStyleClass().add("code");
    area.setPrefRowCount(1);
    area.textProperty()
        .addListener((o, before, now) ->
            area.setPrefRowCount(
                Math.clamp(now.chars().filter(c -> c == '\n').count() + 1, 1, MOST_LINES)));
    // Tab leads on, as everywhere in a form.
    area.addEventFilter(
        javafx.scene.input.KeyEvent.KEY_PRESSED,
        e -> {
          if (e.getCode() == javafx.scene.input.KeyCode.TAB && !e.isControlDown()) {
            javafx.event.Event.fireEvent(
                area,
                new javafx.scene.input.KeyEvent(
                    e.getEventType(),
                    e.getCharacter(),
                    e.getText(),
                    e.getCode(),
                    e.isShiftDown(),
                    true,
                    e.isAltDown(),
                    e.isMetaDown()));
            e.consume();
          }
        });
    return area;
  }

  /**
   * Shows what a profile says.
   *
   * @param own what its text says itself
   * @param all what it comes to with what it inherits
   */
  void show(@Nullable Setting own, @Nullable Setting all) {
    if (wrong) {
      // It stays, with what is wrong about it, until it is right or taken back.
      return;
    }
    String text = own == null || own.reset() ? "" : text(own);
    boolean inherits = own == null && all != null;
    filling = true;
    String hint = inherits ? Format.line(text(all).replace('\n', ' '), 120) : "";
    if (control instanceof ComboBox<?>) {
      @SuppressWarnings("unchecked")
      ComboBox<String> box = (ComboBox<String>) control;
      box.setPromptText(hint.isEmpty() ? Messages.text("profiles.form.none") : hint);
      // The text of what is not set is the prompt, which may be another now.
      box.setValue(null);
      box.setValue(text);
    } else if (control instanceof TextInputControl input) {
      input.setPromptText(hint);
      if (!input.isFocused() && !input.getText().equals(text)) {
        input.setText(text);
      }
    }
    filling = false;
    reset.setVisible(own != null);
    String origin = inherits ? Format.line(all.origin(), 80) : "";
    List<String> more = own == null || all == null ? List.of() : more(own, all);
    say(
        own != null && own.reset()
            ? Messages.text("profiles.form.takenBack")
            : inherits
                ? Messages.text("profiles.form.inherited", origin)
                : more.isEmpty()
                    ? ""
                    : Messages.text(
                        "profiles.form.besides", Format.line(String.join(", ", more), 200)),
        false);
  }

  /** What a list or map inherits besides its own. */
  private static List<String> more(Setting own, Setting all) {
    List<String> more = new ArrayList<>(all.values());
    more.removeAll(own.values());
    all.entries()
        .forEach((name, value) -> {
          if (!own.entries().containsKey(name)) {
            more.add(name + "=" + value);
          }
        });
    return more;
  }

  /** Whether something stands in it that is not in the text because it is wrong. */
  boolean isWrong() {
    return wrong;
  }

  /** Forgets what is wrong: another profile is about to be shown. */
  void forget() {
    wrong = false;
  }

  private static String text(Setting s) {
    List<String> lines = new ArrayList<>(s.values());
    s.entries().forEach((name, value) -> lines.add(name + "=" + value));
    return String.join("\n", lines);
  }

  private void say(String text, boolean isWrong) {
    wrong = isWrong;
    below.setText(text);
    below.setVisible(!text.isEmpty());
    below.setManaged(!text.isEmpty());
    below.getStyleClass().setAll("label", "small", isWrong ? "wrong" : "muted");
    control.pseudoClassStateChanged(WRONG, isWrong);
  }

  private String typedText() {
    if (control instanceof TextInputControl input) {
      return input.getText();
    }
    return control instanceof ComboBox<?> box && box.getValue() instanceof String s ? s : "";
  }

  private void changed() {
    if (filling) {
      return;
    }
    try {
      Change change = change(field, typedText());
      say("", false);
      listener.changed(change);
    } catch (IllegalArgumentException e) {
      reset.setVisible(true);
      say(Messages.text("profiles.form.wrong", String.valueOf(e.getMessage())), true);
      listener.wrong();
    }
  }

  /**
   * What was typed, as a change of the text.
   *
   * @throws IllegalArgumentException that says what it must be
   */
  static Change change(Field field, String typed) {
    List<String> lines = typed.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
    switch (field.shape()) {
      case ONE -> {
        String value = typed.strip();
        if (!value.isEmpty()) {
          field.check(value);
        }
        return text ->
            ProfileText.withValue(
                text, field.key(), value.isEmpty() ? Optional.empty() : Optional.of(value));
      }
      case LIST -> {
        lines.forEach(field::check);
        return text -> ProfileText.withList(text, field.key(), lines);
      }
      default -> {
        Map<String, String> entries = new LinkedHashMap<>();
        for (String line : lines) {
          int at = line.indexOf('=');
          if (at < 0) {
            throw new IllegalArgumentException(Messages.text("profiles.form.entries"));
          }
          field.check(line.substring(0, at));
          entries.put(line.substring(0, at), line.substring(at + 1));
        }
        return text -> ProfileText.withEntries(text, field.key(), entries);
      }
    }
  }

  private void takeBack() {
    filling = true;
    if (control instanceof TextInputControl input) {
      input.setText("");
    }
    filling = false;
    wrong = false;
    listener.changed(change(field, ""));
  }
}
