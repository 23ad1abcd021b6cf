package dev.vivarium.engine.open;

import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A way to run a file in a sandbox.
 *
 * @param label what it does, for people: "install it with dpkg"
 * @param image what to run it in: {@code host}, or the name of an image
 * @param command with {@link #FILE} where the file's path inside goes
 * @param environment variables that it needs
 */
public record OpenPlan(
    String label, String image, List<String> command, Map<String, String> environment) {
  /** Stands for the file in a command. */
  public static final String FILE = "{}";

  /** Where in the sandbox the private copy shows, read-only. */
  public static final String MOUNT = "/opened";

  /**
   * The directory inside that the file is copied to and in which it is run, unless another is
   * better.
   */
  public static final String HOME = "/root";

  /**
   * Copies the file, so that it may change or remove itself, and makes way for the command: as root
   * inside, which is nobody outside.
   */
  private static final String COPY =
      "mkdir -p \"$2\" && cd \"$2\" && cp \"$1/$3\" . && shift 3 && exec \"$@\"";

  /** So many words come before the command. */
  private static final int BEFORE = 7;

  public OpenPlan {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
  }

  /** One that needs no variables. */
  OpenPlan(String label, String image, String... command) {
    this(label, image, List.of(command), Map.of());
  }

  /** The same with another image. */
  public OpenPlan in(String other) {
    return new OpenPlan(label, other, command, environment);
  }

  /** Another command for the same file; one that does not say where the file goes gets it last. */
  public static OpenPlan of(String image, List<String> command) {
    List<String> whole = new ArrayList<>(command);
    if (command.stream().noneMatch(word -> word.contains(FILE))) {
      whole.add(FILE);
    }
    return new OpenPlan("run the command that was given", image, whole, Map.of());
  }

  /**
   * What the sandbox runs.
   *
   * @param name of the file in {@link #MOUNT}
   * @param home the directory that it is copied to and run in, such as {@link #HOME}
   */
  public List<String> arguments(String name, String home) {
    List<String> all = new ArrayList<>(List.of("/bin/sh", "-c", COPY, "open", MOUNT, home, name));
    for (String word : command) {
      all.add(word.replace(FILE, home + "/" + name));
    }
    return all;
  }

  /**
   * Of what a sandbox runs, what a person wanted: without what {@link #arguments} puts before it.
   */
  public static List<String> wanted(List<String> arguments) {
    boolean ours =
        arguments.size() > BEFORE && arguments.subList(1, 4).equals(List.of("-c", COPY, "open"));
    return ours ? arguments.subList(BEFORE, arguments.size()) : arguments;
  }

  /**
   * The flags of {@code viv run} that make the sandbox for it, besides its profile.
   *
   * @param copies the directory with the private copy
   * @param home as for {@link #arguments}
   * @param profile what it is allowed
   */
  public List<String> flags(Path copies, String home, Profile profile) {
    List<String> flags = new ArrayList<>(List.of("--record", "-w", "/", "-e", "HOME=" + home));
    environment.forEach((name, value) -> flags.addAll(List.of("-e", name + "=" + value)));
    if (!image.equals(Planner.HOST) && profile.text(Field.USER).isEmpty()) {
      flags.addAll(List.of("-u", "0:0"));
    }
    flags.addAll(List.of("-v", copies + ":" + MOUNT + ":ro"));
    return flags;
  }

  /** Where it is copied to inside: the home that a profile's user has, or root's. */
  public static String home(Profile profile) {
    return profile.text(Field.USER).isPresent() ? "/tmp" : HOME;
  }

  /** The command as a person would type it. */
  public String commandLine(String name) {
    StringBuilder line = new StringBuilder();
    for (String word : command) {
      String text = word.replace(FILE, name);
      boolean plain = text.matches("[A-Za-z0-9_@%+=:,./-]+");
      line.append(line.isEmpty() ? "" : " ")
          .append(plain ? text : "'" + text.replace("'", "'\\''") + "'");
    }
    return line.toString();
  }
}
