package dev.vivarium.gui.profiles;

import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.ProfileText;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javafx.scene.Node;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.Priority;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;

/**
 * All fields of a profile, in groups. It and the text show the same: a change of one is in both.
 */
final class ProfileForm {
  /** In which order the groups stand, and which fields they begin with. */
  private enum Group {
    GENERAL(Field.DESCRIPTION, Field.ENGINE, Field.PLATFORM),
    NETWORK,
    FILES(Field.MOUNTS, Field.READ_ONLY, Field.WORKDIR),
    LIMITS,
    PROGRAM(Field.ENVIRONMENT, Field.PASS, Field.USER, Field.HOSTNAME),
    WALLS(Field.DENY, Field.SIGNED),
    MACHINE;

    private final List<Field> first;

    Group(Field... first) {
      this.first = List.of(first);
    }

    static Group of(Field field) {
      for (Group g : values()) {
        if (g.first.contains(field)) {
          return g;
        }
      }
      String key = field.key();
      return key.startsWith("network.")
          ? NETWORK
          : key.startsWith("limits.") ? LIMITS : key.startsWith("machine.") ? MACHINE : GENERAL;
    }
  }

  private final Map<Field, FieldEditor> editors = new EnumMap<>(Field.class);
  private final ComboBox<String> base = new ComboBox<>();
  private final GridPane grid = new GridPane(10, 8);
  private final ScrollPane node = new ScrollPane(grid);
  private boolean filling;

  ProfileForm(FieldEditor.Listener listener) {
    ColumnConstraints label = new ColumnConstraints(122);
    ColumnConstraints field = new ColumnConstraints(120, 200, Double.MAX_VALUE);
    field.setHgrow(Priority.ALWAYS);
    grid.getColumnConstraints().addAll(label, field);
    grid.setPadding(new javafx.geometry.Insets(2, 12, 12, 2));
    int row = 0;
    for (Group group : Group.values()) {
      Label heading =
          Ui.label(
              Messages.text("profiles.group." + group.name().toLowerCase(java.util.Locale.ROOT)),
              "section");
      heading.setPadding(new javafx.geometry.Insets(row == 0 ? 0 : 8, 0, 0, 0));
      grid.add(heading, 0, row++, 2, 1);
      if (group == Group.GENERAL) {
        add(Messages.text("profiles.extends"), base(listener), row++);
      }
      for (Field f : Field.values()) {
        if (Group.of(f) == group) {
          FieldEditor editor = new FieldEditor(f, listener);
          editors.put(f, editor);
          add(FieldEditor.label(f), editor.node(), row++);
        }
      }
    }
    node.setFitToWidth(true);
    node.setId("profile-form");
    node.getStyleClass().add("form");
  }

  private Node base(FieldEditor.Listener listener) {
    base.setMaxWidth(Double.MAX_VALUE);
    base.setId("field-extends");
    base.setAccessibleText(Messages.text("profiles.extends"));
    base.setConverter(
        new StringConverter<>() {
          @Override
          public String toString(@Nullable String value) {
            return value == null || value.isEmpty()
                ? Messages.text("profiles.extends.nothing")
                : value;
          }

          @Override
          public String fromString(String text) {
            return text;
          }
        });
    base.valueProperty()
        .addListener((o, before, now) -> {
          if (!filling) {
            Optional<String> wanted = Optional.ofNullable(now).filter(v -> !v.isEmpty());
            listener.changed(text -> ProfileText.withValue(text, ProfileText.EXTENDS, wanted));
          }
        });
    // As wide as the fields below, which have a button beside them.
    Node beside = Ui.iconButton(Icons.KILL, "", () -> {});
    beside.setVisible(false);
    return Ui.row(4, Ui.grow(base), beside);
  }

  private void add(String text, Node field, int row) {
    Label label = Ui.label(text, "muted");
    label.setPadding(new javafx.geometry.Insets(7, 0, 0, 0));
    label.setMinWidth(0);
    GridPane.setValignment(label, javafx.geometry.VPos.TOP);
    grid.add(label, 0, row);
    grid.add(field, 1, row);
  }

  Node node() {
    return node;
  }

  /** Shows what the text says now. */
  void show(ProfileText.Written written, Profile all, List<String> names) {
    filling = true;
    String extended = written.base().orElse("");
    List<String> choices = new ArrayList<>(List.of(""));
    choices.addAll(names);
    if (!choices.contains(extended)) {
      choices.add(extended);
    }
    if (!choices.equals(base.getItems())) {
      // Without a value meanwhile: the same one again would not be drawn anew.
      base.setValue(null);
      base.getItems().setAll(choices);
    }
    base.setValue(extended);
    filling = false;
    editors.forEach(
        (field, editor) -> editor.show(written.settings().get(field), all.settings().get(field)));
    grid.setDisable(false);
  }

  /** The text is no profile at the moment. */
  void pause() {
    grid.setDisable(true);
  }

  /** Whether a field holds what is not in the text because it is wrong. */
  boolean isWrong() {
    return editors.values().stream().anyMatch(FieldEditor::isWrong);
  }

  /** Another profile is about to be shown. */
  void forget() {
    editors.values().forEach(FieldEditor::forget);
  }

  void focus() {
    base.requestFocus();
  }
}
