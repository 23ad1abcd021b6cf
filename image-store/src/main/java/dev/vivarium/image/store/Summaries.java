package dev.vivarium.image.store;

import dev.vivarium.image.ImageException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The list of images. It is asked for often and changes seldom, and loading SQLite costs more than
 * all the rest of {@code viv images}; so the last list is kept beside the index, with what the
 * index's files looked like then. It counts only while they look the same.
 *
 * <p>Why it cannot be stale: every commit writes to the index's log or, by a checkpoint, to the
 * index, and so changes the time of one of them. Two changes within one tick of the kernel's clock
 * would look like one; so a list is kept only if the files were at rest for much longer than a tick
 * when it was begun.
 */
final class Summaries {
  private static final int MAGIC = 0x56534c34; // "VSL4"
  private static final long AT_REST_NANOS = 200_000_000L;
  private static final int MOST = 1_000_000;

  private final Path index;
  private final Path log;
  private final Path kept;

  Summaries(Path root) {
    this.index = root.resolve("index.db");
    this.log = root.resolve("index.db-wal");
    this.kept = root.resolve("images.list");
  }

  /** How to read the list where none is kept; leaves the index closed. */
  interface Source {
    List<ImageSummary> read() throws ImageException;
  }

  /** The list, the latest pulled first. */
  List<ImageSummary> get(Source source) throws ImageException {
    String stamp;
    boolean atRest;
    try {
      stamp = stamp();
      atRest = !stamp.isEmpty() && atRest();
    } catch (IOException e) {
      return source.read();
    }
    try {
      List<ImageSummary> known = load(stamp);
      if (known != null) {
        return known;
      }
    } catch (IOException e) {
      // damaged: it is written anew
    }
    List<ImageSummary> images = source.read();
    try {
      if (atRest && stamp.equals(stamp())) {
        save(stamp, images);
      }
    } catch (IOException e) {
      // it is read again next time, then
    }
    return images;
  }

  /** What the index's files look like; empty if there is no index. */
  private String stamp() throws IOException {
    try {
      return look(index) + " " + (Files.exists(log) ? look(log) : "");
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  private static String look(Path file) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    // An empty log is as good as none.
    return attributes.size() == 0
        ? ""
        : attributes.fileKey()
            + ":"
            + attributes.size()
            + ":"
            // As a number: a formatter of dates takes its time to load.
            + attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS);
  }

  private boolean atRest() throws IOException {
    Instant latest = Instant.now().minusNanos(AT_REST_NANOS);
    for (Path file : List.of(index, log)) {
      if (Files.exists(file) && !Files.getLastModifiedTime(file).toInstant().isBefore(latest)) {
        return false;
      }
    }
    return true;
  }

  private @Nullable List<ImageSummary> load(String stamp) throws IOException {
    if (stamp.isEmpty() || !Files.exists(kept)) {
      return null;
    }
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(kept), 64 << 10))) {
      if (in.readInt() != MAGIC || !in.readUTF().equals(stamp)) {
        return null;
      }
      int count = count(in);
      List<ImageSummary> images = new ArrayList<>(Math.min(count, 10_000));
      for (int i = 0; i < count; i++) {
        images.add(
            new ImageSummary(
                in.readUTF(),
                in.readUTF(),
                texts(in),
                in.readBoolean() ? Optional.of(Instant.ofEpochMilli(in.readLong())) : nothing(in),
                Instant.ofEpochMilli(in.readLong()),
                in.readLong(),
                in.readLong(),
                texts(in),
                Optional.of(in.readUTF()).filter(type -> !type.isEmpty())));
      }
      return images;
    }
  }

  private static Optional<Instant> nothing(DataInputStream in) throws IOException {
    in.readLong();
    return Optional.empty();
  }

  private static int count(DataInputStream in) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > MOST) {
      throw new IOException("damaged list of images");
    }
    return count;
  }

  private static List<String> texts(DataInputStream in) throws IOException {
    int count = count(in);
    List<String> texts = new ArrayList<>(Math.min(count, 1000));
    for (int i = 0; i < count; i++) {
      texts.add(in.readUTF());
    }
    return texts;
  }

  private void save(String stamp, List<ImageSummary> images) throws IOException {
    Path part = Files.createTempFile(kept.getParent(), "images", ".list.part");
    try {
      try (DataOutputStream out =
          new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(part), 64 << 10))) {
        out.writeInt(MAGIC);
        out.writeUTF(stamp);
        out.writeInt(images.size());
        for (ImageSummary image : images) {
          out.writeUTF(image.id());
          out.writeUTF(image.manifestDigest());
          write(out, image.tags());
          out.writeBoolean(image.created().isPresent());
          out.writeLong(image.created().map(Instant::toEpochMilli).orElse(0L));
          out.writeLong(image.pulled().toEpochMilli());
          out.writeLong(image.size());
          out.writeLong(image.shared());
          write(out, image.layers());
          out.writeUTF(image.artifactType().orElse(""));
        }
      }
      Files.move(part, kept, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static void write(DataOutputStream out, List<String> texts) throws IOException {
    out.writeInt(texts.size());
    for (String text : texts) {
      out.writeUTF(text);
    }
  }

  /** The list from the index itself: three queries, however many images there are. */
  static List<ImageSummary> query(Database transaction) throws SQLException {
    Map<String, List<String>> tags = new HashMap<>();
    transaction.query(
        "SELECT image_id, name FROM tags ORDER BY name",
        row ->
            tags.computeIfAbsent(row.getString(1), id -> new ArrayList<>()).add(row.getString(2)));
    record Layer(String diffId, long bytes, long users) {}
    Map<String, List<Layer>> layers = new HashMap<>();
    transaction.query(
        "SELECT image_id, l.diff_id, erofs_bytes + split_bytes, users FROM image_layers i"
            + " JOIN layers l ON l.diff_id = i.diff_id"
            + " JOIN (SELECT diff_id, count(DISTINCT image_id) AS users FROM image_layers"
            + " GROUP BY diff_id) u ON u.diff_id = i.diff_id ORDER BY image_id, position",
        row ->
            layers
                .computeIfAbsent(row.getString(1), id -> new ArrayList<>())
                .add(new Layer(row.getString(2), row.getLong(3), row.getLong(4))));
    return transaction.query(
        "SELECT id, manifest_digest, created_millis, pulled_millis, artifact_type FROM images"
            + " ORDER BY pulled_millis DESC, id",
        row -> {
          String id = row.getString(1);
          List<Layer> all = layers.getOrDefault(id, List.of());
          Map<String, Layer> distinct = new LinkedHashMap<>();
          all.forEach(layer -> distinct.put(layer.diffId, layer));
          Object created = row.getObject(3);
          return new ImageSummary(
              id,
              Objects.requireNonNull(row.getString(2)),
              tags.getOrDefault(id, List.of()),
              created == null
                  ? Optional.empty()
                  : Optional.of(Instant.ofEpochMilli(row.getLong(3))),
              Instant.ofEpochMilli(row.getLong(4)),
              distinct.values().stream().mapToLong(Layer::bytes).sum(),
              distinct.values().stream().filter(l -> l.users > 1).mapToLong(Layer::bytes).sum(),
              all.stream().map(Layer::diffId).toList(),
              Optional.ofNullable(row.getString(5)));
        });
  }
}
