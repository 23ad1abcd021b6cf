package dev.vivarium.engine.watch.report;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.image.tar.TarReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a run left changed in its root.
 *
 * @param path escaped
 * @param kind file, directory, symlink, deleted …
 * @param preview the beginning of a small text, escaped line by line; empty for others
 */
public record Change(String path, String kind, long size, int mode, String target, String preview) {
  private static final int MOST = 5000;
  private static final int PREVIEW_BYTES = 4096;
  private static final int PREVIEW_LINES = 40;
  private static final String WHITEOUT = ".wh.";

  /** Reads them out of the tar of a layer. */
  public static List<Change> read(Path tar) throws IOException {
    List<Change> changes = new ArrayList<>();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(tar), 1 << 16)) {
      TarReader reader = new TarReader(in, (bytes, offset, length) -> {});
      TarEntry e;
      while ((e = reader.next()) != null && changes.size() < MOST) {
        changes.add(of(e, reader));
        reader.skipContent();
      }
    }
    return changes;
  }

  private static Change of(TarEntry e, TarReader content) throws IOException {
    String path = "/" + e.name().replaceAll("^(\\./|/)+|/+$", "");
    int slash = path.lastIndexOf('/');
    String last = path.substring(slash + 1);
    if (last.startsWith(WHITEOUT)) {
      return new Change(
          Escape.c(path.substring(0, slash + 1) + last.substring(WHITEOUT.length())),
          last.equals(".wh..wh..opq") ? "replaced" : "deleted",
          0,
          0,
          "",
          "");
    }
    String kind =
        switch (e.type()) {
          case TarEntry.TYPE_FILE -> "file";
          case TarEntry.TYPE_DIRECTORY -> "directory";
          case TarEntry.TYPE_SYMLINK -> "symlink";
          case TarEntry.TYPE_HARD_LINK -> "link";
          case TarEntry.TYPE_FIFO -> "fifo";
          default -> "device";
        };
    String preview = e.type() == TarEntry.TYPE_FILE && e.size() > 0 ? preview(e, content) : "";
    return new Change(Escape.c(path), kind, e.size(), e.mode(), Escape.c(e.linkName()), preview);
  }

  private static String preview(TarEntry e, TarReader content) throws IOException {
    byte[] bytes = new byte[(int) Math.min(e.size(), PREVIEW_BYTES)];
    int length = 0;
    while (length < bytes.length) {
      int n = content.read(bytes, length, bytes.length - length);
      if (n <= 0) {
        break;
      }
      length += n;
    }
    for (int i = 0; i < length; i++) {
      if (bytes[i] == 0) {
        return "";
      }
    }
    StringBuilder out = new StringBuilder();
    String text = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    int lines = 0;
    for (String line : text.split("\n", -1)) {
      if (lines++ == PREVIEW_LINES) {
        out.append("...\n");
        break;
      }
      out.append(Escape.c(line).replace("\\\"", "\"")).append('\n');
    }
    if (e.size() > length) {
      out.append("...\n");
    }
    return out.toString().stripTrailing();
  }

  Map<String, @Nullable Object> values() {
    Map<String, @Nullable Object> v = new LinkedHashMap<>();
    v.put("path", path);
    v.put("kind", kind);
    v.put("sizeBytes", size);
    v.put("mode", "0" + Integer.toOctalString(mode & 07777));
    v.put("target", target);
    v.put("preview", preview);
    return v;
  }
}
