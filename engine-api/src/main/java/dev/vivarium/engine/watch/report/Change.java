package dev.vivarium.engine.watch.report;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a run left changed in its root. All texts are escaped.
 *
 * @param kind file, directory, symlink, deleted …
 * @param existed whether the image has a file there
 * @param binary whether it is, or was, a file that is no text
 * @param preview the beginning of a small text that is new; empty for others
 * @param diff what differs from the image's, as {@code diff -u} writes it; empty for others
 * @param note why there is no diff although both are files; empty if that needs no words
 */
public record Change(
    String path,
    String kind,
    long size,
    int mode,
    String target,
    boolean existed,
    boolean binary,
    String preview,
    String diff,
    String note) {

  Map<String, @Nullable Object> values() {
    Map<String, @Nullable Object> v = new LinkedHashMap<>();
    v.put("path", path);
    v.put("kind", kind);
    v.put("sizeBytes", size);
    v.put("mode", "0" + Integer.toOctalString(mode & 07777));
    v.put("target", target);
    v.put("existed", existed);
    v.put("binary", binary);
    v.put("preview", preview);
    v.put("diff", diff);
    v.put("note", note);
    return v;
  }
}
