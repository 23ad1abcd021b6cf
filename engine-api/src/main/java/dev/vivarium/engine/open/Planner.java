package dev.vivarium.engine.open;

import dev.vivarium.engine.open.Planned.Ready;
import dev.vivarium.engine.open.Planned.Unsure;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Chooses how to run a file: with this machine's own programs, seen from inside, where they are
 * there, since that needs no network; with those of an image that is in the store, or of one that
 * can be had, otherwise.
 */
public final class Planner {
  /** The image that is this machine. */
  public static final String HOST = "host";

  private static final String DEBIAN = "debian:stable-slim";

  /** Images that have an interpreter, by the beginning of its name. */
  private static final List<Map.Entry<String, String>> IMAGES =
      List.of(
          Map.entry("python", "python:3-slim"),
          Map.entry("node", "node:lts-slim"),
          Map.entry("ruby", "ruby:slim"),
          Map.entry("perl", "perl:slim"),
          Map.entry("php", "php:cli"),
          Map.entry("java", "eclipse-temurin:21-jre"),
          Map.entry("rpm", "fedora:latest"),
          Map.entry("dpkg", DEBIAN),
          Map.entry("bash", DEBIAN),
          Map.entry("ld-musl", "alpine:latest"));

  /** Shells that sh stands in for. */
  private static final List<String> SHELLS = List.of("sh", "dash", "ash", "ksh", "posh");

  private static final String WHEEL =
      "w=$1; shift; python3 -m zipfile -e \"$w\" wheel && cd wheel && exec python3 -c \"import sys,"
          + " importlib; [importlib.import_module(m) for m in sys.argv[1:]]\" \"$@\"";

  private static final String UNPACK_TAR = "mkdir unpacked && cd unpacked && tar -xf \"$1\"";
  private static final String LIST = " && find . -type f | head -n 200";
  private static final String INSTALL =
      " && cd \"$(dirname \"./$2\")\" && i=./${2##*/} && chmod +x \"$i\" && exec \"$i\"";
  private static final String INSTALL_WITH =
      " && cd \"$(dirname \"./$2\")\" && exec \"$3\" \"./${2##*/}\" install";

  private final Predicate<String> hostHas;
  private final Function<String, Optional<String>> stored;

  /** Makes one for this machine. */
  public Planner() {
    this(new HostPrograms()::has, new StoredPrograms()::imageWith);
  }

  /**
   * Makes one.
   *
   * @param hostHas whether a program, by name or path, shows in the image {@code host}
   * @param stored an image of the store that has such a program
   */
  public Planner(Predicate<String> hostHas, Function<String, Optional<String>> stored) {
    this.hostHas = hostHas;
    this.stored = stored;
  }

  /** How to run what was detected. */
  public Planned plan(Detection what) {
    return switch (what.kind()) {
      case PROGRAM, APPIMAGE -> program(what);
      case LIBRARY ->
          new Unsure(
              "a shared library is not run by itself", List.of(look("look at what it names")));
      case SCRIPT -> script(what);
      case DEB ->
          with("dpkg", "install it with dpkg", "dpkg", "--force-depends", "-i", OpenPlan.FILE);
      case RPM -> with("rpm", "install it with rpm", "rpm", "-i", "--nodeps", OpenPlan.FILE);
      case JAR -> jar(what);
      case WHEEL -> wheel(what);
      case TAR, ZIP -> archive(what);
      case HTML ->
          shown(
              "a web page",
              List.of(
                  List.of("w3m", "-dump", "-T", "text/html", OpenPlan.FILE),
                  List.of("lynx", "-dump", "-force_html", OpenPlan.FILE),
                  List.of("links", "-dump", OpenPlan.FILE),
                  List.of("elinks", "-dump", OpenPlan.FILE),
                  List.of(
                      "chromium",
                      "--headless",
                      "--no-sandbox",
                      "--disable-gpu",
                      "--dump-dom",
                      OpenPlan.FILE)));
      case PDF ->
          shown(
              "a PDF document",
              List.of(
                  List.of("pdftotext", "-layout", OpenPlan.FILE, "-"),
                  List.of("mutool", "draw", "-F", "txt", OpenPlan.FILE),
                  List.of(
                      "gs",
                      "-q",
                      "-dNOPAUSE",
                      "-dBATCH",
                      "-sDEVICE=txtwrite",
                      "-sOutputFile=-",
                      OpenPlan.FILE),
                  List.of("qpdf", "--check", OpenPlan.FILE)));
      case UNKNOWN ->
          new Unsure(
              "it does not say how it is run",
              List.of(
                  look("look at the texts in it"),
                  new OpenPlan("run it as a shell script", HOST, "sh", OpenPlan.FILE),
                  new OpenPlan("run it as a program", HOST, OpenPlan.FILE)));
    };
  }

  private static OpenPlan look(String label) {
    return new OpenPlan(
        label,
        HOST,
        "sh",
        "-c",
        "tr -c '[:print:]' '\\n' <\"$1\" | grep -E '.{6,}' | head -n 200",
        "sh",
        OpenPlan.FILE);
  }

  private Planned program(Detection what) {
    if (!what.runnable()) {
      return new Unsure(
          "it cannot run on this machine's processor: it is " + what.detail(), List.of());
    }
    String image = HOST;
    if (!what.interpreter().isEmpty() && !hostHas.test(what.interpreter().getFirst())) {
      String loader = what.interpreter().getFirst();
      Optional<String> other = image(loader);
      if (other.isEmpty()) {
        return new Unsure("its loader is not on this machine: " + loader, List.of());
      }
      image = other.get();
    }
    return new Ready(
        what.kind() == Kind.APPIMAGE
            ? new OpenPlan(
                "run it, unpacked by itself",
                image,
                List.of(OpenPlan.FILE),
                // It would mount itself otherwise.
                Map.of("APPIMAGE_EXTRACT_AND_RUN", "1"))
            : new OpenPlan("run it", image, OpenPlan.FILE));
  }

  private Planned script(Detection what) {
    String first = what.interpreter().getFirst();
    String program = first.substring(first.lastIndexOf('/') + 1);
    List<String> command = new ArrayList<>();
    String image = HOST;
    if (hostHas.test(first)) {
      command.addAll(what.interpreter());
    } else if (hostHas.test(program)) {
      command.add(program);
      command.addAll(what.interpreter().subList(1, what.interpreter().size()));
    } else if (SHELLS.contains(program)) {
      command.add("sh");
    } else {
      Optional<String> other = image(program);
      if (other.isEmpty()) {
        return new Unsure(
            "its interpreter is not on this machine: " + program,
            List.of(look("look at it"), new OpenPlan("run it with sh", HOST, "sh", OpenPlan.FILE)));
      }
      image = other.get();
      command.add(program);
      command.addAll(what.interpreter().subList(1, what.interpreter().size()));
    }
    command.add(OpenPlan.FILE);
    return new Ready(new OpenPlan("run it with " + program, image, command, Map.of()));
  }

  private Planned jar(Detection what) {
    return what.runnable()
        ? with("java", "run its main class", "java", "-jar", OpenPlan.FILE)
        : new Unsure(
            "it names no class to begin with", List.of(look("look at the names that are in it")));
  }

  private Planned wheel(Detection what) {
    List<String> command = new ArrayList<>(List.of("sh", "-c", WHEEL, "sh", OpenPlan.FILE));
    command.addAll(what.entries());
    return with("python3", "unpack and import it", command.toArray(String[]::new));
  }

  private Planned archive(Detection what) {
    Optional<String> unpack =
        what.kind() == Kind.TAR
            ? Optional.of(UNPACK_TAR)
            : firstOf("unzip", "python3", "busybox", "jar")
                .map(program ->
                    "mkdir unpacked && cd unpacked && "
                        + switch (program) {
                          case "unzip" -> "unzip -q \"$1\"";
                          case "python3" -> "python3 -m zipfile -e \"$1\" .";
                          case "busybox" -> "busybox unzip -q \"$1\"";
                          default -> "jar xf \"$1\"";
                        });
    if (unpack.isEmpty()) {
      return new Ready(
          new OpenPlan(
              "unpack and list it",
              "busybox:latest",
              "sh",
              "-c",
              "mkdir unpacked && cd unpacked && unzip -q \"$1\"" + LIST,
              "sh",
              OpenPlan.FILE));
    }
    if (what.entries().isEmpty()) {
      return new Ready(
          new OpenPlan(
              "unpack and list it", HOST, "sh", "-c", unpack.get() + LIST, "sh", OpenPlan.FILE));
    }
    String installer = what.entries().getFirst();
    String label = "unpack it and run " + installer;
    return installer.endsWith(".py")
        ? with(
            "python3",
            label,
            "sh",
            "-c",
            unpack.get() + INSTALL_WITH,
            "sh",
            OpenPlan.FILE,
            installer,
            "python3")
        : new Ready(
            new OpenPlan(
                label, HOST, "sh", "-c", unpack.get() + INSTALL, "sh", OpenPlan.FILE, installer));
  }

  /** By a program of this machine's, or of the image that is known to have it. */
  private Planned with(String program, String label, String... command) {
    return new Ready(
        new OpenPlan(label, hostHas.test(program) ? HOST : image(program).orElseThrow(), command));
  }

  private Planned shown(String what, List<List<String>> ways) {
    for (List<String> way : ways) {
      if (hostHas.test(way.getFirst())) {
        return new Ready(new OpenPlan("show it with " + way.getFirst(), HOST, way, Map.of()));
      }
    }
    List<String> programs = ways.stream().map(List::getFirst).toList();
    return new Unsure(
        "nothing on this machine shows "
            + what
            + " (looked for "
            + String.join(", ", programs)
            + ")",
        List.of(look("look at the texts in it")));
  }

  private Optional<String> firstOf(String... programs) {
    return java.util.Arrays.stream(programs).filter(hostHas).findFirst();
  }

  /** An image with a program: what is here already needs no network. */
  private Optional<String> image(String program) {
    String name = program.substring(program.lastIndexOf('/') + 1);
    return stored
        .apply(program)
        .or(() ->
            IMAGES.stream()
                .filter(e -> name.startsWith(e.getKey()))
                .map(Map.Entry::getValue)
                .findFirst());
  }
}
