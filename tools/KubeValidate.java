import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Reads a file of Kubernetes objects into the classes that fabric8 generates from Kubernetes' own
 * schemas: an unknown field, a value of the wrong type or a missing name is told. Run by
 * tools/end-to-end/long-export; not part of the build, since the classes would add 17 MB to it for
 * nothing but this.
 */
final class KubeValidate {
  private static final Map<String, String> PACKAGES =
      Map.of(
          "v1", "io.fabric8.kubernetes.api.model.",
          "batch/v1", "io.fabric8.kubernetes.api.model.batch.v1.",
          "networking.k8s.io/v1", "io.fabric8.kubernetes.api.model.networking.v1.",
          "node.k8s.io/v1", "io.fabric8.kubernetes.api.model.node.v1.");

  public static void main(String[] args) throws Exception {
    ObjectMapper mapper = new ObjectMapper(new YAMLFactory());
    mapper.enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    List<String> kinds = new ArrayList<>();
    try (MappingIterator<JsonNode> documents =
        mapper.readerFor(JsonNode.class).readValues(new File(args[0]))) {
      while (documents.hasNext()) {
        JsonNode document = documents.next();
        String kind = document.path("kind").asText();
        Class<?> type = Class.forName(PACKAGES.get(document.path("apiVersion").asText()) + kind);
        HasMetadata object = (HasMetadata) mapper.treeToValue(document, type);
        if (object.getMetadata().getName() == null) {
          throw new IllegalArgumentException(kind + ": no name");
        }
        // What a class has no field for it keeps aside, and writes it again: so a look at the
        // fields themselves.
        check(kind, document, object);
        kinds.add(kind);
      }
    }
    System.out.println(String.join(" ", kinds));
  }

  private static void check(String path, JsonNode node, Object object)
      throws ReflectiveOperationException {
    if (object instanceof Map<?, ?>
        || object == null
        || object.getClass().getName().startsWith("java.")) {
      return;
    }
    Object aside =
        Stream.of(object.getClass().getMethods())
                .anyMatch(m -> m.getName().equals("getAdditionalProperties"))
            ? object.getClass().getMethod("getAdditionalProperties").invoke(object)
            : Map.of();
    if (!((Map<?, ?>) aside).isEmpty()) {
      throw new IllegalArgumentException(path + ": no such field: " + aside);
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      String name = field.getKey();
      String getter = "get" + Character.toUpperCase(name.charAt(0)) + name.substring(1);
      var method =
          Stream.of(object.getClass().getMethods())
              .filter(m -> m.getName().equalsIgnoreCase(getter))
              .findFirst();
      if (method.isEmpty()) {
        continue;
      }
      Object value = method.get().invoke(object);
      if (value instanceof List<?> list) {
        for (int i = 0; i < list.size(); i++) {
          check(path + "." + name + "[" + i + "]", field.getValue().get(i), list.get(i));
        }
      } else {
        check(path + "." + name, field.getValue(), value);
      }
    }
  }
}
