package dev.vivarium.image;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** Digests as OCI writes them: {@code algorithm:hex}. */
public final class Digests {
  private static final Pattern VALID = Pattern.compile("sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}");

  private Digests() {}

  /** Whether the text is a digest that this store can check. */
  public static boolean valid(String digest) {
    return VALID.matcher(digest).matches();
  }

  /** The hex digits of a digest. */
  public static String hex(String digest) {
    return digest.substring(digest.indexOf(':') + 1);
  }

  public static MessageDigest sha256() {
    return algorithm("SHA-256");
  }

  /** What computes a digest of the same kind. */
  public static MessageDigest forDigest(String digest) {
    if (!valid(digest)) {
      throw new IllegalArgumentException("not a digest: " + digest);
    }
    return digest.startsWith("sha512:") ? algorithm("SHA-512") : sha256();
  }

  /** The digest, after all has been seen. */
  public static String finish(MessageDigest digest) {
    String name = digest.getAlgorithm().equals("SHA-512") ? "sha512:" : "sha256:";
    return name + HexFormat.of().formatHex(digest.digest());
  }

  public static String of(byte[] content) {
    MessageDigest digest = sha256();
    digest.update(content);
    return finish(digest);
  }

  private static MessageDigest algorithm(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
