package dev.vivarium.image;

import org.jspecify.annotations.Nullable;

/**
 * Why an image cannot be had. The message is one line for the user: what is wrong: where; what to
 * do.
 */
public final class ImageException extends Exception {
  private final Kind kind;

  public ImageException(Kind kind, String message) {
    this(kind, message, null);
  }

  public ImageException(Kind kind, String message, @Nullable Throwable cause) {
    super(oneLine(message), cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }

  /** What sort of thing went wrong, for callers that act on it. */
  public enum Kind {
    /** What the user wrote is not a name of an image. */
    BAD_REFERENCE,
    /** There is no such image, tag, file or directory. */
    NOT_FOUND,
    /** The registry wants other credentials. */
    DENIED,
    /** The registry cannot be reached, or answers with an error. */
    REGISTRY,
    /** Content that breaks its format, its digest or a limit. */
    BAD_IMAGE,
    /** Nothing in the image is for this machine, or it uses what this version cannot read. */
    UNSUPPORTED,
    /** The image is in use, or the name is ambiguous. */
    CONFLICT,
    /** The store's own files cannot be read or written: permissions, disk full. */
    STORE
  }

  /** Text from a registry or an archive must not forge lines or move the cursor. */
  private static String oneLine(String text) {
    StringBuilder line = new StringBuilder(Math.min(text.length(), 1000));
    for (int i = 0; i < text.length() && line.length() < 1000; i++) {
      char c = text.charAt(i);
      if (c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && c != 0x2028 && c != 0x2029) {
        line.append(c);
      } else {
        line.append('?');
      }
    }
    return line.toString();
  }
}
