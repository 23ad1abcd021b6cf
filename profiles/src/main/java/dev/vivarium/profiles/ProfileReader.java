package dev.vivarium.profiles;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** Reads one profile's text (YAML 1.2), which may be anybody's. */
final class ProfileReader {
  private static final int MAX_CHARACTERS = 256 * 1024;
  private static final int MAX_ELEMENTS = 1000;
  private static final int MAX_VALUE = 32 * 1024;
  private static final String EXTENDS = "extends";

  private final String source;
  private final Map<Field, Setting> settings = new EnumMap<>(Field.class);
  private Optional<String> base = Optional.empty();

  /** What one file says, without what it inherits. */
  record Layer(Optional<String> base, Map<Field, Setting> settings) {}

  private ProfileReader(String source) {
    this.source = source;
  }

  /**
   * Reads a text.
   *
   * @param source what messages call it
   */
  static Layer read(String source, String text) throws ProfileException {
    ProfileReader reader = new ProfileReader(source);
    LoadSettings limits =
        LoadSettings.builder()
            .setLabel(source)
            .setCodePointLimit(MAX_CHARACTERS)
            .setMaxAliasesForCollections(0)
            .setAllowDuplicateKeys(false)
            .build();
    Optional<Node> root;
    try {
      root = new Compose(limits).composeString(text);
    } catch (MarkedYamlEngineException e) {
      throw new ProfileException(
          source
              + e.getProblemMark().map(m -> ":" + (m.getLine() + 1)).orElse("")
              + ": not YAML: "
              + oneLine(e.getProblem()),
          e);
    } catch (YamlEngineException e) {
      throw new ProfileException(source + ": not YAML: " + oneLine(e.getMessage()), e);
    }
    if (root.isPresent()) {
      reader.mapping("", root.get());
    }
    return new Layer(reader.base, reader.settings);
  }

  private static String oneLine(String message) {
    return message.replaceAll("\\p{Cntrl}+", " ").strip();
  }

  private String at(Node node) {
    return source + node.getStartMark().map(m -> ":" + (m.getLine() + 1)).orElse("");
  }

  private ProfileException wrong(Node node, String what) {
    return new ProfileException(at(node) + ": " + what);
  }

  private void mapping(String group, Node node) throws ProfileException {
    if (!(node instanceof MappingNode map)) {
      throw wrong(
          node, (group.isEmpty() ? "a profile" : group) + ": must have fields: " + known(group));
    }
    for (NodeTuple tuple : map.getValue()) {
      String name = scalar(tuple.getKeyNode(), "a field's name");
      String key = group.isEmpty() ? name : group + "." + name;
      Node value = tuple.getValueNode();
      Optional<Field> field = Field.of(key);
      if (field.isPresent()) {
        if (settings.put(field.get(), setting(field.get(), value)) != null) {
          throw wrong(value, key + ": is there twice");
        }
      } else if (key.equals(EXTENDS)) {
        base = Optional.of(scalar(value, key));
      } else if (Field.isGroup(key)) {
        mapping(key, value);
      } else {
        throw wrong(tuple.getKeyNode(), "no such field: " + key + "; there are " + known(group));
      }
    }
  }

  private static String known(String group) {
    List<String> names = new ArrayList<>();
    if (group.isEmpty()) {
      names.add(EXTENDS);
    }
    for (Field f : Field.values()) {
      String rest =
          group.isEmpty()
              ? f.key()
              : f.key().startsWith(group + ".") ? f.key().substring(group.length() + 1) : "";
      int dot = rest.indexOf('.');
      String name = dot < 0 ? rest : rest.substring(0, dot);
      if (!name.isEmpty() && !names.contains(name)) {
        names.add(name);
      }
    }
    return String.join(", ", names);
  }

  private Setting setting(Field field, Node node) throws ProfileException {
    if (node instanceof ScalarNode && node.getTag().equals(Tag.NULL)) {
      return new Setting(List.of(), Map.of(), at(node), true);
    }
    return switch (field.shape()) {
      case ONE -> new Setting(List.of(value(field, node)), Map.of(), at(node), false);
      case LIST -> new Setting(list(field, node), Map.of(), at(node), false);
      case MAP -> new Setting(List.of(), entries(field, node), at(node), false);
    };
  }

  private List<String> list(Field field, Node node) throws ProfileException {
    if (!(node instanceof SequenceNode sequence)) {
      throw wrong(node, field.key() + ": must be a list: [A, B] or one \"- A\" per line");
    }
    if (sequence.getValue().size() > MAX_ELEMENTS) {
      throw wrong(node, field.key() + ": at most " + MAX_ELEMENTS + " elements");
    }
    List<String> values = new ArrayList<>();
    for (Node element : sequence.getValue()) {
      values.add(value(field, element));
    }
    return values;
  }

  private Map<String, String> entries(Field field, Node node) throws ProfileException {
    if (!(node instanceof MappingNode map)) {
      throw wrong(node, field.key() + ": must be names and values: one \"NAME: value\" per line");
    }
    if (map.getValue().size() > MAX_ELEMENTS) {
      throw wrong(node, field.key() + ": at most " + MAX_ELEMENTS + " entries");
    }
    Map<String, String> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : map.getValue()) {
      String name = value(field, tuple.getKeyNode());
      entries.put(name, scalar(tuple.getValueNode(), field.key() + "." + name));
    }
    return entries;
  }

  private String value(Field field, Node node) throws ProfileException {
    String text = scalar(node, field.key());
    try {
      field.check(text);
    } catch (IllegalArgumentException e) {
      throw new ProfileException(
          at(node) + ": " + field.key() + ": " + text + ": must be " + e.getMessage(), e);
    }
    return text;
  }

  private String scalar(Node node, String what) throws ProfileException {
    if (!(node instanceof ScalarNode scalar)) {
      throw wrong(node, what + ": must be one value");
    }
    String text = scalar.getValue();
    if (text.length() > MAX_VALUE || text.indexOf('\0') >= 0) {
      throw wrong(node, what + ": too long, or with a NUL in it");
    }
    return text;
  }
}
