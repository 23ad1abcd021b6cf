package dev.vivarium.profiles;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Changes one field in the text of a profile, and leaves all else as its author wrote it: comments,
 * order, empty lines. What comes of a change is read again before it is given back.
 */
public final class ProfileText {
  /** Not a field like others: the profile that one adds to. */
  public static final String EXTENDS = "extends";

  private static final Pattern PLAIN =
      Pattern.compile("[A-Za-z0-9_./][A-Za-z0-9_./:@%+=,~()\\[\\]* -]*");
  private static final Pattern NOTHING = Pattern.compile("null|Null|NULL|");
  private static final int STEP = 2;

  private ProfileText() {}

  /**
   * What a text says by itself, without what it inherits.
   *
   * @param base what it extends
   */
  public record Written(Optional<String> base, Map<Field, Setting> settings) {}

  /**
   * Reads a text.
   *
   * @param label what messages call it
   */
  public static Written read(String label, String text) throws ProfileException {
    ProfileReader.Layer layer = ProfileReader.read(label, text);
    return new Written(layer.base(), layer.settings());
  }

  /**
   * The text with another value of a field that has one; without the field if there is none.
   *
   * @param key of a field, or {@link #EXTENDS}
   * @throws ProfileException if the text is no profile, or is written so that only a person can
   *     change it
   */
  public static String withValue(String text, String key, Optional<String> value)
      throws ProfileException {
    return change(text, key, value.map(v -> " " + quoted(v)).map(List::of).orElse(List.of()));
  }

  /** The text with another list. */
  public static String withList(String text, String key, List<String> values)
      throws ProfileException {
    List<String> lines = new ArrayList<>();
    if (!values.isEmpty()) {
      lines.add("");
      values.forEach(v -> lines.add("- " + quoted(v)));
    }
    return change(text, key, lines);
  }

  /** The text with other names and values. */
  public static String withEntries(String text, String key, Map<String, String> entries)
      throws ProfileException {
    List<String> lines = new ArrayList<>();
    if (!entries.isEmpty()) {
      lines.add("");
      entries.forEach((name, value) -> lines.add(quoted(name) + ": " + quoted(value)));
    }
    return change(text, key, lines);
  }

  /**
   * Changes a field.
   *
   * @param value what follows the key's colon, and the lines below it; empty to take the field away
   */
  private static String change(String text, String key, List<String> value)
      throws ProfileException {
    Written before = read(key, text);
    int dot = key.indexOf('.');
    String group = dot < 0 ? "" : key.substring(0, dot);
    String name = key.substring(dot + 1);
    List<String> lines = new ArrayList<>(text.lines().toList());
    Optional<MappingNode> root = root(text);
    if (group.isEmpty()) {
      inMapping(lines, root, 0, name, value, key);
    } else {
      Optional<NodeTuple> found = root.flatMap(r -> tuple(r, group));
      if (found.isEmpty()) {
        if (!value.isEmpty()) {
          lines.add(group + ":");
          insert(lines, lines.size(), STEP, name, value);
        }
      } else if (found.get().getValueNode() instanceof MappingNode map) {
        if (value.isEmpty() && map.getValue().size() == 1 && tuple(map, name).isPresent()) {
          inMapping(lines, root, 0, group, List.of(), key);
        } else {
          inMapping(lines, Optional.of(map), STEP, name, value, key);
        }
      } else {
        throw byHand(key);
      }
    }
    String changed = lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
    check(before, changed, key, value.isEmpty());
    return changed;
  }

  /**
   * Everything but this field must be as it was: else the text has a form that is not known here.
   */
  private static void check(Written before, String changed, String key, boolean gone)
      throws ProfileException {
    Written after = read(key, changed);
    boolean same = key.equals(EXTENDS) || before.base.equals(after.base);
    for (Field f : Field.values()) {
      Setting was = before.settings.get(f);
      Setting is = after.settings.get(f);
      if (f.key().equals(key)) {
        same &= (is == null) == gone;
      } else {
        same &=
            was == null
                ? is == null
                : is != null
                    && was.values().equals(is.values())
                    && was.entries().equals(is.entries())
                    && was.reset() == is.reset();
      }
    }
    if (!same) {
      throw byHand(key);
    }
  }

  private static ProfileException byHand(String key) {
    return new ProfileException(key + ": is written in a way that only the text can be changed");
  }

  private static Optional<MappingNode> root(String text) {
    return new Compose(LoadSettings.builder().build())
        .composeString(text)
        .filter(MappingNode.class::isInstance)
        .map(MappingNode.class::cast);
  }

  private static Optional<NodeTuple> tuple(MappingNode map, String name) {
    return map.getValue().stream()
        .filter(t -> t.getKeyNode() instanceof ScalarNode s && s.getValue().equals(name))
        .findFirst();
  }

  private static void inMapping(
      List<String> lines,
      Optional<MappingNode> map,
      int usualIndent,
      String name,
      List<String> value,
      String key)
      throws ProfileException {
    if (map.isPresent() && map.get().getFlowStyle() == FlowStyle.FLOW) {
      throw byHand(key);
    }
    List<NodeTuple> all = map.map(MappingNode::getValue).orElse(List.of());
    Optional<NodeTuple> found = map.flatMap(m -> tuple(m, name));
    if (found.isPresent()) {
      Mark begin = start(found.get().getKeyNode(), key);
      int last = lastLine(found.get(), key);
      Optional<String> sameLine = sameLine(lines, found.get(), value, key);
      if (sameLine.isPresent()) {
        lines.set(begin.getLine(), sameLine.get());
        return;
      }
      lines.subList(begin.getLine(), last + 1).clear();
      insert(lines, begin.getLine(), begin.getColumn(), name, value);
    } else if (!value.isEmpty()) {
      int at = all.isEmpty() ? lines.size() : lastLine(all.getLast(), key) + 1;
      int indent =
          all.isEmpty() ? usualIndent : start(all.getFirst().getKeyNode(), key).getColumn();
      insert(lines, at, indent, name, value);
    }
  }

  /** One value in place of another on the same line: what follows it there stays. */
  private static Optional<String> sameLine(
      List<String> lines, NodeTuple tuple, List<String> value, String key) throws ProfileException {
    if (value.size() != 1 || !(tuple.getValueNode() instanceof ScalarNode scalar)) {
      return Optional.empty();
    }
    Mark from = start(scalar, key);
    Optional<Mark> to = scalar.getEndMark();
    if (to.isEmpty()
        || to.get().getLine() != from.getLine()
        || start(tuple.getKeyNode(), key).getLine() != from.getLine()
        || to.get().getColumn() <= from.getColumn()) {
      return Optional.empty();
    }
    String line = lines.get(from.getLine());
    return Optional.of(
        line.substring(0, line.offsetByCodePoints(0, from.getColumn()))
            + value.getFirst().strip()
            + line.substring(line.offsetByCodePoints(0, to.get().getColumn())));
  }

  private static void insert(
      List<String> lines, int at, int indent, String name, List<String> value) {
    if (value.isEmpty()) {
      return;
    }
    List<String> made = new ArrayList<>();
    made.add(" ".repeat(indent) + name + ":" + value.getFirst());
    value.stream().skip(1).forEach(line -> made.add(" ".repeat(indent + STEP) + line));
    lines.addAll(Math.min(at, lines.size()), made);
  }

  private static Mark start(Node node, String key) throws ProfileException {
    return node.getStartMark().orElseThrow(() -> byHand(key));
  }

  /**
   * The last line with anything of a field: the end of a block reaches to the next field, over
   * comments that belong to that.
   */
  private static int lastLine(NodeTuple tuple, String key) throws ProfileException {
    return Math.max(lastLine(tuple.getKeyNode(), key), lastLine(tuple.getValueNode(), key));
  }

  private static int lastLine(Node node, String key) throws ProfileException {
    int last = start(node, key).getLine();
    if (node instanceof MappingNode map && map.getFlowStyle() != FlowStyle.FLOW) {
      for (NodeTuple t : map.getValue()) {
        last = Math.max(last, lastLine(t, key));
      }
      return last;
    }
    if (node instanceof SequenceNode list && list.getFlowStyle() != FlowStyle.FLOW) {
      for (Node n : list.getValue()) {
        last = Math.max(last, lastLine(n, key));
      }
      return last;
    }
    Mark end = node.getEndMark().orElseThrow(() -> byHand(key));
    // A block of text ends where the next line begins.
    return end.getColumn() == 0 && end.getLine() > last ? end.getLine() - 1 : end.getLine();
  }

  /** As YAML has it: as it is where that means itself, else between quotes. */
  private static String quoted(String value) {
    boolean plain =
        PLAIN.matcher(value).matches()
            && !NOTHING.matcher(value).matches()
            && !value.contains(": ")
            && !value.endsWith(":")
            && !value.endsWith(" ");
    if (plain) {
      return value;
    }
    StringBuilder out = new StringBuilder("\"");
    value
        .chars()
        .forEach(c -> {
          switch (c) {
            case '"' -> out.append("\\\"");
            case '\\' -> out.append("\\\\");
            case '\n' -> out.append("\\n");
            case '\t' -> out.append("\\t");
            default -> {
              if (c < ' ' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029) {
                out.append(String.format("\\u%04x", c));
              } else {
                out.append((char) c);
              }
            }
          }
        });
    return out.append('"').toString();
  }
}
