package dev.vivarium.engine.watch.report;

import dev.vivarium.engine.SandboxHost;
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
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds out what a run left changed in its root, in three steps: {@link #read} the tar of it,
 * {@link #compare} with the image, both while nothing changes, and then {@link #changes}. How much
 * is looked at and kept is bounded: the guest decides what there is.
 */
public final class ChangeReader {
  private static final int MOST = 5000;
  private static final int PREVIEW_BYTES = 4096;
  private static final int PREVIEW_LINES = 40;

  /** Longer texts are not compared. */
  private static final int MOST_TEXT = 64 << 10;

  /** Of all texts together, of the image and of the sandbox each. */
  private static final int MOST_TEXTS = 4 << 20;

  /** The guest, if it still runs, waits no longer than this for its image to be looked at. */
  private static final long MOST_NANOS = 2_000_000_000L;

  private static final int MOST_DIFFS = 1 << 20;
  private static final String WHITEOUT = ".wh.";

  /** Something changed, before it is put into words. */
  private static final class Found {
    final String path;
    final String kind;
    final TarEntry entry;

    /** Of a file, its beginning; all of it unless it is long or there are many. */
    byte[] content = {};

    SandboxHost.@Nullable Original original;
    boolean compared = true;

    Found(String path, String kind, TarEntry entry) {
      this.path = path;
      this.kind = kind;
      this.entry = entry;
    }

    boolean isFile() {
      return kind.equals("file");
    }

    boolean isWhole() {
      return content.length == entry.size();
    }
  }

  private final List<Found> all = new ArrayList<>();
  private int texts;

  /**
   * Reads the tar of a layer that was written before.
   *
   * @throws IOException if it is none
   */
  public void read(Path tar) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(tar), 1 << 16)) {
      read(in);
    }
  }

  /**
   * Reads the changes as they are written.
   *
   * @throws IOException if they cannot be
   */
  public void read(SandboxHost.Changes changes) throws IOException {
    ChunkPipe pipe = new ChunkPipe();
    IOException[] failure = new IOException[1];
    Thread reader =
        new Thread(
            null,
            () -> {
              try (InputStream in = pipe.input()) {
                read(in);
              } catch (IOException e) {
                failure[0] = e;
              }
            },
            "changes-reader",
            512 << 10);
    reader.setDaemon(true);
    reader.start();
    try (pipe) {
      changes.writeTo(pipe);
    } catch (ChunkPipe.ClosedException e) {
      // It has read as much as it wants.
    } finally {
      pipe.close();
      try {
        reader.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    if (failure[0] != null) {
      throw failure[0];
    }
  }

  private void read(InputStream in) throws IOException {
    TarReader reader = new TarReader(in, (bytes, offset, length) -> {});
    TarEntry e;
    while (all.size() < MOST && (e = reader.next()) != null) {
      Found found = found(e);
      all.add(found);
      if (found.isFile()) {
        found.content = content(e, reader);
        texts += found.content.length;
      }
      reader.skipContent();
    }
  }

  private static Found found(TarEntry e) {
    String path = e.name().replaceAll("^(\\./|/)+|/+$", "");
    int slash = path.lastIndexOf('/');
    String last = path.substring(slash + 1);
    if (last.equals(".wh..wh..opq")) {
      return new Found(path.substring(0, Math.max(0, slash)), "replaced", e);
    }
    if (last.startsWith(WHITEOUT)) {
      return new Found(
          path.substring(0, slash + 1) + last.substring(WHITEOUT.length()), "deleted", e);
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
    return new Found(path, kind, e);
  }

  private byte[] content(TarEntry e, TarReader from) throws IOException {
    boolean whole = e.size() <= MOST_TEXT && texts + e.size() <= MOST_TEXTS;
    byte[] bytes = new byte[(int) (whole ? e.size() : Math.min(e.size(), PREVIEW_BYTES))];
    int length = 0;
    while (length < bytes.length) {
      int n = from.read(bytes, length, bytes.length - length);
      if (n <= 0) {
        throw new IOException("a file of the changes ends early");
      }
      length += n;
    }
    return bytes;
  }

  /** Looks at what the image has in the places of changed and deleted files. */
  public void compare(SandboxHost.Changes image) throws IOException {
    long deadline = System.nanoTime() + MOST_NANOS;
    int kept = 0;
    for (Found f : all) {
      if (!f.isFile() && !f.kind.equals("deleted")) {
        continue;
      }
      if (System.nanoTime() - deadline > 0) {
        f.compared = false;
        continue;
      }
      Optional<SandboxHost.Original> original =
          image.original(f.path, Math.min(MOST_TEXT, MOST_TEXTS - kept));
      if (original.isPresent()) {
        f.original = original.get();
        kept += f.original.content().map(c -> c.length).orElse(0);
      }
    }
  }

  /** What was found, in words. */
  public List<Change> changes() {
    List<Change> changes = new ArrayList<>();
    int diffs = 0;
    for (Found f : all) {
      Change change = change(f, diffs < MOST_DIFFS);
      diffs += change.diff().length();
      changes.add(change);
    }
    return changes;
  }

  private static Change change(Found f, boolean room) {
    SandboxHost.Original original = f.original;
    byte[] was = original == null ? null : original.content().orElse(null);
    boolean binary = isBinary(f.content) || was != null && isBinary(was);
    String preview = "";
    String diff = "";
    String note = "";
    if (original == null) {
      preview = f.isFile() && !binary ? preview(f) : "";
      note = f.compared ? "" : "not compared with the image: too much was changed";
    } else if (!binary) {
      if (was == null || f.isFile() && !f.isWhole()) {
        note = "too long, or not readable, to be compared with the image's";
      } else if (!room) {
        note = "not compared with the image's: too much was changed";
      } else {
        diff = UnifiedDiff.of(text(was), f.isFile() ? text(f.content) : "");
        note = diff.isEmpty() && f.isFile() ? "its content is as it was" : "";
      }
    } else if (f.isFile()) {
      note = "was " + Amounts.bytes(original.sizeBytes());
    }
    return new Change(
        "/" + Escape.c(f.path),
        f.kind,
        f.isFile() ? f.entry.size() : original == null ? 0 : original.sizeBytes(),
        f.kind.equals("deleted") || f.kind.equals("replaced") ? 0 : f.entry.mode(),
        Escape.c(f.entry.linkName()),
        original != null,
        binary,
        preview,
        diff.stripTrailing(),
        note);
  }

  private static boolean isBinary(byte[] bytes) {
    for (int i = 0; i < Math.min(bytes.length, 8000); i++) {
      if (bytes[i] == 0) {
        return true;
      }
    }
    return false;
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static String preview(Found f) {
    StringBuilder out = new StringBuilder();
    int length = Math.min(f.content.length, PREVIEW_BYTES);
    int lines = 0;
    for (String line : text(f.content).substring(0, length).split("\n", -1)) {
      if (lines++ == PREVIEW_LINES) {
        return out.append("...").toString();
      }
      out.append(UnifiedDiff.escape(line)).append('\n');
    }
    if (f.entry.size() > length) {
      out.append("...\n");
    }
    return out.toString().stripTrailing();
  }
}
