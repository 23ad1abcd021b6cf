package dev.vivarium.microvm.files;

import java.util.ArrayList;
import java.util.List;

/**
 * What of this machine's own root the pseudo image {@code host} shows: programs, libraries and
 * configuration, and nothing that is a person's or a secret. On top of it, what "other" may not
 * read is refused, whoever runs this. The same rules as the sentry's gofer has.
 */
final class HostPolicy {
  /** What holds below a place. */
  enum Zone {
    /** Whatever "other" may read. */
    OPEN,
    ROOT,
    VAR,
    ETC,
    ETC_SSH,
    ETC_SSL,
    ETC_SECURITY,
    /** Shown as an empty directory, to mount on. */
    EMPTY,
    /** Shown, and refused. */
    DENIED,
    /** Not there. */
    HIDDEN
  }

  private record Rule(Zone in, Zone then, List<String> names) {}

  /** A name may end in a star, or begin with one. */
  private static final List<Rule> RULES =
      List.of(
          new Rule(
              Zone.ROOT,
              Zone.OPEN,
              List.of(
                  "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt", "nix", "gnu")),
          new Rule(Zone.ROOT, Zone.ETC, List.of("etc")),
          new Rule(Zone.ROOT, Zone.VAR, List.of("var")),
          new Rule(
              Zone.ROOT,
              Zone.EMPTY,
              List.of(
                  "proc", "sys", "dev", "home", "root", "tmp", "run", "mnt", "media", "srv",
                  "boot")),
          new Rule(Zone.VAR, Zone.OPEN, List.of("lib", "cache", "opt")),
          new Rule(
              Zone.VAR, Zone.EMPTY, List.of("tmp", "log", "spool", "mail", "local", "run", "lock")),
          new Rule(
              Zone.ETC,
              Zone.DENIED,
              List.of(
                  "shadow*",
                  "gshadow*",
                  ".pwd.lock",
                  "sudoers*",
                  "doas.conf",
                  "machine-id",
                  "*.keytab",
                  "wireguard",
                  "openvpn",
                  "ipsec.secrets",
                  "ppp",
                  "NetworkManager",
                  "wpa_supplicant",
                  "letsencrypt",
                  "kubernetes")),
          new Rule(Zone.ETC, Zone.ETC_SSH, List.of("ssh")),
          new Rule(Zone.ETC, Zone.ETC_SSL, List.of("ssl", "pki")),
          new Rule(Zone.ETC, Zone.ETC_SECURITY, List.of("security")),
          new Rule(Zone.ETC_SSH, Zone.DENIED, List.of("ssh_host_*")),
          new Rule(Zone.ETC_SSL, Zone.DENIED, List.of("private", "*.key")),
          new Rule(Zone.ETC_SECURITY, Zone.DENIED, List.of("opasswd*")));

  /** f_type of file systems that a system is installed on. */
  private static final List<Integer> LOCAL =
      List.of(
          0xef53, // ext4
          0x58465342, // xfs
          0x9123683e, // btrfs
          0xf2f52010, // f2fs
          0xe0f5e1e2, // erofs
          0x73717368, // squashfs
          0x794c7630, // overlay
          0x01021994, // tmpfs
          0x2fc12fc1, // zfs
          0xca451a4e); // bcachefs

  private HostPolicy() {}

  static Zone zoneOf(Zone directory, String name) {
    if (directory == Zone.OPEN || directory == Zone.DENIED) {
      return directory;
    }
    for (Rule rule : RULES) {
      if (rule.in == directory && rule.names.stream().anyMatch(each -> matches(each, name))) {
        return rule.then;
      }
    }
    return switch (directory) {
      case ROOT, VAR, EMPTY -> Zone.HIDDEN;
      default -> Zone.OPEN;
    };
  }

  /** The paths below which files are read. */
  static List<String> served() {
    List<String> paths = paths(Zone.OPEN);
    paths.add("/etc");
    return paths;
  }

  /** Those of what is shown as an empty directory. */
  static List<String> empty() {
    return paths(Zone.EMPTY);
  }

  private static List<String> paths(Zone zone) {
    List<String> paths = new ArrayList<>();
    for (Rule rule : RULES) {
      if (rule.then == zone) {
        rule.names.forEach(name -> paths.add((rule.in == Zone.ROOT ? "/" : "/var/") + name));
      }
    }
    return paths;
  }

  private static boolean matches(String pattern, String name) {
    if (pattern.endsWith("*")) {
      return name.startsWith(pattern.substring(0, pattern.length() - 1));
    }
    return pattern.startsWith("*") ? name.endsWith(pattern.substring(1)) : name.equals(pattern);
  }

  /** Whether a mount inside the host's root may be shown. */
  static boolean isLocal(int type) {
    return LOCAL.contains(type);
  }
}
