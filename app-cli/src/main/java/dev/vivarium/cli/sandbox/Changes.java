package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.engine.client.SandboxChanges;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.image.tar.TarReader;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a sandbox changed, entry by entry. All of it comes from the guest. */
final class Changes {
  private static final int PIPE = 256 << 10;
  private static final Pattern ESCAPED = Pattern.compile("%[0-9a-f]{2}");
  private static final String WHITEOUT = ".wh.";
  private static final String OPAQUE = ".wh..wh..opq";

  private Changes() {}

  /** What happened to a path. */
  enum Kind {
    WRITTEN,
    DELETED,
    /** All that a directory had before is gone. */
    EMPTIED
  }

  /**
   * One change.
   *
   * @param path its components, each as the guest wrote it with one byte per char
   * @param entry as the tar has it
   */
  record Change(Kind kind, List<String> path, TarEntry entry) {
    /** For people and programs: with a slash first, in UTF-8 where it is. */
    String text() {
      StringBuilder text = new StringBuilder();
      for (String name : path) {
        text.append('/').append(decoded(name));
      }
      return text.isEmpty() ? "/" : text.toString();
    }
  }

  /** Takes changes; may read the content of the entry. */
  interface Visitor {
    void visit(Change change, TarReader content) throws IOException, CliException;
  }

  /** Goes through all changes. */
  static void each(Directories directories, SandboxState sandbox, Visitor visitor)
      throws IOException, CliException {
    AtomicReference<@Nullable IOException> failure = new AtomicReference<>();
    try (PipedInputStream in = new PipedInputStream(PIPE)) {
      PipedOutputStream out = new PipedOutputStream(in);
      Thread writer =
          new Thread(
              () -> {
                try (out) {
                  SandboxChanges.write(directories, sandbox, out);
                } catch (IOException e) {
                  failure.set(e);
                }
              },
              "changes");
      writer.setDaemon(true);
      writer.start();
      try {
        TarReader tar = new TarReader(in, (bytes, offset, length) -> {});
        for (TarEntry e = tar.next(); e != null; e = tar.next()) {
          Change change = change(e);
          visitor.visit(change, tar);
          tar.skipContent();
        }
      } catch (IOException e) {
        IOException why = failure.get();
        throw why == null ? e : why;
      }
    }
    IOException why = failure.get();
    if (why != null) {
      throw why;
    }
  }

  private static Change change(TarEntry entry) throws IOException {
    List<String> path = new ArrayList<>();
    for (String name : entry.name().split("/", -1)) {
      if (name.equals("..") || name.indexOf('\0') >= 0) {
        throw new IOException("a name that cannot be: " + decoded(entry.name()));
      }
      if (!name.isEmpty() && !name.equals(".")) {
        path.add(name);
      }
    }
    String last = path.isEmpty() ? "" : path.get(path.size() - 1);
    if (last.equals(OPAQUE)) {
      return new Change(Kind.EMPTIED, path.subList(0, path.size() - 1), entry);
    }
    if (last.startsWith(WHITEOUT)) {
      List<String> gone = new ArrayList<>(path.subList(0, path.size() - 1));
      gone.add(last.substring(WHITEOUT.length()));
      return new Change(Kind.DELETED, gone, entry);
    }
    return new Change(Kind.WRITTEN, path, entry);
  }

  /**
   * A name of bytes as text. One that is not UTF-8 or has control characters, which a terminal
   * would obey, has a percent sign and two digits for each of these bytes; one that looks like that
   * already is written so, too, and no two names become one.
   */
  static String decoded(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.chars().anyMatch(Character::isISOControl) || ESCAPED.matcher(text).find()
          ? escaped(bytes)
          : text;
    } catch (CharacterCodingException e) {
      return escaped(bytes);
    }
  }

  private static String escaped(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte b : bytes) {
      if (b >= ' ' && b < 0x7f && b != '%') {
        text.append((char) b);
      } else {
        text.append(String.format(java.util.Locale.ROOT, "%%%02x", b & 0xff));
      }
    }
    return text.toString();
  }
}
