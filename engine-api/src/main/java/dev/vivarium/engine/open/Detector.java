package dev.vivarium.engine.open;

import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.image.tar.TarReader;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.apache.tika.metadata.Metadata;
import org.apache.tika.metadata.TikaCoreProperties;
import org.apache.tika.mime.MediaType;
import org.apache.tika.mime.MimeTypes;

/**
 * Finds out what a file is: the media type by Apache Tika's table of beginnings and endings of
 * names, and what running it needs to be known by a look into it. Reads a bounded part.
 */
public final class Detector {
  private static final int HEAD = 64 << 10;
  private static final long MAX_UNPACKED = 64 << 20;
  private static final int MAX_ENTRIES = 5000;
  private static final int MAX_LINE = 256;
  private static final int MOST_KEPT = 16;

  /** Keeps the logging interface that Tika uses from remarking that nobody takes its log. */
  private static final String QUIET = "slf4j.internal.verbosity";

  /** Names of installers, the likeliest first. */
  private static final List<String> INSTALLERS =
      List.of(
          "install.sh",
          "install",
          "installer.sh",
          "installer",
          "setup.sh",
          "setup",
          "install.py",
          "setup.py",
          "install.pl",
          "bootstrap.sh",
          "run.sh",
          "start.sh");

  /** Interpreters of files that do not name one, by media type. */
  private static final Map<String, String> BY_TYPE =
      Map.ofEntries(
          Map.entry("application/x-sh", "sh"),
          Map.entry("application/x-bash", "bash"),
          Map.entry("text/x-python", "python3"),
          Map.entry("text/x-perl", "perl"),
          Map.entry("text/x-ruby", "ruby"),
          Map.entry("text/x-php", "php"),
          Map.entry("text/x-lua", "lua"),
          Map.entry("text/javascript", "node"),
          Map.entry("application/javascript", "node"));

  private static final Pattern ENV =
      Pattern.compile("(/usr)?/bin/env(\\s+-S)?(\\s+[A-Za-z_]+=\\S*)*\\s+(.*)");
  private static final Pattern MODULE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern MAIN = Pattern.compile("(?m)^(Main-Class|Launcher-Agent-Class):");

  private final MimeTypes types;

  /** Makes one; takes a moment, for the table that it reads. */
  public Detector() {
    if (System.getProperty(QUIET) == null) {
      System.setProperty(QUIET, "ERROR");
    }
    types = MimeTypes.getDefaultMimeTypes();
  }

  /**
   * Looks at a file.
   *
   * @param name what it was called where it comes from; its ending helps where its bytes do not
   */
  public Detection detect(Path file, String name) throws IOException {
    byte[] head;
    try (InputStream in = Files.newInputStream(file)) {
      head = in.readNBytes(HEAD);
    }
    String type = mediaType(head, name);
    if (Elf.is(head)) {
      return Elf.detect(head, name, type);
    }
    Optional<Detection> script = script(head, type);
    if (script.isPresent()) {
      return script.get();
    }
    return switch (type) {
      case "application/x-debian-package", "application/vnd.debian.binary-package" ->
          plain(Kind.DEB, type);
      case "application/x-rpm" -> plain(Kind.RPM, type);
      case "application/pdf" -> plain(Kind.PDF, type);
      case "text/html", "application/xhtml+xml" -> plain(Kind.HTML, type);
      case "application/gzip", "application/x-gzip", "application/x-tgz" -> gzip(file, type);
      case "application/x-tar", "application/x-gtar", "application/x-ustar" ->
          tar(file, false, type, "");
      case "application/x-xz", "application/x-bzip2", "application/x-bzip", "application/zstd" ->
          packedTar(name, type);
      default -> startsAs(head, "PK\003\004") ? zip(file, type) : other(head, type);
    };
  }

  private String mediaType(byte[] head, String name) throws IOException {
    Metadata about = new Metadata();
    about.set(TikaCoreProperties.RESOURCE_NAME_KEY, name);
    MediaType type = types.detect(new ByteArrayInputStream(head), about);
    return type.getBaseType().toString();
  }

  private static boolean startsAs(byte[] head, String text) {
    byte[] wanted = text.getBytes(StandardCharsets.ISO_8859_1);
    return head.length >= wanted.length
        && Arrays.equals(head, 0, wanted.length, wanted, 0, wanted.length);
  }

  private static Detection plain(Kind kind, String type) {
    return new Detection(kind, type, "", List.of(), List.of(), true);
  }

  private static Detection other(byte[] head, String type) {
    return startsAs(head, "!<arch>\ndebian-binary")
        ? plain(Kind.DEB, type)
        : new Detection(Kind.UNKNOWN, type, "", List.of(), List.of(), false);
  }

  private static Optional<Detection> script(byte[] head, String type) {
    List<String> interpreter = List.of();
    if (startsAs(head, "#!")) {
      int end = 2;
      while (end < Math.min(head.length, MAX_LINE) && head[end] != '\n' && head[end] != 0) {
        end++;
      }
      String line = new String(head, 2, end - 2, StandardCharsets.UTF_8).strip();
      Matcher env = ENV.matcher(line);
      interpreter =
          line.isEmpty()
              ? List.of("sh")
              : List.of((env.matches() ? env.group(4).strip() : line).split("\\s+"));
    } else if (BY_TYPE.containsKey(type)) {
      interpreter = List.of(BY_TYPE.get(type));
    }
    return interpreter.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Detection(
                Kind.SCRIPT,
                type,
                "for " + String.join(" ", interpreter),
                interpreter,
                List.of(),
                startsAs(head, "#!")));
  }

  private static Detection gzip(Path file, String type) throws IOException {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      byte[] head = in.readNBytes(512);
      if (head.length == 512
          && new String(head, 257, 5, StandardCharsets.ISO_8859_1).equals("ustar")) {
        return tar(file, true, type, "packed with gzip");
      }
    } catch (IOException e) {
      // Not whole: not what it seems.
    }
    return new Detection(Kind.UNKNOWN, type, "", List.of(), List.of(), false);
  }

  /** Which of what these pack is a tar archive, only its name says; what is in it, nobody here. */
  private static Detection packedTar(String name, String type) {
    boolean tar = name.toLowerCase(Locale.ROOT).matches(".*\\.(tar\\.[a-z0-9]+|t[xb]z2?|tzst)");
    return new Detection(
        tar ? Kind.TAR : Kind.UNKNOWN, type, tar ? "packed" : "", List.of(), List.of(), false);
  }

  private static Detection tar(Path file, boolean packed, String type, String detail)
      throws IOException {
    List<String> names = new ArrayList<>();
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        InputStream in = new Bounded(packed ? new GZIPInputStream(raw) : raw)) {
      TarReader reader = new TarReader(in, (bytes, offset, length) -> {});
      TarEntry entry;
      while ((entry = reader.next()) != null && names.size() < MAX_ENTRIES) {
        if (entry.type() == TarEntry.TYPE_FILE) {
          // A name in a tar is bytes, one to a char.
          names.add(
              new String(
                  entry.name().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
        }
        reader.skipContent();
      }
    } catch (IOException | RuntimeException e) {
      // What was read of it until then is what is known.
    }
    return archive(Kind.TAR, type, detail, names);
  }

  private static Detection zip(Path file, String type) throws IOException {
    ZipDirectory zip = ZipDirectory.read(file);
    List<String> names = zip.names();
    Optional<String> wheel =
        names.stream().filter(n -> n.matches("[^/]+\\.dist-info/WHEEL")).findFirst();
    if (wheel.isPresent()) {
      return new Detection(Kind.WHEEL, type, "", List.of(), modules(zip), true);
    }
    if (zip.has("META-INF/MANIFEST.MF") && (type.contains("java") || hasClasses(names))) {
      boolean main =
          zip.text("META-INF/MANIFEST.MF").map(m -> MAIN.matcher(m).find()).orElse(false);
      return new Detection(
          Kind.JAR,
          type,
          main ? "with a main class" : "without a main class",
          List.of(),
          List.of(),
          main);
    }
    return type.equals("application/zip") || type.equals("application/java-archive")
        ? archive(Kind.ZIP, type, "", names)
        : new Detection(Kind.UNKNOWN, type, "", List.of(), List.of(), false);
  }

  private static boolean hasClasses(List<String> names) {
    return names.stream().anyMatch(n -> n.endsWith(".class"));
  }

  /** What a wheel says is to be imported, or else what lies at its top. */
  private static List<String> modules(ZipDirectory zip) throws IOException {
    List<String> modules = new ArrayList<>();
    for (String name : zip.names()) {
      if (name.endsWith(".dist-info/top_level.txt")) {
        zip.text(name).orElse("").lines().map(String::strip).forEach(modules::add);
      }
    }
    if (modules.isEmpty()) {
      for (String name : zip.names()) {
        int slash = name.indexOf('/');
        String top = slash < 0 ? name.replaceFirst("\\.py$", "") : name.substring(0, slash);
        if ((slash < 0 ? name.endsWith(".py") : name.endsWith("/__init__.py"))
            && !modules.contains(top)) {
          modules.add(top);
        }
      }
    }
    return modules.stream().filter(m -> MODULE.matcher(m).matches()).limit(MOST_KEPT).toList();
  }

  private static Detection archive(Kind kind, String type, String detail, List<String> names) {
    List<String> installers =
        names.stream()
            .filter(n -> rank(n) < Integer.MAX_VALUE && isPlain(n))
            .sorted(Comparator.comparingInt(Detector::rank))
            .limit(MOST_KEPT)
            .toList();
    String what =
        installers.isEmpty() ? "no installer that is known" : "with " + installers.getFirst();
    return new Detection(
        kind,
        type,
        detail.isEmpty() ? what : detail + ", " + what,
        List.of(),
        installers,
        !installers.isEmpty());
  }

  /** How likely it is the installer: the name counts more than how deep it lies. */
  private static int rank(String path) {
    String name = path.substring(path.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
    int depth = (int) path.replaceFirst("^\\./", "").chars().filter(c -> c == '/').count();
    int known = INSTALLERS.indexOf(name);
    if (known < 0 && name.endsWith(".run")) {
      known = INSTALLERS.size();
    }
    return known < 0 || depth > 2 ? Integer.MAX_VALUE : known * 4 + depth;
  }

  /** A path that leads nowhere else and that can be said in a line. */
  private static boolean isPlain(String path) {
    return path.length() < MAX_LINE
        && !path.startsWith("/")
        && !Arrays.asList(path.split("/")).contains("..")
        && path.codePoints().noneMatch(Character::isISOControl);
  }

  /** Ends after so many bytes, whatever more a small file would unpack to. */
  private static final class Bounded extends InputStream {
    private final InputStream in;
    private long left = MAX_UNPACKED;

    Bounded(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (left <= 0) {
        return -1;
      }
      int n = in.read(bytes, offset, (int) Math.min(left, length));
      left -= Math.max(0, n);
      return n;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
