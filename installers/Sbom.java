import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes what is in the packages: the libraries as Maven resolved them, the Java they run on and
 * the C library inside the native programs, as CycloneDX (JSON) and as the Debian copyright file. A
 * library whose licence nobody has written down is an error.
 *
 * <p>Usage: java Sbom.java VERSION LICENCES JAVA_RELEASE GLIBC_VERSION OUT.json COPYRIGHT.in
 * COPYRIGHT DEPENDENCIES.txt=JAR_DIRECTORY...
 */
final class Sbom {
  /** One line of {@code mvn dependency:list}: group:artifact:type[:classifier]:version:scope. */
  private static final Pattern LINE =
      Pattern.compile("([\\w.-]+):([\\w.-]+):jar:(?:([\\w-]+):)?([\\w.-]+):(?:compile|runtime).*");

  private record Licence(String id, String holder) {}

  private record Part(
      String purl, String group, String name, String version, String sha256, Licence licence) {}

  private final Map<String, Licence> licences = new TreeMap<>();
  private final Map<String, Part> parts = new TreeMap<>();

  public static void main(String[] words) throws Exception {
    Sbom sbom = new Sbom();
    for (String line : Files.readAllLines(Path.of(words[1]))) {
      String[] fields = line.split(" ", 3);
      if (!line.startsWith("#") && fields.length == 3) {
        sbom.licences.put(fields[0], new Licence(fields[1].replace('_', ' '), fields[2]));
      }
    }
    for (int i = 7; i < words.length; i++) {
      String[] list = words[i].split("=", 2);
      sbom.read(Path.of(list[0]), Path.of(list[1]));
    }
    String java = sbom.release(Path.of(words[2]), "JAVA_RUNTIME_VERSION");
    String maker = sbom.release(Path.of(words[2]), "IMPLEMENTOR");
    sbom.add("pkg:generic/openjdk@" + encode(java), maker, "openjdk", java, "");
    sbom.add("pkg:generic/glibc@" + encode(words[3]), "GNU", "glibc", words[3], "");
    Files.writeString(Path.of(words[4]), sbom.json(words[0]));
    Files.writeString(Path.of(words[6]), Files.readString(Path.of(words[5])) + sbom.copyright());
  }

  private void read(Path list, Path jars) throws Exception {
    for (String line : Files.readAllLines(list)) {
      Matcher m = LINE.matcher(line.strip().replaceAll("\u001b\\[[0-9;]*m", ""));
      if (!m.matches() || m.group(1).equals("dev.vivarium")) {
        continue;
      }
      String classifier = m.group(3);
      Path jar =
          jars.resolve(
              m.group(2)
                  + "-"
                  + m.group(4)
                  + (classifier == null ? "" : "-" + classifier)
                  + ".jar");
      // JavaFX's jars without a classifier are empty.
      if (Files.exists(jar) && !(m.group(1).equals("org.openjfx") && classifier == null)) {
        add(
            "pkg:maven/"
                + m.group(1)
                + "/"
                + m.group(2)
                + "@"
                + m.group(4)
                + "?"
                + (classifier == null ? "" : "classifier=" + classifier + "&")
                + "type=jar",
            m.group(1),
            m.group(2),
            m.group(4),
            sha256(Files.readAllBytes(jar)));
      }
    }
  }

  private void add(String purl, String group, String name, String version, String sha256) {
    Licence licence = licences.get(purl.startsWith("pkg:maven/") ? group + ":" + name : name);
    if (licence == null) {
      System.err.println("installers/licences says nothing about " + group + ":" + name);
      System.exit(1);
    }
    parts.put(purl, new Part(purl, group, name, version, sha256, licence));
  }

  private String release(Path file, String key) throws IOException {
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith(key + "=")) {
        return line.substring(key.length() + 1).replace("\"", "");
      }
    }
    throw new IOException(file + " does not say " + key);
  }

  private String json(String version) throws NoSuchAlgorithmException {
    String own = "pkg:generic/vivarium@" + encode(version);
    List<String> components = new ArrayList<>();
    List<String> references = new ArrayList<>();
    for (Part p : parts.values()) {
      String hashes =
          p.sha256.isEmpty()
              ? ""
              : ", \"hashes\": [{\"alg\": \"SHA-256\", \"content\": \"" + p.sha256 + "\"}]";
      String licence =
          p.licence.id.contains(" ")
              ? "{\"expression\": " + quote(p.licence.id) + "}"
              : "{\"license\": {\"id\": " + quote(p.licence.id) + "}}";
      components.add(
          "    {\"type\": \"library\", \"bom-ref\": "
              + quote(p.purl)
              + ", \"group\": "
              + quote(p.group)
              + ", \"name\": "
              + quote(p.name)
              + ", \"version\": "
              + quote(p.version)
              + ", \"scope\": \"required\""
              + hashes
              + ", \"licenses\": ["
              + licence
              + "], \"purl\": "
              + quote(p.purl)
              + "}");
      references.add(quote(p.purl));
    }
    String body =
        "  \"version\": 1,\n  \"metadata\": {\n    \"timestamp\": \""
            + Instant.ofEpochSecond(Long.parseLong(System.getenv("SOURCE_DATE_EPOCH")))
            + "\",\n    \"component\": {\"type\": \"application\", \"bom-ref\": "
            + quote(own)
            + ", \"name\": \"vivarium\", \"version\": "
            + quote(version)
            + ", \"licenses\": [{\"license\": {\"id\": \"Apache-2.0\"}}], \"purl\": "
            + quote(own)
            + "}\n  },\n"
            + "  \"components\": [\n"
            + String.join(",\n", components)
            + "\n  ],\n"
            + "  \"dependencies\": [\n    {\"ref\": "
            + quote(own)
            + ", \"dependsOn\": ["
            + String.join(", ", references)
            + "]}\n  ]\n}\n";
    return "{\n"
        + "  \"$schema\": \"http://cyclonedx.org/schema/bom-1.6.schema.json\",\n"
        + "  \"bomFormat\": \"CycloneDX\",\n"
        + "  \"specVersion\": \"1.6\",\n"
        + "  \"serialNumber\": \"urn:uuid:"
        + UUID.nameUUIDFromBytes(body.getBytes(StandardCharsets.UTF_8))
        + "\",\n"
        + body;
  }

  /** The paragraphs of the copyright file about what is not ours. */
  private String copyright() {
    StringBuilder out = new StringBuilder();
    for (Part p : parts.values()) {
      out.append("\nFiles: ")
          .append(place(p))
          .append("\nCopyright: ")
          .append(p.licence.holder)
          .append("\nLicense: ")
          .append(
              p.licence
                  .id
                  .replace(" WITH ", " with ")
                  .replace(
                      "GPL-2.0-only with Classpath-exception-2.0",
                      "GPL-2-with-classpath-exception"))
          .append("\nComment: ")
          .append(p.group)
          .append(' ')
          .append(p.name)
          .append(' ')
          .append(p.version)
          .append('\n');
    }
    return out.toString();
  }

  private static String place(Part p) {
    return switch (p.name) {
      case "openjdk" -> "usr/lib/vivarium/runtime/*";
      case "glibc" -> "usr/lib/vivarium/app/native/*";
      case String n when n.startsWith("javafx") -> "usr/lib/vivarium/runtime/" + n;
      default -> "usr/lib/vivarium/app/*" + p.name + "*";
    };
  }

  private static String sha256(byte[] bytes) throws NoSuchAlgorithmException {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static String encode(String text) {
    return text.replace("+", "%2B").replace("~", "%7E");
  }

  private static String quote(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }
}
