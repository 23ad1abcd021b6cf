package dev.vivarium.image.erofs;

import dev.vivarium.image.tar.BadArchiveException;
import java.util.ArrayList;
import java.util.List;

/** Takes the names of a tar's entries apart and judges them. */
final class EntryName {
  private static final int MAX_PATH = 4095;

  private EntryName() {}

  /**
   * The names along a path, "." left out; what leads out of the image or is no name on Linux is
   * refused. Some builders begin names with a slash: the image's own root is meant.
   *
   * @param what the path belongs to, for the message
   */
  static List<String> split(String name, String what) throws BadArchiveException {
    if (name.length() > MAX_PATH) {
      throw new BadArchiveException(
          "the name of an " + what + " has " + name.length() + " bytes; Linux takes 4095");
    }
    List<String> path = new ArrayList<>();
    int at = 0;
    while (at <= name.length()) {
      int slash = name.indexOf('/', at);
      int end = slash < 0 ? name.length() : slash;
      String component = name.substring(at, end);
      if (component.equals("..")) {
        throw new BadArchiveException(
            "the name of an " + what + " leads out of the image: " + shown(name));
      }
      if (component.length() > ErofsFormat.NAME_MAX) {
        throw new BadArchiveException("a name of more than 255 bytes: " + shown(name));
      }
      if (component.indexOf('\0') >= 0) {
        throw new BadArchiveException("a name with a NUL: " + shown(name));
      }
      if (!component.isEmpty() && !component.equals(".")) {
        path.add(component);
      }
      at = end + 1;
    }
    return path;
  }

  /** A name for a message. */
  static String shown(String name) {
    return name.length() > 200 ? name.substring(0, 200) + "…" : name;
  }
}
