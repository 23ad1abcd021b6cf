package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the identity that a command runs with: {@code UID}, {@code UID:GID}, {@code NAME}, {@code
 * NAME:GROUP} in any mixture, looked up in the image's own /etc/passwd and /etc/group, which are
 * hostile text.
 */
final class UserLookup {
  private static final int MAX_LINES = 100_000;
  private static final int CANNOT_RUN = 126;

  /**
   * Who a process is.
   *
   * @param home from passwd; "/" if unknown
   */
  record Identity(int uid, int gid, List<Integer> groups, String home) {}

  private UserLookup() {}

  /**
   * Resolves what the user or the image asked for.
   *
   * @param user as above; empty for root
   * @param passwd content of /etc/passwd, or empty
   * @param group content of /etc/group, or empty
   * @throws EngineException if a name is not there
   */
  static Identity resolve(String user, String passwd, String group) throws EngineException {
    int colon = user.indexOf(':');
    String name = colon < 0 ? user : user.substring(0, colon);
    String groupName = colon < 0 ? "" : user.substring(colon + 1);
    if (name.isEmpty()) {
      name = "0";
    }
    Integer number = number(name);
    String[] entry = number == null ? find(passwd, 0, name) : find(passwd, 2, name);
    if (entry == null && number == null) {
      throw new EngineException(
          CANNOT_RUN,
          "no such user: " + name + " in the image's /etc/passwd; use a number or another name");
    }
    int uid = number != null ? number : required(entry, 2, name);
    Integer own = entry == null ? null : number(field(entry, 3));
    int gid = own == null ? 0 : own;
    List<Integer> groups = new ArrayList<>();
    if (!groupName.isEmpty()) {
      Integer groupNumber = number(groupName);
      String[] groupEntry = groupNumber == null ? find(group, 0, groupName) : null;
      if (groupNumber == null && groupEntry == null) {
        throw new EngineException(
            CANNOT_RUN,
            "no such group: "
                + groupName
                + " in the image's /etc/group; use a number or another name");
      }
      gid = groupNumber != null ? groupNumber : required(groupEntry, 2, groupName);
    } else if (entry != null) {
      memberships(group, entry[0], groups);
    }
    String home = entry == null ? "" : field(entry, 5);
    return new Identity(uid, gid, List.copyOf(groups), home.startsWith("/") ? home : "/");
  }

  private static void memberships(String group, String user, List<Integer> groups) {
    group
        .lines()
        .limit(MAX_LINES)
        .forEach(line -> {
          String[] fields = line.split(":", -1);
          Integer gid = fields.length < 4 ? null : number(fields[2]);
          if (gid != null
              && List.of(fields[3].split(",")).contains(user)
              && groups.size() < 65536) {
            groups.add(gid);
          }
        });
  }

  private static String @Nullable [] find(String text, int column, String value) {
    return text.lines()
        .limit(MAX_LINES)
        .map(line -> line.split(":", -1))
        .filter(fields -> fields.length > column && fields[column].equals(value))
        .findFirst()
        .orElse(null);
  }

  private static int required(String @Nullable [] entry, int column, String name)
      throws EngineException {
    Integer value = entry == null ? null : number(field(entry, column));
    if (value == null) {
      throw new EngineException(
          CANNOT_RUN, "the image's entry for " + name + " has no number; use a number instead");
    }
    return value;
  }

  private static String field(String[] entry, int column) {
    return column < entry.length ? entry[column] : "";
  }

  private static @Nullable Integer number(String text) {
    if (text.isEmpty() || text.length() > 10 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return null;
    }
    long value = Long.parseLong(text);
    return value > 0xfffffffeL ? null : (int) value;
  }
}
